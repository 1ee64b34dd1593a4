"""The processes that serve: started, started again when they die, and ended in order; none outlives its parent."""

import asyncio
import logging
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from opencowin.kit.embedded.survivors import end_with_parent

# Not structlog: small commands import this room, and loading that takes longer than they do.
logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
STEADY_SECONDS = 60.0
"""A process that lived this long begins again with the shortest pause."""
PATIENCE = 30.0
HOPELESS = 3
"""How often a process may end before everything was ready, until we give up."""


class ProgramKeepsEnding(Exception):
    """A process ends again and again before it serves; the message carries what it said last."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run; with a `log` its output goes there, else to our own standard error."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path | None = None


class Kept:
    """One program, kept running until it is told to stop."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: asyncio.subprocess.Process | None = None
        self.endings = 0

    async def keep(self) -> None:
        """Run the program; whenever it ends, run it again after a pause that grows. Ends when cancelled."""
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            self.process = await self._start()
            code = await self.process.wait()
            self.endings += 1
            if time.monotonic() - began > STEADY_SECONDS:
                pause = FIRST_PAUSE
            logger.warning("%s process ended with %s, starting it again in %.1f s", self.program.name, code, pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _start(self) -> asyncio.subprocess.Process:
        # A session of its own: an interrupt at the terminal reaches only us, and we end the processes in order.
        output = sys.stderr if self.program.log is None else self.program.log.open("ab")
        try:
            return await asyncio.create_subprocess_exec(
                *self.program.command, env=dict(self.program.environment), stdin=asyncio.subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True, preexec_fn=end_with_parent(signal.SIGTERM),
            )  # fmt: skip
        finally:
            if output is not sys.stderr:
                output.close()

    async def stop(self) -> None:
        """Ask it to end; insist after a while."""
        process = self.process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), PATIENCE)
            except TimeoutError:
                logger.warning("%s process does not end, killing it", self.program.name)
                process.kill()
                await process.wait()


async def supervise(
    programs: Sequence[Program], is_ready: Callable[[], Awaitable[bool]], on_ready: Callable[[], None]
) -> None:
    """Run the programs until SIGINT, SIGTERM or SIGHUP, then end them in their order. Raises ProgramKeepsEnding."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopped.set)
    kept = [Kept(program) for program in programs]
    keeping = [asyncio.create_task(one.keep()) for one in kept]
    told = asyncio.create_task(stopped.wait())
    coming = asyncio.create_task(_until_ready(kept, is_ready))
    try:
        await asyncio.wait((told, coming), return_when=asyncio.FIRST_COMPLETED)
        if not stopped.is_set():
            await coming
            on_ready()
            await asyncio.wait((told, *keeping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (coming, told, *keeping):
            task.cancel()
        results = await asyncio.gather(coming, told, *keeping, return_exceptions=True)
        for one in kept:
            await one.stop()
    for result in results:
        if isinstance(result, Exception):
            raise result


async def _until_ready(kept: Sequence[Kept], is_ready: Callable[[], Awaitable[bool]]) -> None:
    while not await is_ready():
        for one in kept:
            if one.endings >= HOPELESS:
                raise ProgramKeepsEnding(f"The {one.program.name} process ended {one.endings} times.{_last_words(one)}")
        await asyncio.sleep(0.1)


def _last_words(one: Kept) -> str:
    if one.program.log is None:
        return ""
    lines = one.program.log.read_text(errors="replace").splitlines()[-15:]
    return "\n".join([f" The end of {one.program.log}:", *lines])
