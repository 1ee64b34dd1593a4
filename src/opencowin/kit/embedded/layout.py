"""Where everything of one embedded server lies below its data folder."""

import os
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .accounts import Account, current, owner_of, private_folder, write_private
from .errors import DataFolderUnusable

SYSTEM_PLACE = Path("/var/lib/opencowin")
SUPERUSER = "opencowin"
DATABASE = "opencowin"
# The kernel's limit is 107 bytes on Linux and 103 on macOS.
LONGEST_SOCKET_PATH = 103


@dataclass(frozen=True, slots=True)
class Layout:
    """The names of the files; `home` is the data folder, or a system folder when the server cannot reach that."""

    data_dir: Path

    @property
    def owner(self) -> Account:
        """Whose the data folder, and every file of the keeper's in it, is."""
        return owner_of(self.data_dir)

    @property
    def keeper_lock(self) -> Path:
        """Held by the one keeper."""
        return self.data_dir / "keeper.lock"

    @property
    def server_lock(self) -> Path:
        """Held by PostgreSQL's processes themselves, so free only when the last of them is gone."""
        return self.data_dir / "server.lock"

    @property
    def keeper_socket(self) -> Path:
        """Where clients meet the keeper."""
        return self.data_dir / "run" / "keeper.sock"

    @property
    def keeper_log(self) -> Path:
        """What the keeper, initdb and a server that cannot start have to say."""
        return self.data_dir / "keeper.log"

    @property
    def password(self) -> Path:
        """The superuser's password, one line."""
        return self.data_dir / "password"

    @property
    def addresses(self) -> Path:
        """Where the server listened last."""
        return self.data_dir / "addresses.json"

    @property
    def pointer(self) -> Path:
        """Names the folder of the data when they are elsewhere."""
        return self.data_dir / "cluster.location"

    @property
    def home(self) -> Path:
        """The folder that has the cluster and the server's socket."""
        try:
            return Path(self.pointer.read_text(encoding="utf-8").strip())
        except FileNotFoundError:
            return self.data_dir

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.home / "cluster"

    @property
    def staging(self) -> Path:
        """Where a cluster is made before it is put in its place."""
        return self.home / "cluster.new"

    @property
    def socket_folder(self) -> Path:
        """Where the server's unix socket is, if the path is short enough."""
        return self.home / "socket"

    def read_password(self) -> str:
        """Raises DataFolderUnusable when it was lost."""
        try:
            return self.password.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            raise DataFolderUnusable(
                f"{self.password} is missing: restore it from a backup of the data folder."
            ) from None


def prepare(data_dir: Path) -> Layout:
    """The layout of a data folder, made if needed. Raises DataFolderUnusable."""
    data_dir = data_dir.absolute()
    try:
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        _make(data_dir)
    except OSError as error:
        raise DataFolderUnusable(f"Cannot make the data folder {data_dir}: {error.strerror}.") from error
    if not os.access(data_dir, os.R_OK | os.W_OK | os.X_OK):
        uid = data_dir.stat().st_uid
        raise DataFolderUnusable(
            f"The data folder {data_dir} belongs to uid {uid} and is closed to you (uid {os.geteuid()}): "
            "run this as that user, or choose another folder with OPENCOWIN_DATA_DIR."
        )
    return Layout(data_dir)


def _make(data_dir: Path) -> None:
    try:
        data_dir.mkdir(mode=0o700)
    except FileExistsError:
        return
    if os.geteuid() == 0:
        # The server will run as somebody else, who must be able to walk through (and no more), whatever the umask.
        data_dir.chmod(0o711)


def settle(layout: Layout, server: Account) -> Path | None:
    """Put the cluster where its user can reach it; the new place is returned when that is not the data folder."""
    if layout.pointer.exists() and not layout.home.is_dir():
        raise DataFolderUnusable(
            f"{layout.pointer} says that the data are in {layout.home}, which is gone: restore that folder from a "
            "backup, or remove the file to begin with an empty database."
        )
    if server.is_current or layout.cluster.exists() or layout.pointer.exists():
        return None
    if server.may("-x", layout.data_dir):
        return None
    private_folder(SYSTEM_PLACE, current(), 0o711)
    # A random name: a data folder made anew at an old path must not meet the old one's data.
    place = SYSTEM_PLACE / f"{layout.data_dir.name}-{secrets.token_hex(6)}"
    private_folder(place, current(), 0o711)
    if not server.may("-x", place):
        raise DataFolderUnusable(
            f"The server's user (uid {server.uid}) can reach neither {layout.data_dir} nor {place}."
        )
    write_private(place / "belongs-to", f"{layout.data_dir}\n", current())
    write_private(layout.pointer, f"{place}\n", layout.owner)
    return place


@contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """A name of the socket short enough for the kernel, however deep its folder lies."""
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        yield str(path)
        return
    if sys.platform != "linux":
        raise DataFolderUnusable(f"The path {path} is too long for a socket: choose a shorter data folder.")
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def listen(path: Path, owner: Account) -> socket.socket:
    """A listening socket that only its owner (and root) may connect to."""
    private_folder(path.parent, owner)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with socket_address(path) as address:
        listener.bind(address)
    path.chmod(0o600)
    if owner.uid != os.geteuid():
        os.chown(path, owner.uid, owner.gid, follow_symlinks=False)
    listener.listen(128)
    return listener


def connect(path: Path) -> socket.socket | None:
    """A connection to the keeper, or None when none listens."""
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with socket_address(path) as address:
            link.connect(address)
    except (FileNotFoundError, ConnectionRefusedError):
        link.close()
        return None
    except OSError as error:
        link.close()
        raise DataFolderUnusable(f"Cannot reach the database's keeper at {path}: {error.strerror}.") from error
    return link
