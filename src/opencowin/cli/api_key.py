"""`opencowin api-key`: the keys of partner systems."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table

from opencowin import identity
from opencowin.cli.explain import MISUSED, CommandRefused
from opencowin.cli.staff import OPERATOR, CentreId, DistrictId, StateId, scope, told
from opencowin.cli.terminal import out
from opencowin.identity import ApiKey
from opencowin.kit.actor import Permission
from opencowin.kit.db import transaction
from opencowin.kit.settings import settings
from opencowin.serving import deployment

app = typer.Typer(no_args_is_help=True)


@app.callback()
def api_key() -> None:
    """The keys of partner systems: make, list and revoke them."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    *,
    may: Annotated[list[str], typer.Option("--may", help="A permission, such as doses:record; may be repeated.")],
    per_minute: Annotated[int, typer.Option(help="Calls in a minute.", min=1)] = 600,
    per_day: Annotated[int, typer.Option(help="Calls in a day.", min=1)] = 100_000,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day on which it ends.")] = None,
    state_id: StateId = None,
    district_id: DistrictId = None,
    centre_id: CentreId = None,
) -> None:
    """Make a key; prints it once."""
    ends = until.replace(tzinfo=UTC) if until else None
    key_id, secret = asyncio.run(
        _create(name, _permissions(may), (per_minute, per_day), ends, (state_id, district_id, centre_id))
    )
    out.print(f"Key id: {key_id}")
    out.print(f"Key:    {secret}  (it cannot be shown again)", markup=False)


def _permissions(names: list[str]) -> set[Permission]:
    known = {one.value: one for one in Permission}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CommandRefused(f"there is no permission {unknown[0]}; there are {', '.join(known)}", MISUSED)
    return {known[name] for name in names}


async def _create(
    name: str,
    permissions: set[Permission],
    calls: tuple[int, int],
    ends: datetime | None,
    where: tuple[int | None, int | None, int | None],
) -> tuple[UUID, str]:
    async with deployment(settings()) as found, transaction(found.pool) as conn:
        return await identity.make_api_key(
            conn,
            found.floor,
            OPERATOR,
            name,
            permissions=permissions,
            place=await scope(conn, *where),
            calls_per_minute=calls[0],
            calls_per_day=calls[1],
            expires_at=ends,
        )


@app.command("list")
def list_all() -> None:
    """List the keys, ended ones too."""
    table = Table("key id", "name", "may", "scope", "calls", "ends", "revoked")
    for one in asyncio.run(_keys()):
        ends, revoked = (f"{at:%Y-%m-%d}" if at else "" for at in (one.expires_at, one.revoked_at))
        may = ", ".join(sorted(permission.value for permission in one.permissions))
        calls = f"{one.calls_per_minute}/min, {one.calls_per_day}/day"
        table.add_row(str(one.key_id), one.name, may, told(one.place), calls, ends, revoked)
    out.print(table)


async def _keys() -> list[ApiKey]:
    async with deployment(settings()) as found, transaction(found.pool) as conn:
        return await identity.list_api_keys(conn, found.floor, OPERATOR)


@app.command()
def revoke(key_id: Annotated[UUID, typer.Argument(help="The key's id.")]) -> None:
    """End a key at once."""
    asyncio.run(_revoke(key_id))
    out.print(f"Key {key_id} is revoked.")


async def _revoke(key_id: UUID) -> None:
    async with deployment(settings()) as found, transaction(found.pool) as conn:
        await identity.revoke_api_key(conn, found.floor, OPERATOR, key_id)
