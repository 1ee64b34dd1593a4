"""`opencowin certificates`: revoke a certificate that should not stand, and issue another in its place."""

import asyncio
from typing import Annotated

import typer

from opencowin import certificates as room
from opencowin.certificates import Revocation
from opencowin.cli.staff import OPERATOR
from opencowin.cli.terminal import out
from opencowin.kit.db import transaction
from opencowin.kit.settings import settings
from opencowin.serving import deployment

app = typer.Typer(no_args_is_help=True)
Number = Annotated[str, typer.Argument(help="The number printed on the certificate.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in the words in which the holder is told.")]


@app.callback()
def certificates() -> None:
    """Certificates that should not stand: revoke them, and issue others in their place."""


@app.command()
def revoke(certificate_id: Number, reason: Reason) -> None:
    """End a certificate at once in every form; the holder is told, and no other is issued by itself."""
    done = asyncio.run(_revoke(certificate_id, reason))
    was = "was revoked already" if done.already else "is revoked"
    out.print(f"Certificate {done.certificate_id} {was}, since {done.revoked_at:%Y-%m-%d %H:%M} UTC.", markup=False)


async def _revoke(certificate_id: str, reason: str) -> Revocation:
    async with deployment(settings(), pool_size=2) as found, transaction(found.pool) as conn:
        return await room.revoke(conn, found.floor, OPERATOR, certificate_id, reason)


@app.command()
def reissue(certificate_id: Number, reason: Reason) -> None:
    """Issue another certificate for the dose of a revoked one, from the records as they are now."""
    issued = asyncio.run(_reissue(certificate_id, reason))
    out.print(f"Certificate {issued} stands in its place.", markup=False)


async def _reissue(certificate_id: str, reason: str) -> str:
    async with deployment(settings(), pool_size=2) as found, transaction(found.pool) as conn:
        return await room.reissue(conn, found.floor, OPERATOR, certificate_id, reason)
