"""What may keep the embedded server from starting or staying safe, told with what to do about it."""

import os
import pwd
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from . import accounts, binaries, cluster, layout
from .binaries import Binaries
from .errors import EmbeddedError
from .layout import Layout
from .server import fits_socket
from .survivors import processes_of, recorded_pid

LITTLE_SPACE = 2_000_000_000
TOO_LITTLE_SPACE = 300_000_000


class Severity(StrEnum):
    """Whether something must be done, may be, or need not."""

    FINE = "fine"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `mend` says what to do and is empty when there is nothing to do."""

    severity: Severity
    what: str
    mend: str = ""


def diagnose(data_dir: Path, bindir: Path | None = None) -> list[Finding]:
    """Look without changing anything; the worst first."""
    found = [*_loopback(), *_machine_user()]
    programs: Binaries | None = None
    try:
        programs = binaries.find(bindir)
        found.append(Finding(Severity.FINE, f"PostgreSQL {programs.major} runs from {programs.folder}"))
    except EmbeddedError as error:
        found.append(
            Finding(Severity.PROBLEM, str(error), "Install the package again, or name another folder of programs.")
        )
    place = Layout(data_dir.absolute())
    found += _space(place.data_dir)
    if _readable(place.data_dir):
        found += [*_cluster(place, programs), *_secrets(place), *_running(place), *_socket(place), *_leftovers()]
    elif place.data_dir.exists():
        mend = "Run this as its owner, or choose another folder with OPENCOWIN_DATA_DIR."
        found.append(Finding(Severity.PROBLEM, f"The data folder {data_dir} is closed to uid {os.geteuid()}", mend))
    else:
        found.append(Finding(Severity.FINE, f"The data folder {data_dir} will be made at the first start"))
    return sorted(found, key=lambda finding: list(Severity).index(finding.severity), reverse=True)


def _readable(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.W_OK | os.X_OK)


def _loopback() -> Iterator[Finding]:
    try:
        socket.create_server(("127.0.0.1", 0)).close()
    except OSError as error:
        what = f"Nothing can listen on 127.0.0.1: {error.strerror}"
        yield Finding(
            Severity.PROBLEM, what, "Allow the loopback interface (ip link set lo up; sandbox or firewall rules)."
        )


def _machine_user() -> Iterator[Finding]:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        what = f"The user id {os.geteuid()} has no entry in the machine's list of users, which initdb insists on"
        yield Finding(Severity.PROBLEM, what, "Run as a listed user, or add an entry for this id to /etc/passwd.")


def _space(folder: Path) -> Iterator[Finding]:
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    what = f"{free / 1e9:.1f} GB free below {folder}"
    if free < TOO_LITTLE_SPACE:
        yield Finding(
            Severity.PROBLEM, what, "Free some space: PostgreSQL stops when it cannot write its log of changes."
        )
    elif free < LITTLE_SPACE:
        yield Finding(Severity.WARNING, what, "Free some space, or move the data folder.")
    else:
        yield Finding(Severity.FINE, what)


def _cluster(place: Layout, programs: Binaries | None) -> Iterator[Finding]:
    if place.pointer.exists():
        if not place.home.is_dir():
            what = f"{place.pointer} names {place.home}, which is gone"
            yield Finding(
                Severity.PROBLEM, what, f"Restore that folder from a backup; or remove {place.pointer} to begin anew."
            )
            return
        yield Finding(
            Severity.FINE, f"The data are in {place.home}, as the server's user cannot reach {place.data_dir}"
        )
    if not place.cluster.exists():
        yield Finding(Severity.FINE, "No database yet: it will be made at the first start")
        return
    if accounts.owner_of(place.cluster).uid != os.geteuid() != 0:
        what = f"The database belongs to uid {accounts.owner_of(place.cluster).uid}, and you are {os.geteuid()}"
        yield Finding(Severity.PROBLEM, what, "Run as that user or root, or choose another data folder.")
        return
    if place.cluster.stat().st_mode & 0o077:
        what = f"{place.cluster} is open to other users of the machine; PostgreSQL will refuse it"
        yield Finding(Severity.PROBLEM, what, f"chmod 700 {place.cluster}")
    if programs is not None:
        try:
            cluster.refuse_mismatch(place, programs)
        except (EmbeddedError, ValueError) as error:
            yield Finding(Severity.PROBLEM, str(error), "Use the programs of the version that wrote the data.")


def _secrets(place: Layout) -> Iterator[Finding]:
    if place.password.exists():
        if place.password.stat().st_mode & 0o077:
            what = f"{place.password} can be read by other users of the machine"
            yield Finding(Severity.PROBLEM, what, f"chmod 600 {place.password}, and change the password.")
    elif place.cluster.exists():
        what = f"{place.password} is missing, so nobody can enter the database"
        yield Finding(Severity.PROBLEM, what, "Restore the file from a backup of the data folder.")


def _running(place: Layout) -> Iterator[Finding]:
    link = layout.connect(place.keeper_socket)
    if link is not None:
        link.close()
        yield Finding(Severity.FINE, f"The server is in use (process {recorded_pid(place.cluster)})")
        return
    left = processes_of(place.cluster)
    if left:
        what = f"A server of an earlier run still lives (processes {', '.join(map(str, left))})"
        yield Finding(Severity.WARNING, what, "Nothing: the next start ends it in good order first.")
    elif (place.cluster / "postmaster.pid").exists():
        what = "The last stop was not an orderly one; the file postmaster.pid is stale"
        yield Finding(
            Severity.WARNING, what, "Nothing: the next start removes it and recovers, which may take minutes."
        )


def _socket(place: Layout) -> Iterator[Finding]:
    if not fits_socket(place.socket_folder):
        what = f"{place.socket_folder} is too long for a unix socket; a private folder below /run or /tmp is used"
        yield Finding(Severity.FINE, what)


def _leftovers() -> Iterator[Finding]:
    if not os.access(layout.SYSTEM_PLACE, os.R_OK):
        return
    for note in layout.SYSTEM_PLACE.glob("*/belongs-to"):
        owner = Layout(Path(note.read_text(encoding="utf-8").strip()))
        if owner.home != note.parent:
            what = f"{note.parent} holds the data of {owner.data_dir}, which does not use them any more"
            yield Finding(Severity.WARNING, what, "Remove it when nobody needs these data.")
