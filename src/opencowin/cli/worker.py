"""`opencowin worker`: one process that runs queued jobs and what recurs."""

import asyncio
import signal

import typer
import uvloop

from opencowin.kit.collecting import keep_what_is_there, leave
from opencowin.kit.logs import configure_logs
from opencowin.kit.settings import settings
from opencowin.serving import deployment
from opencowin.worker import run_worker

app = typer.Typer()


@app.command()
def worker() -> None:
    """Run queued jobs (messages, certificates, roll-ups) until told to stop. `serve` starts one of these itself."""
    configure_logs(settings().log_level)
    uvloop.run(_work())
    leave(0)


async def _work() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    chosen = settings()
    async with deployment(chosen, pool_size=chosen.database_pool) as found:
        keep_what_is_there()
        await run_worker(found.pool, found.floor, stop)
