"""The trail: every look at a person leaves a row that says who, why and from where, and the chain of rows holds."""

import asyncio
import csv
import io

import pytest

from opencowin.identity import Role
from opencowin.kit import audit
from opencowin.kit.actor import Actor, ActorKind, Place
from opencowin.kit.db import Pool, transaction
from tests.surface import Surface
from tests.web.clinic import Clinic, a_home, booked, value
from tests.web.desks import at_console, place_of

pytestmark = pytest.mark.anyio


async def rows(pool: Pool, after: int) -> list[tuple[str, str, str, str]]:
    async with transaction(pool) as conn:
        found = await conn.execute(
            "SELECT actor_kind, action, reason, address FROM audit WHERE audit_id > %s ORDER BY audit_id", (after,)
        )
        return [(kind, action, reason, address) for kind, action, reason, address in await found.fetchall()]


async def last(platform: Surface) -> int:
    return int(await value(platform, "SELECT coalesce(max(audit_id), 0) FROM audit"))


async def test_every_look_is_a_row_and_so_is_every_wrong_code(clinic: Clinic) -> None:
    platform = clinic.platform
    home = await a_home(platform)
    secret = (await platform.household(home.token))[home.first]["secret_code"]
    await booked(clinic, home, session_id=clinic.today)
    before = await last(platform)
    await clinic.find(home.first, secret_code="0000" if secret != "0000" else "0001")
    await clinic.find(home.first, secret_code=secret)
    await clinic.find(home.first, center_id=clinic.centre.centre_id)
    await clinic.vaccinate(home.first)
    seen = await rows(platform.pool, before)
    assert [(action, reason) for _, action, reason, _ in seen if _is_of_registry(action)][:4] == [
        ("registry.prove", "wrong secret code"),
        ("registry.prove", "secret code"),
        ("registry.read_person", "secret code"),
        ("registry.read_person", "booked here today"),
    ]
    assert "vaccination.record_dose" in {action for _, action, _, _ in seen}
    assert {(kind, address) for kind, _, _, address in seen if kind == "partner"} == {("partner", "127.0.0.1")}


def _is_of_registry(action: str) -> bool:
    return action.startswith("registry.")


async def test_a_household_that_looks_at_itself_leaves_no_row(platform: Surface) -> None:
    home, before = await a_home(platform), await last(platform)
    await platform.household(home.token)
    assert [row for row in await rows(platform.pool, before) if row[0] == "citizen"] == []


async def test_the_chain_of_rows_is_closed_within_seconds_and_holds(platform: Surface) -> None:
    newest = await last(platform)
    for _ in range(200):
        if not await value(
            platform, "SELECT count(*) FROM audit WHERE audit_id <= %(n)s AND chain_hash IS NULL", n=newest
        ):
            break
        await asyncio.sleep(0.05)
    async with transaction(platform.pool) as conn:
        checked, broken = await audit.verify(conn)
    assert broken is None
    assert checked >= 5


async def test_the_trail_as_a_table_says_who_looked_at_whom_and_runs_no_formula(clinic: Clinic) -> None:
    platform, place = clinic.platform, await place_of(clinic.platform, clinic.centre)
    manager, desk_of_manager = await at_console(platform, Role.CENTRE_MANAGER, place)
    home = await a_home(platform)
    await booked(clinic, home, session_id=clinic.today)
    await desk_of_manager.get("/console/look")
    seen = await desk_of_manager.post("/console/look", reference=home.first)
    assert "Asha Kumari" in seen.text
    actor = Actor(ActorKind.STAFF, str(manager.staff_id), place=place)
    async with transaction(platform.pool) as conn:
        await audit.record(conn, actor, "test.formula", subject=("test", "1"), reason="=HYPERLINK(1)")
    _, officer = await at_console(platform, Role.DISTRICT_OFFICER, Place(place.state_id, place.district_id))
    answer = await officer.get("/console/audit.csv", who=manager.user_name)
    assert answer.headers["content-disposition"] == f'attachment; filename="audit-{platform.day()}.csv"'
    table = list(csv.DictReader(io.StringIO(answer.text)))
    look = next(one for one in table if one["reason"] == "booked here today")
    whom = await value(
        platform, "SELECT beneficiary_id FROM beneficiary WHERE reference_id = %(id)s", id=int(home.first)
    )
    assert [look[name] for name in ("who", "role", "subject", "subject_id")] == [
        manager.user_name,
        "centre_manager",
        "beneficiary",
        str(whom),
    ]
    assert {one["who"] for one in table} == {manager.user_name}
    assert "'=HYPERLINK(1)" in {one["reason"] for one in table}
    assert "Asha" not in answer.text
    trail = "SELECT count(*) FROM audit WHERE action = 'audit.read' AND reason = 'export'"
    assert await value(platform, trail) >= 1
    elsewhere = Place(place.state_id, clinic.centre.district_id + 1)
    _, other = await at_console(platform, Role.DISTRICT_OFFICER, elsewhere)
    assert manager.user_name not in (await other.get("/console/audit.csv", who=manager.user_name)).text
