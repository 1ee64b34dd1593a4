"""Stock: batches that may not be used, vials that were opened, the cold chain, the report, and other systems."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from opencowin import places, scheduling, stock
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission, Place
from opencowin.kit.db import Connection, fetch_value
from opencowin.kit.floor import Floor
from opencowin.stock import Lot, NewHold, NewReading, Store, Tier, Used, Vials, WasteReason
from tests.builders import TEST, a_session, new_centre, stock_in

pytestmark = pytest.mark.anyio
VACCINE = "COVISHIELD"


def officer(**place: int) -> Actor:
    return Actor(ActorKind.STAFF, "officer", frozenset({Permission.PUBLISH_SESSIONS}), place=Place(**place))


async def receive(conn: Connection, floor: Floor, store: Store, number: str, doses: int) -> None:
    batch = stock.VaccineBatch(VACCINE, number, floor.clock.today() + timedelta(90), 10)
    await stock.receive(conn, floor, TEST, store, batch, doses, movement_id=uuid4())


async def publish(conn: Connection, floor: Floor, centre: places.Centre, doses: int, ahead: int = 1) -> UUID:
    new = a_session(centre, floor.clock.today() + timedelta(ahead), doses=doses)
    return await scheduling.publish_session(conn, floor, TEST, new)


async def test_a_recalled_batch_is_not_promised_issued_or_sent_and_its_sessions_are_named(
    conn: Connection, floor: Floor
) -> None:
    centre = await new_centre(conn)
    store = Store(Tier.CENTRE, centre.centre_id)
    await receive(conn, floor, store, "R-1", 100)
    session = await publish(conn, floor, centre, 40)
    recall = NewHold(uuid4(), VACCINE, "R-1", "the maker calls it back")
    with pytest.raises(NotPermitted):
        await stock.hold_batch(conn, floor, officer(district_id=centre.district_id), recall)
    touched = await stock.hold_batch(conn, floor, TEST, recall)
    assert [(one.session_id, one.doses) for one in touched] == [(session, 40)]
    here = {"district_id": centre.district_id, "centre_id": centre.centre_id}
    with pytest.raises(stock.BatchHeld):
        await stock.issue_to_session(conn, floor, TEST, session, **here)
    with pytest.raises(stock.NotEnoughStock):
        await publish(conn, floor, centre, 1)
    with pytest.raises(stock.BatchHeld):
        await stock.dispatch(
            conn, floor, TEST, store, Store(Tier.NATION), Lot(VACCINE, "R-1", 1), consignment_id=uuid4()
        )
    assert len(await stock.hold_batch(conn, floor, TEST, recall)) == 1
    await stock.lift_hold(conn, floor, TEST, recall.hold_id, "tested and good")
    assert await stock.issue_to_session(conn, floor, TEST, session, **here) == 40
    with pytest.raises(stock.NoSuchHold):
        await stock.lift_hold(conn, floor, TEST, recall.hold_id, "again")


async def test_doses_of_a_recalled_batch_that_arrive_later_are_held_too(conn: Connection, floor: Floor) -> None:
    nation, centre = Store(Tier.NATION), await new_centre(conn)
    await receive(conn, floor, nation, "R-2", 100)
    sent = uuid4()
    store = Store(Tier.CENTRE, centre.centre_id)
    await stock.dispatch(conn, floor, TEST, nation, store, Lot(VACCINE, "R-2", 60), consignment_id=sent)
    await stock.hold_batch(conn, floor, TEST, NewHold(uuid4(), VACCINE, "R-2", "recalled"))
    key = (VACCINE, "R-2")
    await stock.arrive(conn, floor, TEST, sent, {key: 45}, broken={key: 10})
    (batch,) = await stock.batches_at(conn, centre.district_id, centre.centre_id)
    assert (batch.received, batch.free, batch.held) == (45, 0, True)


async def test_vials_keep_for_as_long_as_the_vaccine_allows_and_no_more_are_opened_than_there_are(
    conn: Connection, floor: Floor
) -> None:
    centre = await new_centre(conn)
    await receive(conn, floor, Store(Tier.CENTRE, centre.centre_id), "V-1", 25)
    vials = Vials(uuid4(), VACCINE, "V-1", 2)
    opened = await stock.open_vials(conn, floor, TEST, centre.centre_id, vials)
    assert (opened.doses, opened.discard_at - opened.opened_at) == (20, timedelta(hours=4))
    assert await stock.open_vials(conn, floor, TEST, centre.centre_id, vials) == opened
    with pytest.raises(stock.NotSoManyThere):
        await stock.open_vials(conn, floor, TEST, centre.centre_id, Vials(uuid4(), VACCINE, "V-1", 2))
    await stock.open_vials(conn, floor, TEST, centre.centre_id, Vials(uuid4(), VACCINE, "V-1", 1))
    assert len(await stock.open_now(conn, floor, [Store(Tier.CENTRE, centre.centre_id).account])) == 2


async def test_a_temperature_out_of_range_is_an_alarm_and_may_quarantine_what_is_there(
    conn: Connection, floor: Floor
) -> None:
    centre = await new_centre(conn)
    store = Store(Tier.CENTRE, centre.centre_id)
    await receive(conn, floor, store, "T-1", 50)
    now = floor.clock.now()
    warm = NewReading(uuid4(), store, Decimal("11.5"), now - timedelta(minutes=5), quarantine=True)
    assert await stock.record_temperature(conn, floor, TEST, warm) == stock.Watched(True, 1)
    assert await stock.record_temperature(conn, floor, TEST, warm) == stock.Watched(True, 0)
    assert [one.celsius for one in await stock.alarms(conn, [store.account])] == [Decimal("11.5")]
    (hold,) = await stock.holds_in(conn, [store.account])
    assert (hold.batch_number, hold.account) == ("T-1", store.account)
    good = NewReading(uuid4(), store, Decimal(5), now)
    assert not (await stock.record_temperature(conn, floor, TEST, good)).out_of_range
    assert await stock.alarms(conn, [store.account]) == []
    with pytest.raises(stock.TemperatureUnlikely):
        await stock.record_temperature(
            conn, floor, TEST, NewReading(uuid4(), store, Decimal(5), now + timedelta(hours=1))
        )


async def test_a_withdrawn_session_gives_back_what_it_was_issued(conn: Connection, floor: Floor) -> None:
    centre = await new_centre(conn)
    store = Store(Tier.CENTRE, centre.centre_id).account
    await stock_in(conn, floor, centre, VACCINE, doses=60)
    session = await publish(conn, floor, centre, 40)
    here = {"district_id": centre.district_id, "centre_id": centre.centre_id}
    await stock.issue_to_session(conn, floor, TEST, session, **here)
    assert {one.account: one.doses for one in await stock.balances(conn, [store, stock.in_session(session)])} == {
        store: 20,
        stock.in_session(session): 40,
    }
    await scheduling.withdraw_session(conn, floor, TEST, session, "no power")
    balances = await stock.balances(conn, [store, stock.in_session(session)])
    assert {one.account: one.doses for one in balances} == {store: 60}
    (batch,) = await stock.batches_at(conn, centre.district_id, centre.centre_id)
    assert batch.free == 60


async def test_a_closed_session_that_is_withdrawn_later_keeps_what_it_gave(conn: Connection, floor: Floor) -> None:
    centre = await new_centre(conn)
    await stock_in(conn, floor, centre, VACCINE, doses=60)
    session = await publish(conn, floor, centre, 40)
    here = {"district_id": centre.district_id, "centre_id": centre.centre_id}
    await stock.issue_to_session(conn, floor, TEST, session, **here)
    await stock.close_session(conn, floor, TEST, session, {(VACCINE, "B-1"): Used(30)}, **here)
    await scheduling.withdraw_session(conn, floor, TEST, session, "over")
    (batch,) = await stock.batches_at(conn, centre.district_id, centre.centre_id)
    assert batch.free == 30


async def test_the_report_tells_what_became_of_doses_by_place(conn: Connection, floor: Floor) -> None:
    centre = await new_centre(conn)
    district = Store(Tier.DISTRICT, centre.district_id)
    await receive(conn, floor, district, "U-1", 200)
    sent, lot = uuid4(), Lot(VACCINE, "U-1", 100)
    centre_store = Store(Tier.CENTRE, centre.centre_id)
    await stock.dispatch(conn, floor, TEST, district, centre_store, lot, consignment_id=sent)
    await stock.arrive(conn, floor, TEST, sent, {(VACCINE, "U-1"): 90}, broken={(VACCINE, "U-1"): 4})
    session = await publish(conn, floor, centre, 50)
    here = {"district_id": centre.district_id, "centre_id": centre.centre_id}
    await stock.issue_to_session(conn, floor, TEST, session, **here)
    await stock.open_vials(conn, floor, TEST, centre.centre_id, Vials(uuid4(), VACCINE, "U-1", 4), session_id=session)
    used = {(VACCINE, "U-1"): Used(36, {WasteReason.OPEN_VIAL: 4})}
    await stock.close_session(conn, floor, TEST, session, used, **here)
    lost = Lot(VACCINE, "U-1", 2)
    await stock.waste(conn, floor, TEST, centre_store, lost, WasteReason.HEAT, movement_id=uuid4())
    await stock.count(conn, floor, TEST, district, Lot(VACCINE, "U-1", 97), movement_id=uuid4())
    now = floor.clock.now()
    period = (now - timedelta(days=1), now + timedelta(days=1))
    report = {
        one.place_id: one for one in await stock.use_of_doses(conn, TEST, Place(None, centre.district_id), *period)
    }
    here_used, above = report[centre.centre_id], report[0]
    assert (here_used.received, here_used.given, here_used.wasted) == (90, 36, 10)
    assert dict(here_used.by_reason) == {"open_vial": 4, "broken": 4, "heat": 2}
    assert (here_used.lost_on_the_way, here_used.missing, here_used.vials_opened, here_used.on_hand) == (6, 0, 4, 48)
    assert here_used.wastage == pytest.approx(10 / 46)
    assert (above.received, above.sent, above.missing, above.on_hand) == (200, 100, 3, 97)
    states = await stock.use_of_doses(conn, TEST, Place(), *period)
    assert (await places.district(conn, centre.district_id)).state_id in {one.place_id for one in states}
    elsewhere = await stock.use_of_doses(conn, TEST, Place(None, centre.district_id + 1), *period)
    assert [one for one in elsewhere if one.place_id == centre.centre_id] == []


async def test_another_systems_movements_are_taken_once_each_on_its_own(conn: Connection, floor: Floor) -> None:
    centre = await new_centre(conn)
    expires = floor.clock.today() + timedelta(days=60)
    store, here = f"district:{centre.district_id}", f"centre:{centre.centre_id}"

    def row(number: str, kind: str, doses: int, **more: object) -> stock.Exchanged:
        facts = {"store": store, "vaccine_id": VACCINE, "batch_number": "E-1", **more}
        return stock.Exchanged(id=number, kind=kind, doses=doses, **facts)  # type: ignore[arg-type]

    rows = [
        row("evin/1", "receipt", 100, expires_on=expires),
        row("evin/2", "dispatch", 40, target=here),
        row("evin/2", "arrival", 38),
        row("evin/3", "waste", 500, reason="broken"),
        row("evin/4", "waste", 5, reason="frozen"),
        row("evin/5", "teleport", 5),
    ]
    states = [one.state for one in await stock.take_in(conn, floor, TEST, rows)]
    assert states == ["recorded", "recorded", "recorded", "refused", "recorded", "refused"]
    again = [one.state for one in await stock.take_in(conn, floor, TEST, rows)]
    assert again == ["known", "known", "known", "refused", "known", "refused"]
    assert {one.account: one.doses for one in await stock.balances(conn, [store, here])} == {store: 55, here: 38}
    with pytest.raises(stock.TooManyMovements):
        await stock.take_in(conn, floor, TEST, rows * 1_000)
    stranger = officer(district_id=centre.district_id + 1)
    (no,) = await stock.take_in(conn, floor, stranger, rows[:1])
    assert isinstance(no.refusal, NotPermitted)
    with pytest.raises(NotPermitted):
        await stock.give_out(conn, stranger, stock.store_named(store), floor.clock.now(), 10)
    told = await stock.give_out(conn, TEST, stock.store_named(store), floor.clock.now() - timedelta(hours=1), 10)
    assert [one.kind for one in told] == ["receipt", "dispatch", "waste"]
    assert await fetch_value(conn, "SELECT count(*) FROM audit WHERE action = 'stock.move'") >= 4
