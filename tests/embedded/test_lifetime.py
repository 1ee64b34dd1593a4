"""The server lives exactly as long as somebody uses it, however they end."""

import asyncio
import os
import signal
import time
from pathlib import Path

import psycopg

from opencowin.kit.embedded import layout
from opencowin.kit.embedded.keeper import Keeper, Order

from .conftest import Holder, alive, attach, eventually, keepers_of, servers_below


def test_it_starts_serves_and_keeps_data_over_a_restart(data_dir: Path) -> None:
    with attach(data_dir) as first, psycopg.connect(first.dsn) as link:
        link.execute("CREATE TABLE seen (at int)")
        link.execute("INSERT INTO seen VALUES (42)")
    assert eventually(lambda: not alive(first.pid))
    assert eventually(lambda: not keepers_of(data_dir))

    with attach(data_dir) as second, psycopg.connect(second.dsn) as link:
        assert link.execute("SELECT at FROM seen").fetchone() == (42,)
        assert second.pid != first.pid
        assert second.port == first.port
        assert "database system was shut down" in second.log_path.read_text()


def test_the_second_user_keeps_it_alive_after_the_first_has_gone(data_dir: Path) -> None:
    first = Holder(data_dir)
    pid, _ = first.ready()
    with attach(data_dir) as second:
        first.kill()
        assert second.pid == pid
        assert not eventually(lambda: not alive(pid), seconds=1.8)
        with psycopg.connect(second.dsn) as link:
            link.execute("SELECT 1")
    assert eventually(lambda: not alive(pid))


def test_killing_its_only_user_ends_it(data_dir: Path) -> None:
    user = Holder(data_dir)
    pid, _ = user.ready()
    assert alive(pid)
    user.kill()
    assert eventually(lambda: not alive(pid))
    assert eventually(lambda: not servers_below(data_dir) and not keepers_of(data_dir))


def test_killing_the_keeper_ends_the_server_and_the_next_attach_works(data_dir: Path) -> None:
    with attach(data_dir) as first:
        with psycopg.connect(first.dsn, autocommit=True) as link:
            link.execute("CREATE TABLE seen (at int)")
        (keeper,) = keepers_of(data_dir)
        os.kill(keeper, signal.SIGKILL)
        # At once, while the old server may still be shutting down.
        with attach(data_dir) as second, psycopg.connect(second.dsn) as link:
            assert not alive(first.pid)
            assert link.execute("SELECT count(*) FROM seen").fetchone() == (0,)


def test_a_server_killed_under_its_users_is_started_again_at_the_same_address(data_dir: Path) -> None:
    with attach(data_dir) as used:
        with psycopg.connect(used.dsn, autocommit=True) as link:
            link.execute("CREATE TABLE seen (at int)")
        os.kill(used.pid, signal.SIGKILL)

        def back() -> bool:
            try:
                with psycopg.connect(used.dsn) as link:
                    return link.execute("SELECT count(*) FROM seen").fetchone() == (0,)
            except psycopg.OperationalError:
                return False

        assert eventually(lambda: not alive(used.pid))
        assert eventually(back)


def test_many_at_once_on_a_first_start_share_one_server(data_dir: Path) -> None:
    users = [Holder(data_dir) for _ in range(4)]
    try:
        told = [user.ready() for user in users]
        assert len(set(told)) == 1
        assert eventually(lambda: len(keepers_of(data_dir)) == 1)
    finally:
        for user in users:
            user.close()


def test_one_who_comes_while_the_last_one_leaves_gets_a_server(data_dir: Path) -> None:
    for pause in (1.05, 1.2):
        attach(data_dir).detach()
        time.sleep(pause)
        with attach(data_dir) as used, psycopg.connect(used.dsn) as link:
            assert link.execute("SELECT 1").fetchone() == (1,)


def test_a_keeper_that_is_leaving_promises_nobody_its_server(data_dir: Path) -> None:
    keeper = Keeper(Order(data_dir, None, {}, None), layout.prepare(data_dir))
    keeper.tell({"ready": {"port": 1, "socket_folder": "", "pid": 1}})
    place = data_dir / "asked"

    async def told() -> bytes:
        listener = await asyncio.start_unix_server(keeper.welcome, place)
        reader, writer = await asyncio.open_unix_connection(place)
        writer.write_eof()
        heard = await reader.read()
        writer.close()
        listener.close()
        return heard

    assert asyncio.run(told())
    keeper.leave()
    assert asyncio.run(told()) == b""


def test_an_interrupt_at_the_terminal_does_not_reach_the_keeper_or_the_server(data_dir: Path) -> None:
    user = Holder(data_dir)
    pid, _ = user.ready()
    (keeper,) = keepers_of(data_dir)
    assert os.getpgid(keeper) != os.getpgid(user.process.pid)
    assert os.getpgid(pid) != os.getpgid(user.process.pid)
    user.close()


def test_a_process_that_spawned_the_keeper_leaves_no_zombie(data_dir: Path) -> None:
    with attach(data_dir):
        (keeper,) = keepers_of(data_dir)
    assert eventually(lambda: not Path(f"/proc/{keeper}").exists())
