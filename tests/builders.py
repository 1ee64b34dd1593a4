"""Builders: the shortest way to a person, a centre or a session, through the rooms' own verbs."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from itertools import count
from uuid import UUID, uuid4

from opencowin import identity, places, programme, registry, scheduling, stock, vaccination
from opencowin.kit.actor import CITIZEN_PERMISSIONS, Actor, ActorKind, Permission, Place, system
from opencowin.kit.db import Connection, Pool, make_pool, transaction
from opencowin.kit.floor import Floor

TEST = system("test")
MORNING = (time(9), time(11))
NOON = (time(11), time(13))
EVENING = (time(22), time(23, 30))
_numbers = count(1)


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Connection]:
    """One transaction on a database, for callers without a pool."""
    async with make_pool(dsn, size=2) as pool, transaction(pool) as conn:
        yield conn


def load_country(dsn: str, floor: Floor) -> None:
    """Load the country pack's programme and places into a migrated database."""

    async def everything() -> None:
        async with connected(dsn) as conn:
            await programme.load_programme(conn, floor.pack)
            await places.load_places(conn, floor.pack)

    asyncio.run(everything())


def citizen(account_id: UUID) -> Actor:
    """A signed-in person."""
    return Actor(ActorKind.CITIZEN, str(account_id), CITIZEN_PERMISSIONS, account_id=account_id)


def pan() -> str:
    """A fresh, valid document number (type 6)."""
    number = next(_numbers)
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    first, rest = divmod(number, 9999)
    return f"{letters[first // 23]}{letters[first % 23]}CPA{rest + 1:04d}Z"


def registration(name: str = "Asha Kumari", born: int = 1990, document: str | None = None) -> registry.Registration:
    """A valid registration."""
    return registry.Registration(
        name=name,
        birth_year=born,
        gender_id=2,
        document_type_id=6,
        document_number=document or pan(),
        comorbidity=False,
        consent_version="1",
    )


def mobile() -> str:
    """A fresh, valid mobile number."""
    return str(7_100_000_000 + next(_numbers))


async def member(
    conn: Connection, floor: Floor, *, born: int = 1990, account: UUID | None = None
) -> registry.Beneficiary:
    """A registered person, in an account of their own unless one is given."""
    account_id = account or await identity.open_account(conn, floor, mobile())
    return await registry.register(conn, floor, citizen(account_id), account_id, registration(born=born))


def a_dose(
    person: registry.Person, centre: places.Centre, number: int, today: date, days_ago: int
) -> vaccination.GivenDose:
    """A dose of a centre, given so many days ago."""
    return vaccination.GivenDose(
        person=person,
        dose_id=uuid4(),
        dose_number=number,
        vaccine_id="COVISHIELD",
        batch_number=f"B{number}",
        given_on=today - timedelta(days=days_ago),
        vaccinator_name="Nurse Example",
        district_id=centre.district_id,
        centre_id=centre.centre_id,
    )


async def a_centre(pool: Pool, floor: Floor, district_id: int | None = None) -> places.Centre:
    """A government centre in a district (the first of the country unless one is given)."""
    async with transaction(pool) as conn:
        return await new_centre(conn, district_id)


async def new_centre(conn: Connection, district_id: int | None = None) -> places.Centre:
    """A government centre, in the caller's transaction."""
    if district_id is None:
        states = await places.all_states(conn)
        found = [one for state in states[:6] for one in await places.districts_of(conn, state.state_id)]
        district_id = next(one.district_id for one in found if one.latitude is not None)
    number = next(_numbers)
    centre_id = await places.add_centre(
        conn,
        places.NewCentre(
            district_id=district_id,
            name=f"PHC Ward {number}",
            address="1 Main Road",
            pin_code=(await places.localities_of(conn, district_id))[0].pin_code,
            opens_at=time(9),
            closes_at=time(17),
        ),
    )
    return await places.read_centre(conn, centre_id)


async def stock_up(pool: Pool, floor: Floor, centre: places.Centre, vaccine: str, *, doses: int) -> None:
    """Doses of batch B-1 at a centre."""
    async with transaction(pool) as conn:
        await stock_in(conn, floor, centre, vaccine, doses=doses)


async def stock_in(conn: Connection, floor: Floor, centre: places.Centre, vaccine: str, *, doses: int) -> None:
    """Doses of batch B-1 at a centre, in the caller's transaction."""
    expires = floor.clock.today() + timedelta(days=200)
    await stock.receive_batch(conn, floor, TEST, stock.NewBatch(centre.centre_id, vaccine, "B-1", expires, doses))


def a_session(
    centre: places.Centre, on: date, *, doses: int = 50, seats: int = 20, vaccine: str = "COVISHIELD", min_age: int = 18
) -> scheduling.NewSession:
    """A session with a morning, a noon and a late slot, each with seats for first and second doses and walk-ins."""
    classes = {1: seats, 2: seats, 3: seats, 0: seats}
    return scheduling.NewSession(
        centre_id=centre.centre_id,
        held_on=on,
        vaccine_id=vaccine,
        min_age=min_age,
        max_age=None,
        fee=Decimal(0),
        slots=tuple(scheduling.NewSlot(start, end, classes) for start, end in (MORNING, NOON, EVENING)),
        doses=doses,
    )


async def publish(
    pool: Pool,
    floor: Floor,
    session: scheduling.NewSession,
    committed: Callable[[frozenset[int]], None] | None = None,
) -> str:
    """Publish a session; its id as callers write it."""
    async with transaction(pool, committed) as conn:
        return str(await scheduling.publish_session(conn, floor, TEST, session))


async def a_partner_key(pool: Pool, floor: Floor) -> str:
    """The secret of an API key that may do everything everywhere."""
    async with transaction(pool) as conn:
        return await new_key(conn, floor)


async def new_key(
    conn: Connection, floor: Floor, permissions: Collection[Permission] = identity.PARTNER_PERMISSIONS
) -> str:
    """The secret of such a key, in the caller's transaction."""
    _, secret = await identity.make_api_key(
        conn,
        floor,
        TEST,
        "Test partner",
        permissions=permissions,
        place=Place(),
        calls_per_minute=1_000_000,
        calls_per_day=1_000_000_000,
        expires_at=None,
    )
    return secret


@dataclass(frozen=True, slots=True)
class OpenDoor:
    """Credentials of somebody who may call everything."""

    token: str
    api_key: str


@dataclass(frozen=True, slots=True)
class Household:
    """A person with an account of their own."""

    mobile: str
    account_id: UUID
    reference: str
    token: str


async def households_of(dsn: str, floor: Floor, size: int) -> list[Household]:
    """Registered people, each signed in."""
    found = []
    async with make_pool(dsn, size=4) as pool:
        tokens = identity.TokenBook(floor, pool)
        await tokens.refresh()
        async with transaction(pool) as conn:
            for _ in range(size):
                number = mobile()
                account = await identity.open_account(conn, floor, number)
                one = await member(conn, floor, account=account)
                found.append(Household(number, account, str(one.reference_id), tokens.issue(account, "portal")))
    return found


async def sessions_of(dsn: str, floor: Floor, *, count: int, seats: int) -> list[tuple[str, int]]:
    """Sessions of tomorrow, each at a centre of its own: (session, centre)."""
    found = []
    async with connected(dsn) as conn:
        for _ in range(count):
            centre = await new_centre(conn)
            await stock_in(conn, floor, centre, "COVISHIELD", doses=1000)
            new = a_session(centre, floor.clock.today() + timedelta(days=1), doses=500, seats=seats)
            session_id = await scheduling.publish_session(conn, floor, TEST, new)
            found.append((str(session_id), centre.centre_id))
    return found


async def partner_key_of(dsn: str, floor: Floor) -> str:
    """A key that may do everything, on a database."""
    async with connected(dsn) as conn:
        return await new_key(conn, floor)


def open_door(dsn: str, floor: Floor) -> OpenDoor:
    """Credentials for everything on a database, with a household of two and a session to book."""

    async def everything() -> OpenDoor:
        (household,) = await households_of(dsn, floor, 1)
        await sessions_of(dsn, floor, count=2, seats=50)
        return OpenDoor(household.token, await partner_key_of(dsn, floor))

    return asyncio.run(everything())
