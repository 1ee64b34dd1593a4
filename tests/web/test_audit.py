"""The trail: every look at a person leaves a row that says who, why and from where, and the chain of rows holds."""

import asyncio

import pytest

from opencowin.kit import audit
from opencowin.kit.db import Pool, transaction
from tests.surface import Surface
from tests.web.clinic import Clinic, a_home, booked, value

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
