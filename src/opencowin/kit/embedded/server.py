"""One run of PostgreSQL: started, waited for however long its recovery takes, and stopped in good order."""

import asyncio
import json
import os
import signal
import socket
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

from . import cluster, queries
from .accounts import Account, open_private, private_folder, write_private
from .binaries import Binaries
from .errors import StartFailed
from .layout import DATABASE, LONGEST_SOCKET_PATH, SUPERUSER, Layout
from .survivors import end_with_parent, processes_of, recorded_pid, recorded_status, send, try_lock

LOOK_EVERY = 0.05
PATIENCE = 300.0
PORT_TAKEN = "could not create any TCP/IP sockets"
STILL_IN_MEMORY = "is still in use"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a running server listens."""

    port: int
    socket_folder: str


class Server:
    """PostgreSQL on one cluster; `say` hears what it is doing."""

    def __init__(self, layout: Layout, binaries: Binaries, account: Account, say: Callable[[str], None]) -> None:
        self.layout = layout
        self.binaries = binaries
        self.account = account
        self.say = say
        self.child: asyncio.subprocess.Process | None = None
        self.addresses = Addresses(0, "")

    async def start(self, settings: Mapping[str, str]) -> asyncio.subprocess.Process:
        """Bring the server up. Raises StartFailed, VersionMismatch, DataFolderUnusable."""
        cluster.refuse_mismatch(self.layout, self.binaries)
        lock = open_private(self.layout.server_lock, self.layout.owner)
        try:
            await self._outlive(lock)
            if cluster.written_by(self.layout) is None:
                self.say("making the database cluster")
                await cluster.create(self.layout, self.binaries, self.account, lock)
            cluster.configure(self.layout, self.account, settings)
            child = await self._launch(lock, settings)
        finally:
            # From here on the lock is held by PostgreSQL's own processes, and by nobody else.
            os.close(lock)
        await self._ensure_database()
        return child

    async def _outlive(self, lock: int) -> None:
        """End what is left of an earlier server; then a pid file that is still there is stale, whatever it says."""
        waited = 0.0
        while True:
            left = processes_of(self.layout.cluster)
            if not left and try_lock(lock):
                break
            if waited == 0.0:
                self.say("waiting for an earlier server of this data folder to end")
            postmaster = recorded_pid(self.layout.cluster)
            # A postmaster shuts down in order; orphans of a dead one have nothing left to keep in order.
            if postmaster in left:
                send([postmaster], signal.SIGINT if waited < PATIENCE else signal.SIGQUIT)
            else:
                send(left, signal.SIGTERM if waited < 2 else signal.SIGKILL)
            await asyncio.sleep(LOOK_EVERY)
            waited += LOOK_EVERY
        (self.layout.cluster / "postmaster.pid").unlink(missing_ok=True)
        # A socket's lock file names a process too, and would stop a start just as well.
        for folder in {self.layout.socket_folder, Path(self._former().socket_folder)}:
            for path in folder.glob(".s.PGSQL.*"):
                path.unlink()

    async def _launch(self, lock: int, settings: Mapping[str, str]) -> asyncio.subprocess.Process:
        for _ in range(20):
            port = int(settings["port"]) if "port" in settings else _free_port(self._former().port)
            self.addresses = Addresses(port, str(self._socket_folder()))
            written = json.dumps({"port": port, "socket_folder": self.addresses.socket_folder})
            write_private(self.layout.addresses, written, self.layout.owner)
            began = self._log_sizes()
            self.child = await self._spawn(lock)
            if await self._came_up(self.child):
                return self.child
            told = self._log_since(began)
            if PORT_TAKEN in told and "port" not in settings:
                self.layout.addresses.unlink()
            elif STILL_IN_MEMORY not in told:
                raise StartFailed(f"PostgreSQL ended while it was starting:\n{told}")
            await asyncio.sleep(0.2)
        raise StartFailed(f"PostgreSQL could not start, tried 20 times:\n{told}")

    async def _spawn(self, lock: int) -> asyncio.subprocess.Process:
        options = {
            "port": str(self.addresses.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.addresses.socket_folder,
            "unix_socket_permissions": "0700",
            "hba_file": str(self.layout.cluster / "opencowin_hba.conf"),
            "password_encryption": "scram-sha-256",
        }
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self.say(f"starting PostgreSQL {self.binaries.major}")
        return await asyncio.create_subprocess_exec(
            self.binaries.program("postgres"), "-D", str(self.layout.cluster), *arguments,
            stdin=asyncio.subprocess.DEVNULL, cwd="/",
            user=self.account.user, group=self.account.group, extra_groups=self.account.extra_groups,
            pass_fds=(lock,), start_new_session=True, preexec_fn=end_with_parent(signal.SIGINT),
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        )  # fmt: skip

    async def _came_up(self, child: asyncio.subprocess.Process) -> bool:
        """Wait as long as the server lives: recovery takes the time that it takes. False when it ended instead."""
        waited, told = 0.0, ""
        while child.returncode is None:
            if recorded_pid(self.layout.cluster) == child.pid and recorded_status(self.layout.cluster) == "ready":
                return True
            await asyncio.sleep(LOOK_EVERY)
            waited += LOOK_EVERY
            if waited > 1 and (news := self._recovery_news()) != told:
                told = news
                self.say(told)
        return False

    def _recovery_news(self) -> str:
        lines = self.log_tail(20).splitlines()
        told = [
            line.partition("LOG:")[2].strip()
            for line in lines
            if "redo" in line or "recover" in line or "elapsed" in line
        ]
        return (
            f"recovering what was written before the last stop: {told[-1]}"
            if told
            else "waiting for PostgreSQL to come up"
        )

    async def _ensure_database(self) -> None:
        """Also the proof that the server answers to our password."""
        link = await psycopg.AsyncConnection.connect(
            host="127.0.0.1", port=self.addresses.port, user=SUPERUSER, dbname="postgres",
            password=self.layout.read_password(), autocommit=True,
        )  # fmt: skip
        async with link:
            if not await queries.database_exists(link, DATABASE):
                await queries.create_database(link, DATABASE)

    async def stop(self) -> None:
        """A fast shutdown, which loses nothing; only after minutes of silence an immediate one."""
        if self.child is not None and self.child.returncode is None:
            send([self.child.pid], signal.SIGINT)
            try:
                await asyncio.wait_for(self.child.wait(), PATIENCE)
            except TimeoutError:
                send([self.child.pid], signal.SIGQUIT)
                await self.child.wait()
        self._remove_socket_folder()

    def _remove_socket_folder(self) -> None:
        folder = Path(self.addresses.socket_folder)
        if self.addresses.socket_folder and folder != self.layout.socket_folder and folder.is_dir():
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()

    def _former(self) -> Addresses:
        try:
            return Addresses(**json.loads(self.layout.addresses.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return Addresses(0, "")

    def _socket_folder(self) -> Path:
        chosen = self.layout.socket_folder
        if fits_socket(chosen):
            return private_folder(chosen, self.account)
        former = Path(self._former().socket_folder)
        if former.name.startswith("opencowin-") and former.is_dir() and former.stat().st_uid == self.account.uid:
            return private_folder(former, self.account)
        roots = [
            path
            for path in (Path("/run"), Path(tempfile.gettempdir()))
            if os.access(path, os.W_OK) and fits_socket(path / "opencowin-12345678")
        ]
        made = Path(tempfile.mkdtemp(prefix="opencowin-", dir=roots[0] if roots else "/tmp"))  # noqa: S108 - mkdtemp is safe
        return private_folder(made, self.account)

    def _log_sizes(self) -> dict[Path, int]:
        return {path: path.stat().st_size for path in self._logs()}

    def _logs(self) -> list[Path]:
        logs = [self.layout.keeper_log, *(self.layout.cluster / "log").glob("*.log")]
        return sorted((path for path in logs if path.exists()), key=lambda path: path.stat().st_mtime)

    def _log_since(self, sizes: Mapping[Path, int]) -> str:
        told = [path.read_bytes()[sizes.get(path, 0) :].decode(errors="replace") for path in self._logs()]
        return "\n".join("".join(told).strip().splitlines()[-25:])

    def log_tail(self, lines: int) -> str:
        """The end of the log that was written to last."""
        logs = self._logs()
        return "\n".join(logs[-1].read_text(errors="replace").splitlines()[-lines:]) if logs else ""


def fits_socket(folder: Path) -> bool:
    """Whether the path of a socket in this folder is short enough for the kernel."""
    return len(os.fsencode(folder / ".s.PGSQL.65535")) <= LONGEST_SOCKET_PATH


def _free_port(preferred: int) -> int:
    for port in (preferred, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(trial.getsockname()[1])
    raise StartFailed("No free port on 127.0.0.1.")
