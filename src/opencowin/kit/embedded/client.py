"""What an application holds while it uses the embedded server: an address, and the connection that keeps it alive."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlencode

import psycopg

from . import layout
from .accounts import open_private
from .cluster import settings_text
from .errors import ERRORS, EmbeddedError, StartFailed
from .layout import DATABASE, SUPERUSER, Layout

LONGEST_LOG = 1_000_000


@dataclass(frozen=True, slots=True)
class _Ready:
    port: int
    socket_folder: str
    pid: int


class EmbeddedPostgres:
    """One use of the embedded server of a data folder; the server runs while anybody has one attached."""

    def __init__(self, place: Layout, link: socket.socket, ready: _Ready) -> None:
        self._place = place
        self._link = link
        self._ready = ready
        self._password = place.read_password()

    @classmethod
    def attach(
        cls,
        data_dir: Path,
        *,
        bindir: Path | None = None,
        settings: Mapping[str, str] | None = None,
        on_progress: Callable[[str], None] | None = None,
        server_user: str | None = None,
    ) -> Self:
        """Start the server of this folder, or join the one that runs; returns when it accepts connections.

        Bindir, settings and user count for whoever starts it. Recovery after a crash may take minutes: `on_progress`
        hears of it. Raises BinariesUnusable, VersionMismatch, DataFolderUnusable, StartFailed, ValueError.
        """
        settings_text(settings or {})
        place = layout.prepare(data_dir)
        say = on_progress or (lambda _: None)
        keeper: subprocess.Popen[bytes] | None = None
        patience = time.monotonic() + 2
        while True:
            link = layout.connect(place.keeper_socket)
            if link is not None:
                ready = _converse(link, say, keeper)
                if ready is not None:
                    return cls(place, link, ready)
                link.close()
            elif keeper is None or keeper.returncode is not None:
                if keeper is not None and keeper.returncode != 0:
                    raise StartFailed(f"The database's keeper ended:\n{_tail(place.keeper_log)}")
                keeper = _spawn(place, bindir, settings or {}, server_user)
            if time.monotonic() > patience:
                say("waiting for an earlier server of this data folder to stop")
                patience = float("inf")
            time.sleep(0.02)

    @property
    def dsn(self) -> str:
        """The address of the application's database, over TCP on 127.0.0.1, password included."""
        return self.dsn_for(DATABASE)

    def dsn_for(self, database: str) -> str:
        """The same for another database of this server."""
        return self._dsn(database, f"127.0.0.1:{self._ready.port}", {})

    def socket_dsn_for(self, database: str) -> str:
        """The same over the unix socket: for the server's own user and root, who alone can reach it."""
        return self._dsn(database, "", {"host": self._ready.socket_folder, "port": str(self._ready.port)})

    def _dsn(self, database: str, host: str, options: dict[str, str]) -> str:
        # Whoever took the port of a stopped server must not get the password in clear (libpq 16 can insist on that).
        if psycopg.pq.version() >= 160000:
            options = {**options, "require_auth": "scram-sha-256"}
        address = f"postgresql://{SUPERUSER}:{quote(self._password, safe='')}@{host}/{quote(database, safe='')}"
        return f"{address}?{urlencode(options)}" if options else address

    @property
    def port(self) -> int:
        """Where the server listens on 127.0.0.1."""
        return self._ready.port

    @property
    def pid(self) -> int:
        """The postmaster's process, as it was when this was attached."""
        return self._ready.pid

    @property
    def log_path(self) -> Path:
        """The server's present log file; a new one begins each day."""
        folder = self._place.cluster / "log"
        return max(folder.glob("*.log"), key=lambda path: path.stat().st_mtime, default=self._place.keeper_log)

    def detach(self) -> None:
        """Give the server up; it stops a moment after the last one did. More than once is harmless."""
        self._link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.detach()


def _converse(link: socket.socket, say: Callable[[str], None], own: "subprocess.Popen[bytes] | None") -> _Ready | None:
    """Listen until the server is ready; None when the keeper was just ending. Raises what one's own keeper reports.

    Another's may have failed for what only the other asked of it, so that is a reason to try oneself.
    """
    for line in _lines(link):
        news = json.loads(line)
        if "progress" in news:
            say(news["progress"])
        elif "failed" not in news:
            return _Ready(**news["ready"])
        elif own is not None and own.pid == news["keeper"]:
            link.close()
            raise ERRORS.get(news["kind"], EmbeddedError)(news["failed"])
        else:
            return None
    return None


def _lines(link: socket.socket) -> Iterator[bytes]:
    rest = b""
    while True:
        try:
            part = link.recv(65536)
        except ConnectionResetError:
            return
        if not part:
            return
        *whole, rest = (rest + part).split(b"\n")
        yield from whole


def _spawn(
    place: Layout, bindir: Path | None, settings: Mapping[str, str], server_user: str | None
) -> "subprocess.Popen[bytes]":
    """A keeper in a session of its own, so that an interrupt at the terminal does not reach it before its clients."""
    command = [
        sys.executable,
        "-P",
        "-m",
        "opencowin.kit.embedded.keeper",
        str(place.data_dir),
        "--settings",
        json.dumps(dict(settings)),
    ]
    if bindir is not None:
        command += ["--bindir", str(bindir.absolute())]
    if server_user is not None:
        command += ["--server-user", server_user]
    log = open_private(place.keeper_log, place.owner)
    try:
        if os.fstat(log).st_size > LONGEST_LOG:
            os.ftruncate(log, 0)
        keeper = subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
        )
    finally:
        os.close(log)
    # Somebody must take note of its end, or it stays a zombie for as long as this process lives.
    threading.Thread(target=keeper.wait, name="keeper-end", daemon=True).start()
    return keeper


def _tail(log: Path) -> str:
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-25:])
    except FileNotFoundError:
        return ""
