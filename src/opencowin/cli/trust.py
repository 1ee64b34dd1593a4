"""`opencowin trust`: whose certificates, besides our own, the checking page believes."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from opencowin import certificates
from opencowin.certificates import TrustList
from opencowin.cli.explain import CommandRefused
from opencowin.cli.terminal import out, say
from opencowin.kit.db import transaction
from opencowin.kit.settings import settings
from opencowin.serving import deployment

app = typer.Typer(no_args_is_help=True)
FORMS = (".json", ".pem", ".crt", ".cer")


@app.callback()
def trust() -> None:
    """Trust lists of other issuers: load, list and drop them."""


@app.command()
def load(
    path: Annotated[Path, typer.Argument(help="A file, or a folder of such files.", exists=True)],
    issuer: Annotated[
        str, typer.Option(help="Whose keys these are, where a key set (JWKS) does not say: an https address.")
    ] = "",
) -> None:
    """Believe the issuers of a list: the EU gateway's JSON, PEM certificates, JWKS or DID documents.

    A file of the same name replaces what it brought before. What cannot be read is told and left out.
    """
    files = sorted(one for one in path.iterdir() if one.suffix in FORMS) if path.is_dir() else [path]
    if not files:
        raise CommandRefused(f"there is no file in {path} whose name ends in {', '.join(FORMS)}")
    lists = [certificates.read_trust(file, issuer) for file in files]
    asyncio.run(_load(lists))
    for one in lists:
        out.print(
            f"{one.source}: {len(one.keys)} keys of {len({key.issuer for key in one.keys})} issuers", markup=False
        )
        for problem in one.unread:
            say(f"{one.source}: left out {problem}")


async def _load(lists: list[TrustList]) -> None:
    async with deployment(settings()) as found, transaction(found.pool) as conn:
        for one in lists:
            await certificates.load_trust(conn, found.floor, one)


@app.command("list")
def list_all() -> None:
    """List what was loaded, by file."""
    table = Table("source", "what", "keys", "issuers", "first ends", "loaded")
    for one in asyncio.run(_sources()):
        ends = f"{one.first_until:%Y-%m-%d}" if one.first_until else ""
        table.add_row(one.source, one.kind, str(one.keys), str(one.issuers), ends, f"{one.loaded_at:%Y-%m-%d}")
    out.print(table)


async def _sources() -> list[certificates.TrustSource]:
    async with deployment(settings()) as found, transaction(found.pool) as conn:
        return await certificates.trust_sources(conn)


@app.command()
def drop(source: Annotated[str, typer.Argument(help="The file's name, as `list` shows it.")]) -> None:
    """Believe nothing of a file any more."""
    gone = asyncio.run(_drop(source))
    if not gone:
        raise CommandRefused(f"nothing was loaded from {source}: `opencowin trust list` shows the sources")
    out.print(f"{gone} keys of {source} are no longer believed.", markup=False)


async def _drop(source: str) -> int:
    async with deployment(settings()) as found, transaction(found.pool) as conn:
        return await certificates.drop_trust(conn, source)
