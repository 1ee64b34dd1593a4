"""`opencowin staff`: the people who run the campaign."""

import asyncio
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table

from opencowin import identity, places, tablets
from opencowin.cli.explain import CommandRefused
from opencowin.cli.terminal import out
from opencowin.identity import Role, Staff
from opencowin.kit.actor import Place, system
from opencowin.kit.db import Connection, transaction
from opencowin.kit.floor import Floor
from opencowin.kit.settings import settings
from opencowin.serving import deployment

app = typer.Typer(no_args_is_help=True)
OPERATOR = system("command line")

StateId = Annotated[int | None, typer.Option("--state", help="Scope: the number of a state.")]
DistrictId = Annotated[int | None, typer.Option("--district", help="Scope: the number of a district.")]
CentreId = Annotated[int | None, typer.Option("--centre", help="Scope: the number of a centre.")]


@app.callback()
def staff() -> None:
    """The people who run the campaign: appoint, list and deactivate them."""


@app.command()
def create(
    user_name: Annotated[str, typer.Argument(help="Log-in name: small letters, digits, dot, dash.")],
    *,
    name: Annotated[str, typer.Option(help="Full name.")],
    role: Annotated[Role, typer.Option(help="What the person is.")],
    state_id: StateId = None,
    district_id: DistrictId = None,
    centre_id: CentreId = None,
    ask_password: Annotated[
        bool, typer.Option("--ask-password", help="Ask for a password instead of making one.")
    ] = False,
) -> None:
    """Appoint somebody; prints the password once. The scope is the nation, a state, a district or a centre."""
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True) if ask_password else None
    made, shown, enrolment = asyncio.run(_create(user_name, name, role, (state_id, district_id, centre_id), password))
    out.print(f"Appointed {made.user_name} ({made.role.value}).", markup=False)
    if password is None:
        out.print(f"Password: {shown}  (it cannot be shown again)", markup=False)
    _show(enrolment)


async def _create(
    user_name: str, name: str, role: Role, where: tuple[int | None, int | None, int | None], password: str | None
) -> tuple[Staff, str, str]:
    async with deployment(settings()) as found, transaction(found.pool) as conn:
        place = await scope(conn, *where)
        made, shown = await identity.create_staff(
            conn, found.floor, OPERATOR, user_name, name=name, role=role, place=place, password=password
        )
        return made, shown, await identity.allow_enrolment(conn, found.floor, OPERATOR, made.staff_id)


def _show(enrolment: str) -> None:
    """The code that is handed over apart from the password, where one is needed."""
    if enrolment:
        hours = settings().invitation_hours
        told = f"Enrolment code: {enrolment}  (needed once within {hours} hours, to set up a second factor)"
        out.print(told, markup=False)


async def scope(conn: Connection, state_id: int | None, district_id: int | None, centre_id: int | None) -> Place:
    """The scope that the narrowest of the numbers names, with those above it. Raises UnknownCentre, UnknownDistrict."""
    try:
        return await places.place_of(conn, state_id=state_id, district_id=district_id, centre_id=centre_id)
    except places.UnknownState:
        raise CommandRefused(f"there is no state with the number {state_id}") from None


@app.command("list")
def list_all() -> None:
    """List everybody, those who left too."""
    table = Table("user name", "name", "role", "scope", "since", "left")
    for one in asyncio.run(_everybody()):
        left = f"{one.deactivated_at:%Y-%m-%d}" if one.deactivated_at else ""
        table.add_row(one.user_name, one.name, one.role.value, told(one.place), f"{one.created_at:%Y-%m-%d}", left)
    out.print(table)


def told(place: Place) -> str:
    """A scope in words."""
    narrowest = [("centre", place.centre_id), ("district", place.district_id), ("state", place.state_id)]
    return next((f"{level} {number}" for level, number in narrowest if number is not None), "nation")


async def _everybody() -> list[Staff]:
    async with deployment(settings()) as found, transaction(found.pool) as conn:
        return await identity.list_staff(conn, found.floor, OPERATOR)


@app.command()
def deactivate(user_name: Annotated[str, typer.Argument(help="Log-in name.")]) -> None:
    """End somebody's access at once."""
    asyncio.run(_deactivate(user_name))
    out.print(f"{user_name} has no access any more.", markup=False)


async def _deactivate(user_name: str) -> None:
    async with deployment(settings()) as found, transaction(found.pool) as conn:
        staff_id = await _called(conn, found.floor, user_name)
        await identity.deactivate_staff(conn, found.floor, OPERATOR, staff_id)


@app.command("reset-second-factor")
def reset_second_factor(
    user_name: Annotated[str, typer.Argument(help="Log-in name.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; it stands in the audit trail.")],
) -> None:
    """Take somebody's app, passkeys and recovery codes away, who then sets up others; for the last officer, say."""
    enrolment = asyncio.run(_reset(user_name, reason))
    out.print(f"{user_name} sets up another second factor at the next sign-in.", markup=False)
    _show(enrolment)


async def _reset(user_name: str, reason: str) -> str:
    async with deployment(settings()) as found, transaction(found.pool) as conn:
        staff_id = await _called(conn, found.floor, user_name)
        enrolment = await identity.reset_second_factor(conn, found.floor, OPERATOR, staff_id, reason)
        await tablets.end_tablets_of(conn, found.floor, OPERATOR, staff_id)
        return enrolment


async def _called(conn: Connection, floor: Floor, user_name: str) -> UUID:
    everybody = await identity.list_staff(conn, floor, OPERATOR)
    named = next((one for one in everybody if one.user_name == user_name), None)
    if named is None:
        raise CommandRefused(f"there is nobody called {user_name}")
    return named.staff_id
