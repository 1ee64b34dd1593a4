"""Stock: whatever is recorded in whatever order, every dose is in one account, and refused movements change nothing."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opencowin import stock
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission, Place
from opencowin.kit.db import Connection, fetch_value
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.stock import Lot, Store, Tier, Used, WasteReason
from tests.builders import TEST, new_centre

VACCINE, BATCH = "COVISHIELD", "L-1"
NATION = Store(Tier.NATION)
STEPS = (
    *("receive", "dispatch", "arrive", "arrive short", "waste", "count", "allot", "issue", "close", "give back"),
    *("take back", "hold", "lift", "open vials"),
)

BROKEN = """
    WITH moved AS (
        SELECT account, vaccine_id, batch_number, sum(doses) AS doses FROM (
            SELECT target AS account, vaccine_id, batch_number, doses FROM stock_movement
            UNION ALL SELECT source, vaccine_id, batch_number, -doses FROM stock_movement) every GROUP BY 1, 2, 3)
    SELECT 'balance differs from movements', account FROM stock_balance
        LEFT JOIN moved USING (account, vaccine_id, batch_number)
        WHERE stock_balance.doses <> coalesce(moved.doses, 0)
    UNION ALL SELECT 'movements without balance', account FROM moved
        LEFT JOIN stock_balance b USING (account, vaccine_id, batch_number) WHERE b.doses IS NULL AND moved.doses <> 0
    UNION ALL SELECT 'a batch is not 0 over all accounts', batch_number FROM stock_balance
        GROUP BY vaccine_id, batch_number HAVING sum(doses) <> 0
    UNION ALL SELECT 'overdrawn', account FROM stock_balance WHERE doses < 0 AND account NOT IN ('supplier', 'found')
    UNION ALL SELECT 'a centre promises what it has not', 'centre:' || b.centre_id FROM batch b
        LEFT JOIN stock_balance s ON s.account = 'centre:' || b.centre_id AND s.vaccine_id = b.vaccine_id
            AND s.batch_number = b.batch_number
        WHERE b.received - b.allotted > coalesce(s.doses, 0)
    UNION ALL SELECT 'the mark of a batch differs from its holds', b.batch_number FROM batch b
        WHERE b.held <> EXISTS (SELECT FROM batch_hold h WHERE (h.vaccine_id, h.batch_number)
            = (b.vaccine_id, b.batch_number) AND h.lifted_at IS NULL
            AND h.account IN ('everywhere', 'centre:' || b.centre_id))
    UNION ALL SELECT 'allotted differs', b.batch_number FROM batch b LEFT JOIN (
            SELECT district_id, centre_id, vaccine_id, batch_number, sum(doses) AS doses FROM session_batch
            GROUP BY 1, 2, 3, 4) s USING (district_id, centre_id, vaccine_id, batch_number)
        WHERE b.allotted <> coalesce(s.doses, 0)
"""


async def broken(conn: Connection) -> list[tuple[str, str]]:
    """What of the ledger does not hold."""
    return [(row[0], row[1]) for row in await (await conn.execute(BROKEN)).fetchall()]


class Play:
    """One script of movements between the nation's store and a centre."""

    def __init__(self, conn: Connection, floor: Floor, centre_id: int, district_id: int) -> None:
        self.conn, self.floor, self.centre_id, self.district_id = conn, floor, centre_id, district_id
        self.centre = Store(Tier.CENTRE, centre_id)
        self.sent: list[UUID] = []
        self.sessions: list[UUID] = []
        self.holds: list[UUID] = []
        self.batch = stock.VaccineBatch(VACCINE, BATCH, floor.clock.today() + timedelta(days=90), 10)

    async def step(self, what: str, doses: int, where: Store) -> None:
        """Do it; a refusal undoes it."""
        try:
            async with self.conn.transaction():
                await self._do(what, doses, where)
        except Refusal:
            pass

    async def _do(self, what: str, doses: int, where: Store) -> None:
        lot = Lot(VACCINE, BATCH, doses)
        by: tuple[Connection, Floor, Actor] = (self.conn, self.floor, TEST)
        session = self.sessions[-1] if self.sessions else uuid4()
        match what:
            case "receive":
                await stock.receive(*by, where, self.batch, doses, movement_id=uuid4())
            case "dispatch":
                self.sent.append(uuid4())
                other = NATION if where == self.centre else self.centre
                await stock.dispatch(*by, where, other, lot, consignment_id=self.sent[-1])
            case "arrive" | "arrive short" if self.sent:
                way = stock.transit(self.sent[-1])
                there = {one.doses for one in await stock.balances(self.conn, [way])}
                came = max(there, default=0) if what == "arrive" else doses
                await stock.arrive(*by, self.sent[-1], {(VACCINE, BATCH): came})
            case "waste":
                await stock.waste(*by, where, lot, WasteReason.BROKEN, movement_id=uuid4())
            case "count":
                await stock.count(*by, where, lot, movement_id=uuid4())
            case "allot":
                on = self.floor.clock.today()
                self.sessions.append(uuid4())
                await stock.allot(
                    self.conn,
                    self.district_id,
                    self.centre_id,
                    vaccine_id=VACCINE,
                    session_id=self.sessions[-1],
                    doses=doses,
                    on=on,
                )
            case "issue":
                await stock.issue_to_session(*by, session, district_id=self.district_id, centre_id=self.centre_id)
            case "close":
                used = {(VACCINE, BATCH): Used(doses // 2, {WasteReason.OPEN_VIAL: doses // 5})}
                await stock.close_session(*by, session, used, district_id=self.district_id, centre_id=self.centre_id)
            case "take back" | "hold" | "lift" | "open vials":
                await self._care(what, doses, where)
            case "give back" if not await stock.balances(self.conn, [stock.in_session(session)]):
                allotted = await stock.allotted_to(self.conn, self.district_id, session)
                closed = await fetch_value(
                    self.conn,
                    "SELECT count(*) FROM stock_movement WHERE source = %(account)s",
                    account=stock.in_session(session),
                )
                await stock.give_back(
                    self.conn, self.district_id, session, used=sum(part.doses for part in allotted) if closed else 0
                )

    async def _care(self, what: str, doses: int, where: Store) -> None:
        by: tuple[Connection, Floor, Actor] = (self.conn, self.floor, TEST)
        session = self.sessions[-1] if self.sessions else uuid4()
        match what:
            case "take back":
                here = (self.district_id, self.centre_id)
                await stock.take_back(*by, session, district_id=here[0], centre_id=here[1], given=doses % 7)
            case "hold":
                self.holds.append(uuid4())
                store = self.centre if where == self.centre else None
                await stock.hold_batch(*by, stock.NewHold(self.holds[-1], VACCINE, BATCH, "test", store))
            case "lift" if self.holds:
                await stock.lift_hold(*by, self.holds.pop(), "test")
            case "open vials":
                vials = stock.Vials(uuid4(), VACCINE, BATCH, doses // 10)
                await stock.open_vials(*by, self.centre_id, vials)


async def play(dsn: str, floor: Floor, script: list[tuple[str, int, bool]]) -> None:
    """Play a script in a transaction of its own; after every step the ledger holds."""
    async with (
        await psycopg.AsyncConnection.connect(dsn, autocommit=True) as conn,
        conn.transaction(force_rollback=True),
    ):
        centre = await new_centre(conn)
        one = Play(conn, floor, centre.centre_id, centre.district_id)
        await one.step("receive", 60, one.centre)
        await one.step("receive", 60, NATION)
        for what, doses, at_centre in script:
            await one.step(what, doses, one.centre if at_centre else NATION)
            assert await broken(conn) == [], (what, doses, at_centre)


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 80), st.booleans()), min_size=5, max_size=25))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_dose_is_in_one_account_whatever_happens(database: str, floor: Floor, script: object) -> None:
    asyncio.run(play(database, floor, script))  # type: ignore[arg-type]  # as drawn


@pytest.mark.anyio
async def test_the_check_sees_a_ledger_that_does_not_hold(conn: Connection, floor: Floor) -> None:
    centre = await new_centre(conn)
    one = Play(conn, floor, centre.centre_id, centre.district_id)
    await one.step("receive", 60, one.centre)
    assert await broken(conn) == []
    await conn.execute("UPDATE stock_balance SET doses = doses + 1 WHERE account = 'supplier'")
    assert {what for what, _ in await broken(conn)} == {
        "balance differs from movements",
        "a batch is not 0 over all accounts",
    }
    await conn.execute("UPDATE stock_balance SET doses = doses - 1 WHERE account = 'supplier'")
    await conn.execute("UPDATE batch SET held = true")
    assert {what for what, _ in await broken(conn)} == {"the mark of a batch differs from its holds"}


@pytest.mark.anyio
async def test_a_session_is_issued_uses_wastes_and_returns(conn: Connection, floor: Floor) -> None:
    centre = await new_centre(conn)
    one = Play(conn, floor, centre.centre_id, centre.district_id)
    for what, doses in (("receive", 60), ("allot", 40), ("issue", 1), ("issue", 1)):
        await one._do(what, doses, one.centre)
    used = {(VACCINE, BATCH): Used(31, {WasteReason.OPEN_VIAL: 4})}
    here = {"district_id": centre.district_id, "centre_id": centre.centre_id}
    too_many = {(VACCINE, BATCH): Used(41)}
    with pytest.raises(stock.NotIssued):
        await stock.close_session(conn, floor, TEST, one.sessions[0], too_many, **here)
    assert await stock.close_session(conn, floor, TEST, one.sessions[0], used, **here) == 5
    assert await stock.close_session(conn, floor, TEST, one.sessions[0], used, **here) == 0
    accounts = [one.centre.account, stock.in_session(one.sessions[0]), "given", "wasted:open_vial"]
    assert {b.account: b.doses for b in await stock.balances(conn, accounts)} == {
        one.centre.account: 25,
        "given": 31,
        "wasted:open_vial": 4,
    }
    (batch,) = await stock.batches_at(conn, centre.district_id, centre.centre_id)
    assert batch.free == 25


@pytest.mark.anyio
async def test_a_movement_sent_twice_is_one_and_another_under_its_id_is_refused(conn: Connection, floor: Floor) -> None:
    batch = stock.VaccineBatch(VACCINE, "L-2", floor.clock.today() + timedelta(days=90), 10)
    movement = uuid4()
    assert await stock.receive(conn, floor, TEST, NATION, batch, 10, movement_id=movement)
    assert not await stock.receive(conn, floor, TEST, NATION, batch, 10, movement_id=movement)
    with pytest.raises(stock.MovementDiffers):
        await stock.receive(conn, floor, TEST, NATION, batch, 11, movement_id=movement)


@pytest.mark.anyio
async def test_a_store_is_for_who_acts_there(conn: Connection, floor: Floor) -> None:
    centre = await new_centre(conn)
    batch = stock.VaccineBatch(VACCINE, "L-3", floor.clock.today() + timedelta(days=90), 10)
    officer = Actor(ActorKind.STAFF, "o", frozenset({Permission.PUBLISH_SESSIONS}), place=Place(state_id=21))
    assert await stock.receive(conn, floor, officer, Store(Tier.STATE, 21), batch, 10, movement_id=uuid4())
    others = (
        NATION,
        Store(Tier.STATE, 22),
        Store(Tier.DISTRICT, centre.district_id),
        Store(Tier.CENTRE, centre.centre_id),
    )
    for store in others:
        if store.tier in {Tier.DISTRICT, Tier.CENTRE} and str(centre.district_id).startswith("21"):
            continue
        with pytest.raises(NotPermitted):
            await stock.receive(conn, floor, officer, store, batch, 10, movement_id=uuid4())
