"""`opencowin serve`: the whole platform on this machine, from the database to the web, until it is told to stop."""

import asyncio
import http.client
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from opencowin import demo, identity, places
from opencowin.cli.explain import CommandRefused
from opencowin.cli.terminal import out, say
from opencowin.kit.db import make_pool, transaction
from opencowin.kit.floor import build_floor
from opencowin.kit.logs import configure_logs
from opencowin.kit.migrate import migrate
from opencowin.kit.settings import PREFIX, Settings, settings
from opencowin.serving import PortUnusable, Program, ProgramKeepsEnding, check_port, database, supervise

app = typer.Typer()


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on [default: OPENCOWIN_HOST].")] = None,
    port: Annotated[int | None, typer.Option(help="Port [default: OPENCOWIN_PORT].", min=1, max=65535)] = None,
    workers: Annotated[int | None, typer.Option(help="Web processes.", min=1, max=256)] = None,
) -> None:
    """Serve until Ctrl-C: database, migrations, web and worker processes. `ready` is the last line once it serves."""
    wanted = {"host": host, "port": port, "web_workers": workers}
    chosen = settings().model_copy(update={name: value for name, value in wanted.items() if value is not None})
    configure_logs(chosen.log_level)
    identity.ready_providers(build_floor(chosen))
    try:
        check_port(chosen.host, chosen.port)
        with database(chosen, say) as dsn:
            migrate(dsn, say)
            asyncio.run(_serve(chosen, dsn))
    except (PortUnusable, ProgramKeepsEnding) as failure:
        raise CommandRefused(str(failure)) from failure
    say("stopped")


async def _serve(chosen: Settings, dsn: str) -> None:
    await _refuse_without_country(dsn)
    await supervise(programs(chosen, dsn), lambda: is_ready(chosen), lambda: _welcome(chosen))


async def _refuse_without_country(dsn: str) -> None:
    async with make_pool(dsn, size=2) as pool, transaction(pool) as conn:
        if not await places.all_states(conn):
            raise CommandRefused("no country is loaded: run `opencowin country load`, or `opencowin demo` for a trial")


def programs(chosen: Settings, dsn: str) -> list[Program]:
    """The processes of this machine as they are ended: the web first, so that no new work comes in."""
    environment = {
        **os.environ,
        PREFIX + "DATABASE_URL": dsn,
        PREFIX + "DATA_DIR": str(chosen.data_dir),
        PREFIX + "HOST": chosen.host,
        PREFIX + "PORT": str(chosen.port),
        PREFIX + "WEB_WORKERS": str(chosen.web_workers),
    }
    return [
        _program("web", ("-m", "opencowin.serving.website"), environment, chosen),
        _program("worker", ("-m", "opencowin.cli", "worker"), environment, chosen),
    ]


def _program(name: str, arguments: tuple[str, ...], environment: Mapping[str, str], chosen: Settings) -> Program:
    return Program(name, (sys.executable, *arguments), environment, log_file(chosen, name))


def log_file(chosen: Settings, name: str) -> Path | None:
    """Where a process writes its log: in demo mode a file begun anew at each start, else our own standard error."""
    if not chosen.demo:
        return None
    path = chosen.data_dir / "log" / f"{name}.log"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(b"")
    return path


async def is_ready(chosen: Settings) -> bool:
    """Whether /health/ready answers 200 at the address that people will use."""
    return await asyncio.to_thread(_ask_health, reachable_host(chosen.host), chosen.port)


def reachable_host(host: str) -> str:
    """An address of this machine that reaches a server listening on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not bound


def _ask_health(host: str, port: int) -> bool:
    link = http.client.HTTPConnection(host, port, timeout=5)
    try:
        link.request("GET", "/health/ready")
        return link.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        link.close()


def _welcome(chosen: Settings) -> None:
    address = chosen.public_url.rstrip("/") or f"http://{_in_url(reachable_host(chosen.host))}:{chosen.port}"
    out.print()
    out.print(f"  Site and API   {address}/", markup=False)
    out.print(f"  API reference  {address}/docs", markup=False)
    out.print(f"  Health         {address}/health/ready", markup=False)
    if chosen.demo:
        _welcome_to_demo(chosen, address)
    out.print()
    out.print("ready")
    sys.stdout.flush()


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _welcome_to_demo(chosen: Settings, address: str) -> None:
    out.print(f"  Logs           {chosen.data_dir / 'log'}", markup=False)
    log_ins = demo.read_notes(chosen.data_dir).log_ins
    if log_ins:
        out.print(f"  Staff log-ins  {address}/console", markup=False)
    for one in log_ins:
        out.print(f"    {one.user_name:<18} {one.password:<20} {one.role}, {one.where}", markup=False)
    out.print("  One-time passwords and other messages of a number:", markup=False)
    command = sys.argv[0] if sys.argv[0].endswith("opencowin") else "opencowin"
    out.print(f"    {command} messages latest MOBILE", markup=False)
