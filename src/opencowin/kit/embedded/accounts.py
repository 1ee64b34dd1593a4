"""Whose rights the server runs with, and files that nobody else may read or redirect."""

import contextlib
import os
import pwd
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .errors import DataFolderUnusable


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the machine; `user`, `group` and `extra_groups` are what a child process must be started with."""

    uid: int
    gid: int

    @property
    def is_current(self) -> bool:
        """Nothing needs to change for a child process to be this user's."""
        return self.uid == os.geteuid()

    @property
    def user(self) -> int | None:
        """For a child process: whose it is, or None for one's own."""
        return None if self.is_current else self.uid

    @property
    def group(self) -> int | None:
        """For a child process: its group, or None for one's own."""
        return None if self.is_current else self.gid

    @property
    def extra_groups(self) -> list[int] | None:
        """For a child process of another user: none."""
        return None if self.is_current else []

    def may(self, test: str, path: Path) -> bool:
        """Try it as that user rather than read mode bits: lists of access rights and mounts count too."""
        command = ["/usr/bin/test", test, str(path)]
        tried = subprocess.run(  # noqa: S603 - a fixed program and a path of our own
            command, check=False, cwd="/", user=self.user, group=self.group, extra_groups=self.extra_groups
        )
        return tried.returncode == 0


def current() -> Account:
    """Who runs this process."""
    return Account(os.geteuid(), os.getegid())


def owner_of(path: Path) -> Account:
    """Whose that file or folder is."""
    found = path.stat()
    return Account(found.st_uid, found.st_gid)


def named(name: str) -> Account:
    """Raises DataFolderUnusable when the machine has no such user."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise DataFolderUnusable(f"This machine has no user called {name}: name one that exists.") from None
    return Account(entry.pw_uid, entry.pw_gid)


def for_server(data_dir: Path, cluster: Path, wanted: str | None) -> Account:
    """The user that PostgreSQL runs as: it refuses root, and a cluster stays with the user who owns it."""
    if os.geteuid() != 0:
        return current()
    candidates = [owner_of(path) for path in (cluster, data_dir) if path.exists()]
    if wanted is not None and not cluster.exists():
        candidates.insert(0, named(wanted))
    for account in candidates:
        if account.uid != 0:
            return account
    return named("postgres") if _exists("postgres") else named("nobody")


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def private_folder(path: Path, owner: Account, mode: int = 0o700) -> Path:
    """Make the folder if needed, and hand it to its owner without ever following a link put in its place."""
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=mode)
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        found = os.fstat(handle).st_uid
        if found not in (os.geteuid(), owner.uid):
            raise DataFolderUnusable(
                f"{path} belongs to another user (uid {found}): remove it or choose another folder."
            )
        if found != owner.uid:
            os.fchown(handle, owner.uid, owner.gid)
        os.fchmod(handle, mode)
    finally:
        os.close(handle)
    return path


def write_private(path: Path, text: str, owner: Account) -> None:
    """Replace the file in one step, readable by its owner only; a link in its place is replaced, not followed."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        if owner.uid != os.geteuid():
            os.fchown(file.fileno(), owner.uid, owner.gid)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def open_private(path: Path, owner: Account) -> int:
    """An open, appendable file of the owner's, for a lock or a log; the caller closes it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    if os.fstat(handle).st_uid == os.geteuid() != owner.uid:
        os.fchown(handle, owner.uid, owner.gid)
    return handle
