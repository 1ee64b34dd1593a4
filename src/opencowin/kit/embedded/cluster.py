"""The database cluster on disk: made in one step, kept closed to strangers, and matched with its programs."""

import asyncio
import re
import secrets
import shutil
import signal
from collections.abc import Mapping

from .accounts import Account, private_folder, write_private
from .binaries import Binaries
from .errors import DataFolderUnusable, StartFailed, VersionMismatch
from .layout import SUPERUSER, Layout
from .survivors import end_with_parent

SETTINGS: Mapping[str, str] = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_compression": "on",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "logging_collector": "on",
    "log_directory": "log",
    # One file a weekday: a ring of seven that needs no one to empty it.
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_line_prefix": "%m [%p] %u@%d ",
    "log_startup_progress_interval": "2s",
}
# What keeps strangers out is not for a setting to change.
GUARDED = frozenset({
    "listen_addresses", "unix_socket_directories", "unix_socket_permissions", "unix_socket_group", "hba_file",
    "ident_file", "config_file", "data_directory", "password_encryption", "external_pid_file",
})  # fmt: skip
ACCESS = "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"


def settings_text(chosen: Mapping[str, str]) -> str:
    """The settings as PostgreSQL reads them. Raises ValueError for a name that is none, or that guards the door."""
    for name in chosen:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", name):
            raise ValueError(f"{name!r} is not the name of a PostgreSQL setting.")
        if name.lower() in GUARDED:
            raise ValueError(f"The setting {name} of the embedded server cannot be changed.")
    merged = {**SETTINGS, **{name.lower(): value for name, value in chosen.items()}}
    return "".join(f"{name} = {_quoted(value)}\n" for name, value in merged.items())


def _quoted(value: str) -> str:
    if "\n" in value or "\0" in value:
        raise ValueError("The value of a PostgreSQL setting is one line.")
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def written_by(layout: Layout) -> int | None:
    """The major version that wrote the cluster; None when there is no cluster."""
    try:
        return int((layout.cluster / "PG_VERSION").read_text(encoding="ascii").strip())
    except FileNotFoundError:
        return None


def refuse_mismatch(layout: Layout, binaries: Binaries) -> None:
    """Raises VersionMismatch when the programs cannot read the data."""
    written = written_by(layout)
    if written is not None and written != binaries.major:
        raise VersionMismatch(
            f"The data in {layout.cluster} were written by PostgreSQL {written}, but the programs in {binaries.folder} "
            f"are version {binaries.major}. Use the programs of version {written}; or dump the data with those "
            "(pg_dumpall) and load the dump into a new data folder."
        )


async def create(layout: Layout, binaries: Binaries, server: Account, lock: int) -> None:
    """Make the cluster beside its place and rename it, so that a half-made one is never met. Raises StartFailed."""
    if layout.staging.exists():
        shutil.rmtree(layout.staging)
    if layout.cluster.exists():
        raise DataFolderUnusable(
            f"{layout.cluster} is in the way: it has no PG_VERSION, so it is no cluster. Move it away."
        )
    password = secrets.token_urlsafe(32)
    private_folder(layout.staging, server)
    write_private(layout.staging / "password", password, server)
    await _initdb(layout, binaries, server, lock)
    made = layout.staging / "data"
    with (made / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\ninclude_if_exists = 'opencowin.conf'\n")
    # Before the rename: a cluster without its password would be a closed door.
    write_private(layout.password, password + "\n", layout.owner)
    made.rename(layout.cluster)
    shutil.rmtree(layout.staging)


async def _initdb(layout: Layout, binaries: Binaries, server: Account, lock: int) -> None:
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    if binaries.major < 17:
        locale = ["--locale=C.UTF-8"]
    child = await asyncio.create_subprocess_exec(
        binaries.program("initdb"), "--pgdata", str(layout.staging / "data"), "--username", SUPERUSER,
        "--auth=scram-sha-256", "--pwfile", str(layout.staging / "password"), "--encoding=UTF8", *locale,
        "--data-checksums", "--no-instructions",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd="/",
        user=server.user, group=server.group, extra_groups=server.extra_groups,
        pass_fds=(lock,), preexec_fn=end_with_parent(signal.SIGTERM), env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    told, _ = await child.communicate()
    if child.returncode != 0:
        raise StartFailed(f"initdb could not make the database cluster:\n{told.decode(errors='replace').strip()}")


def configure(layout: Layout, server: Account, settings: Mapping[str, str]) -> None:
    """Write what the coming start reads: the settings, and who may come in."""
    write_private(layout.cluster / "opencowin.conf", settings_text(settings), server)
    write_private(layout.cluster / "opencowin_hba.conf", ACCESS, server)
