"""The process that keeps one embedded server: it lives exactly as long as somebody holds a connection to it."""

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import accounts, binaries, layout
from .errors import EmbeddedError
from .server import Server
from .survivors import try_lock

GRACE = 1.0
FIRST_COMER = 30.0


@dataclass(frozen=True, slots=True)
class Order:
    """What the keeper was asked to keep."""

    data_dir: Path
    bindir: Path | None
    settings: Mapping[str, str]
    server_user: str | None


class Keeper:
    """Its clients hear one JSON object a line: progress, then ready or failed; the kernel tells when they are gone."""

    def __init__(self, order: Order, place: layout.Layout) -> None:
        self.order = order
        self.place = place
        self.writers: set[asyncio.StreamWriter] = set()
        self.news: list[dict[str, object]] = []
        self.seen = asyncio.Event()
        self.kept_until = time.monotonic() + FIRST_COMER
        self.server: Server | None = None
        self.ended = asyncio.Event()
        self.leaving = False
        """Set in the same step in which the end is decided: who comes from then on is turned away, and tries anew."""

    def leave(self) -> None:
        """Asked to end."""
        self.leaving = True
        self.ended.set()

    def tell(self, news: dict[str, object]) -> None:
        """To all who listen, and to those who come later."""
        # Who comes later hears the same story; a server that was up for long has none to tell but that it is ready.
        self.news = [news] if "ready" in news else [*self.news, news][-100:]
        for writer in self.writers:
            writer.write(_line(news))

    def say(self, message: str) -> None:
        """Progress, for the log and for all who listen."""
        print(message, flush=True)
        self.tell({"progress": message})

    async def welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold a client's connection until the client, or the kernel in its stead, closes it."""
        if self.leaving:
            writer.close()
            return
        self.writers.add(writer)
        writer.writelines(_line(news) for news in self.news)
        self.seen.set()
        try:
            while await reader.read(1024):
                pass
        except ConnectionError:
            pass
        finally:
            self.writers.discard(writer)
            self.kept_until = time.monotonic() + GRACE
            writer.close()

    async def run(self) -> int:
        """Keep until unused, told to end, or failed; the exit code."""
        listener = await asyncio.start_unix_server(
            self.welcome, sock=layout.listen(self.place.keeper_socket, self.place.owner)
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.leave)
        work = asyncio.create_task(self.keep())
        idle = asyncio.create_task(self.until_unused())
        told = asyncio.create_task(self.ended.wait())
        await asyncio.wait((work, idle, told), return_when=asyncio.FIRST_COMPLETED)
        self.leaving = True
        listener.close()
        self.place.keeper_socket.unlink(missing_ok=True)
        for task in (work, idle, told):
            task.cancel()
        outcome = (await asyncio.gather(work, return_exceptions=True))[0]
        if self.server is not None:
            await self.server.stop()
        return outcome if isinstance(outcome, int) else 0 if isinstance(outcome, asyncio.CancelledError) else 1

    async def until_unused(self) -> None:
        """Return once the last client has been gone for the grace."""
        # Looked at rather than signalled: the grace is a time, and clients come and go within it.
        while self.writers or time.monotonic() < self.kept_until:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        self.leaving = True

    async def keep(self) -> int:
        """Start the server and, should it die under its clients, start it again; 1 when it cannot be started."""
        try:
            while True:
                child = await self.bring_up()
                await child.wait()
                self.news.clear()
                self.say("PostgreSQL ended unexpectedly: starting it again")
        except Exception as error:
            known = isinstance(error, EmbeddedError | ValueError)
            print(f"{type(error).__name__}: {error}", flush=True)
            self.tell(
                {"failed": str(error) if known else repr(error), "kind": type(error).__name__, "keeper": os.getpid()}
            )
            await self.let_them_hear()
            return 1

    async def bring_up(self) -> asyncio.subprocess.Process:
        """One start, from programs to ready."""
        found = binaries.find(self.order.bindir)
        account = accounts.for_server(self.place.data_dir, self.place.cluster, self.order.server_user)
        moved = layout.settle(self.place, account)
        if moved is not None:
            self.say(f"the server's user cannot reach {self.place.data_dir}: its data go to {moved}")
        runnable = binaries.runnable_by(found, account)
        self.server = Server(self.place, runnable, account, self.say)
        child = await self.server.start(self.order.settings)
        where = self.server.addresses
        self.tell({"ready": {"port": where.port, "socket_folder": where.socket_folder, "pid": child.pid}})
        return child

    async def let_them_hear(self) -> None:
        """Do not end before somebody heard why."""
        try:
            await asyncio.wait_for(self.seen.wait(), 5)
        except TimeoutError:
            return
        await asyncio.sleep(0.2)


def _line(news: dict[str, object]) -> bytes:
    return json.dumps(news).encode() + b"\n"


def _take_over(place: layout.Layout) -> int | None:
    """The lock of the data folder, waited for while a former keeper ends; None when another keeper serves."""
    handle = accounts.open_private(place.keeper_lock, place.owner)
    while not try_lock(handle):
        link = layout.connect(place.keeper_socket)
        if link is not None:
            link.close()
            os.close(handle)
            return None
        time.sleep(0.05)
    return handle


def _order(arguments: Sequence[str]) -> Order:
    parser = argparse.ArgumentParser(
        description="Keep the embedded PostgreSQL of one data folder running while it is used."
    )
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--bindir", type=Path)
    parser.add_argument("--settings", type=json.loads, default={})
    parser.add_argument("--server-user")
    told = parser.parse_args(arguments)
    return Order(told.data_dir, told.bindir, told.settings, told.server_user)


def main(arguments: Sequence[str]) -> int:
    """Become the keeper of a data folder, unless another serves it; the exit code."""
    order = _order(arguments)
    place = layout.prepare(order.data_dir)
    handle = _take_over(place)
    if handle is None:
        return 0
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        return asyncio.run(Keeper(order, place).run())
    finally:
        os.close(handle)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
