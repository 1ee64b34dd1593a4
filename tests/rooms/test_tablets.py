"""Tablets of centres: each record is kept once whatever is lost on the way, and no dose given is ever refused."""

import base64
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from opencowin import identity, places, programme, registry, scheduling, stock, tablets, vaccination
from opencowin.identity import Role
from opencowin.kit.actor import Actor, Place
from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection, fetch_value
from opencowin.kit.floor import Floor
from opencowin.programme import DoseGiven, Facts, Wish, decide
from opencowin.stock import Store, Tier, WasteReason
from opencowin.tablets import (
    Answer,
    AnySent,
    Outcome,
    SentAdverseEvent,
    SentClose,
    SentDose,
    SentUndo,
    SentVials,
    SentWaste,
    Tablet,
    TabletFlag,
)
from opencowin.vaccination import Severity
from tests.builders import TEST, a_session, member, mobile, new_centre, pan, registration, stock_in
from tests.rooms.scene import Scene, at
from tests.rooms.test_stock_ledger import broken

pytestmark = pytest.mark.anyio
PASSWORD = "correct horse battery"
VACCINE, BATCH = "COVISHIELD", "B-1"


class WebServer:
    """A centre with a session of today, a worker, and people who are booked."""

    def __init__(self, scene: Scene, session: UUID, worker: Actor, staff_id: UUID) -> None:
        self.scene, self.session, self.worker, self.staff_id = scene, session, worker, staff_id
        self.conn, self.floor, self.centre = scene.conn, scene.floor, scene.centre

    async def tablet(self) -> tuple[Tablet, str]:
        tablet, token = await tablets.begin_tablet(self.conn, self.floor, self.worker)
        await tablets.day_list(self.conn, self.floor, tablet, [self.session])
        return tablet, token

    def dose(self, person: registry.Beneficiary | None = None, **changes: Any) -> SentDose:
        facts: dict[str, Any] = {
            "record_id": uuid4(),
            "made_at": self.floor.clock.now(),
            "raw": "{}",
            "session_id": self.session,
            "vaccine_id": VACCINE,
            "batch_number": BATCH,
            "dose_number": 1,
            "reference_id": person.reference_id if person else None,
            "secret_code": person.secret_code if person else "",
        }
        return SentDose(**{**facts, **changes})

    async def take(self, tablet: Tablet, *sent: AnySent) -> list[Answer]:
        return [await tablets.take(self.conn, self.floor, tablet, one) for one in sent]

    async def doses(self, person: registry.Beneficiary) -> list[vaccination.Dose]:
        return await vaccination.doses_of(self.conn, person.person, every_state=True)


@pytest.fixture
async def door(conn: Connection, floor: Floor) -> WebServer:
    floor = at(floor, 8)
    centre = await new_centre(conn)
    await stock_in(conn, floor, centre, VACCINE, doses=100)
    scene = Scene(conn, floor, centre)
    session = await scene.session(floor.clock.today(), doses=40)
    place = Place((await places.district(conn, centre.district_id)).state_id, centre.district_id, centre.centre_id)
    name = f"worker-{uuid4().hex[:8]}"
    staff, _ = await identity.create_staff(
        conn, floor, TEST, name, name="Sister Mary", role=Role.VACCINATOR, place=place, password=PASSWORD
    )
    worker = await identity.check_password(conn, floor, name, PASSWORD, address="10.0.0.1")
    return WebServer(scene, session, worker, staff.staff_id)


def common(floor: Floor) -> dict[str, Any]:
    return {"record_id": uuid4(), "made_at": floor.clock.now(), "raw": "{}"}


async def test_the_list_names_who_is_expected_and_leaves_its_trace(door: WebServer) -> None:
    people = await door.scene.family(2)
    await door.scene.book(people, door.session)
    tablet, _ = await tablets.begin_tablet(door.conn, door.floor, door.worker)
    listed = await tablets.day_list(door.conn, door.floor, tablet, [door.session])
    assert {one.person.reference_id for one in listed} == {one.reference_id for one in people}
    assert [(one.dose_number, one.given, one.slot) for one in listed] == [(1, False, "09:00AM-11:00AM")] * 2
    looks = "SELECT count(*) FROM audit WHERE action = %(action)s AND actor_id = %(who)s"
    assert await fetch_value(door.conn, looks, action="tablets.day_list", who=str(door.staff_id)) == 1
    assert await fetch_value(door.conn, looks, action="registry.read_person", who=str(door.staff_id)) == 2
    issued = await stock.balances(door.conn, [stock.in_session(door.session)])
    assert [one.doses for one in issued] == [40]


async def test_no_list_but_of_sessions_of_today_here(door: WebServer) -> None:
    tablet, _ = await tablets.begin_tablet(door.conn, door.floor, door.worker)
    tomorrow = await door.scene.session()
    elsewhere = await new_centre(door.conn)
    await stock_in(door.conn, door.floor, elsewhere, VACCINE, doses=100)
    strange = await scheduling.publish_session(
        door.conn, door.floor, TEST, a_session(elsewhere, door.floor.clock.today())
    )
    for session in (tomorrow, strange, uuid4()):
        with pytest.raises(tablets.NoSessionToday):
            await tablets.day_list(door.conn, door.floor, tablet, [session])


async def test_a_record_sent_twice_is_one_and_is_answered_the_same(door: WebServer) -> None:
    (person,) = await door.scene.family(1)
    await door.scene.book([person], door.session)
    tablet, _ = await door.tablet()
    sent = door.dose(person)
    first, again, third = await door.take(tablet, sent, sent, replace(sent, dose_number=2))
    assert first == again == third
    assert (first.outcome, first.flags) == (Outcome.KEPT, ())
    (dose,) = await door.doses(person)
    assert (dose.dose_id, dose.session_id) == (sent.record_id, door.session)
    assert vaccination.vaccinator_name(door.floor, dose) == "Sister Mary"
    assert await door.scene.live(person) == []


@pytest.mark.parametrize("code", ["wrong", "none"])
async def test_a_secret_code_that_does_not_fit_flags_the_dose(door: WebServer, code: str) -> None:
    (person,) = await door.scene.family(1)
    tablet, _ = await door.tablet()
    (answer,) = await door.take(tablet, door.dose(person, secret_code="" if code == "none" else "xxxx"))
    wanted = TabletFlag.SECRET_CODE_UNCHECKED if code == "none" else TabletFlag.SECRET_CODE_WRONG
    assert set(answer.flags) == {wanted, TabletFlag.NOT_BOOKED}
    (dose,) = await door.doses(person)
    assert dose.state is vaccination.DoseState.VALID
    assert wanted in dose.flags


async def test_a_dose_that_comes_a_week_late_or_from_a_clock_ahead_is_kept(door: WebServer) -> None:
    late, ahead = [(await door.scene.family(1))[0] for _ in range(2)]
    tablet, _ = await door.tablet()
    now = door.floor.clock.now()
    answers = await door.take(
        tablet,
        door.dose(late, made_at=now - timedelta(days=7)),
        door.dose(ahead, made_at=now + timedelta(days=2)),
    )
    assert TabletFlag.RECORDED_LATE in answers[0].flags
    assert TabletFlag.CLOCK_DIFFERS in answers[1].flags
    assert [one.given_on for one in await door.doses(late)] == [door.floor.clock.today() - timedelta(days=7)]
    assert [one.given_on for one in await door.doses(ahead)] == [door.floor.clock.today()]


async def test_what_the_rules_say_no_to_is_kept_and_flagged(door: WebServer) -> None:
    child = await member(door.conn, door.floor, born=door.floor.clock.today().year - 5)
    tablet, _ = await door.tablet()
    (answer,) = await door.take(tablet, door.dose(child, batch_number="NEVER-SEEN"))
    assert answer.outcome is Outcome.KEPT
    assert {"unknown_batch", "not_yet_open_for_group"} <= set(answer.flags) or "too_young" in answer.flags


async def test_two_tablets_that_record_one_dose_make_one(door: WebServer) -> None:
    (person,) = await door.scene.family(1)
    await door.scene.book([person], door.session)
    (one, _), (other, _) = await door.tablet(), await door.tablet()
    first, second = (await door.take(one, door.dose(person)))[0], (await door.take(other, door.dose(person)))[0]
    assert first.flags == ()
    assert TabletFlag.RECORDED_TWICE in second.flags
    assert len(await door.doses(person)) == 1


async def test_a_dose_of_nobody_known_waits_for_a_human_and_keeps_no_other_back(door: WebServer) -> None:
    (person,) = await door.scene.family(1)
    tablet, _ = await door.tablet()
    lost = door.dose(reference_id=10_000_000_000_001, raw='{"reference": "10000000000001"}')
    broken_one, fine = await door.take(tablet, lost, door.dose(person))
    assert (broken_one.outcome, fine.outcome) == (Outcome.ATTENTION, Outcome.KEPT)
    assert broken_one.code == registry.NoSuchBeneficiary.code
    sealed = await fetch_value(
        door.conn, "SELECT content_sealed FROM tablet_record WHERE record_id = %(id)s", id=lost.record_id
    )
    assert json.loads(door.floor.keyring.open(bytes(sealed), "tablet_record.content")) == json.loads(lost.raw)
    (other,) = await door.scene.family(1)
    event = SentAdverseEvent(
        **common(door.floor), dose=lost.record_id, severity=Severity.SERIOUS, description="Fainted"
    )
    (waiting,) = await door.take(tablet, event)
    assert waiting.outcome is Outcome.WAITING
    fixed, told = await door.take(tablet, door.dose(other, instead_of=lost.record_id), event)
    assert (fixed.outcome, told.outcome) == (Outcome.KEPT, Outcome.KEPT)
    assert await tablets_in(door.conn, "replaced") == 1
    events = "SELECT count(*) FROM adverse_event WHERE beneficiary_id = %(id)s"
    assert await fetch_value(door.conn, events, id=other.person.beneficiary_id) == 1


async def tablets_in(conn: Connection, outcome: str) -> int:
    statement = "SELECT count(*) FROM tablet_record WHERE outcome = %(outcome)s"
    return int(await fetch_value(conn, statement, outcome=outcome))


async def test_who_walks_in_is_registered_with_or_without_a_phone(door: WebServer) -> None:
    tablet, _ = await door.tablet()
    for number in (mobile(), ""):
        sent = door.dose(walk_in=registration(document=pan()), mobile=number)
        answer, again = await door.take(tablet, sent, sent)
        assert answer == again
        assert answer.outcome is Outcome.KEPT
        person = await registry.find_person(door.conn, int(answer.reference_id))
        assert len(await vaccination.doses_of(door.conn, person)) == 1


async def test_who_walks_in_and_is_registered_elsewhere_is_known_by_the_document(door: WebServer) -> None:
    document = pan()
    tablet, _ = await door.tablet()
    known = registration(name="Asha Kumari", document=document)
    account = await identity.open_account(door.conn, door.floor, mobile())
    first = await registry.register(door.conn, door.floor, TEST, account, known, channel=registry.Channel.ON_THE_SPOT)
    same, other = await door.take(
        tablet,
        door.dose(walk_in=replace(known, name="asha  kumari"), mobile=mobile()),
        door.dose(walk_in=replace(known, name="Somebody Else"), mobile=mobile()),
    )
    assert same.reference_id == str(first.reference_id)
    assert TabletFlag.REGISTERED_BEFORE in same.flags
    assert (other.outcome, other.code) == (Outcome.ATTENTION, tablets.DocumentOfAnother.code)


async def test_undoing_revokes_the_dose_and_lets_the_appointment_live_again(door: WebServer) -> None:
    (person,) = await door.scene.family(1)
    await door.scene.book([person], door.session)
    tablet, _ = await door.tablet()
    sent = door.dose(person)
    undo = SentUndo(**common(door.floor), dose=sent.record_id, reason="Wrong person chosen")
    early, _, done, again = await door.take(tablet, undo, sent, undo, undo)
    assert (early.outcome, done.outcome, again) == (Outcome.WAITING, Outcome.KEPT, done)
    assert [one.state for one in await door.doses(person)] == [vaccination.DoseState.REVOKED]
    assert [one.session_id for one in await door.scene.live(person)] == [door.session]
    counted = await fetch_value(
        door.conn,
        "SELECT sum(amount) FROM measure_change WHERE measure = 'dose' AND keys->>'centre' = %(centre)s",
        centre=str(door.centre.centre_id),
    )
    assert counted == 0
    (given,) = await door.take(tablet, door.dose(person))
    assert given.flags == ()


async def test_a_worker_who_left_can_still_send_but_gets_nothing(door: WebServer) -> None:
    (person,) = await door.scene.family(1)
    _, token = await door.tablet()
    await identity.deactivate_staff(door.conn, door.floor, TEST, door.staff_id)
    tablet = await tablets.tablet_of(door.conn, door.floor, token, "10.0.0.1")
    assert tablet.left
    with pytest.raises(tablets.NotWorkingHere):
        await tablets.day_list(door.conn, door.floor, tablet, [door.session])
    (answer,) = await door.take(tablet, door.dose(person))
    assert answer.outcome is Outcome.KEPT
    assert TabletFlag.WORKER_LEFT in answer.flags
    with pytest.raises(identity.NotSignedIn):
        await tablets.tablet_of(door.conn, door.floor, token + "x", "10.0.0.1")


async def test_a_tablet_that_is_over_or_signed_out_gets_nothing(door: WebServer) -> None:
    tablet, token = await door.tablet()
    days = door.floor.settings.tablet_days
    later = replace(
        door.floor, clock=Clock(door.floor.clock.zone, lambda: door.floor.clock.now() + timedelta(days=days))
    )
    assert (await tablets.tablet_of(door.conn, later, token, "")).over
    await tablets.end_tablet(door.conn, door.floor, tablet)
    assert (await tablets.tablet_of(door.conn, door.floor, token, "")).over
    _, other = await door.tablet()
    assert await tablets.end_tablets_of(door.conn, door.floor, TEST, door.staff_id) == 1
    assert (await tablets.tablet_of(door.conn, door.floor, other, "")).over


async def close(door: WebServer, tablet: Tablet, doses: int) -> Answer:
    (answer,) = await door.take(tablet, SentClose(**common(door.floor), session_id=door.session, doses=doses))
    return answer


async def used(door: WebServer, tablet: Tablet, *, vials: int, wasted: int = 0, batch: str = BATCH) -> None:
    of: dict[str, Any] = {"session_id": door.session, "vaccine_id": VACCINE, "batch_number": batch}
    await door.take(tablet, SentVials(**common(door.floor), **of, vials=vials, doses_per_vial=10))
    if wasted:
        waste = SentWaste(**common(door.floor), **of, doses=wasted, reason=WasteReason.CONTAMINATED)
        await door.take(tablet, waste)


async def accounts(door: WebServer, *others: str) -> dict[str, int]:
    names = [Store(Tier.CENTRE, door.centre.centre_id).account, stock.in_session(door.session), "given", *others]
    return {one.account: one.doses for one in await stock.balances(door.conn, names)}


async def test_closing_puts_the_sessions_doses_through_the_ledger(door: WebServer) -> None:
    tablet, _ = await door.tablet()
    for _ in range(7):
        await door.take(tablet, door.dose(await member(door.conn, door.floor)))
    await used(door, tablet, vials=1, wasted=2)
    answer = await close(door, tablet, 7)
    assert answer.flags == ()
    centre = Store(Tier.CENTRE, door.centre.centre_id).account
    assert await accounts(door, "wasted:contaminated", "wasted:open_vial") == {
        centre: 90,
        "given": 7,
        "wasted:contaminated": 2,
        "wasted:open_vial": 1,
    }
    assert await broken(door.conn) == []


async def test_a_session_is_settled_when_its_last_tablet_closes_and_what_comes_later_too(door: WebServer) -> None:
    (one, _), (other, _) = await door.tablet(), await door.tablet()
    await door.take(one, door.dose(await member(door.conn, door.floor)))
    await door.take(other, door.dose(await member(door.conn, door.floor)))
    assert (await close(door, one, 2)).flags == ("doses_missing", "others_at_work")
    assert "given" not in await accounts(door)
    assert (await close(door, other, 1)).flags == ()
    assert (await accounts(door))["given"] == 2
    (late,) = await door.take(other, door.dose(await member(door.conn, door.floor)))
    assert TabletFlag.AFTER_CLOSING in late.flags
    days = replace(door.floor, clock=Clock(door.floor.clock.zone, lambda: door.floor.clock.now() + timedelta(days=3)))
    assert await tablets.settle_left_behind(door.conn, days) == 1
    assert await tablets.settle_left_behind(door.conn, days) == 0
    assert (await accounts(door))["given"] == 3
    assert await broken(door.conn) == []


async def test_more_than_was_drawn_or_of_a_batch_on_no_record_is_kept_and_told(door: WebServer) -> None:
    """Eleven doses out of a vial of ten, of a batch that the session was not issued, and one nobody received."""
    tablet, _ = await door.tablet()
    expires = door.floor.clock.today() + timedelta(days=99)
    new = stock.NewBatch(door.centre.centre_id, VACCINE, "B-2", expires, 10)
    await stock.receive_batch(door.conn, door.floor, TEST, new)
    for batch in ["B-2"] * 11 + ["STRANGE"]:
        await door.take(tablet, door.dose(await member(door.conn, door.floor), batch_number=batch))
    await used(door, tablet, vials=1, batch="B-2")
    assert (await close(door, tablet, 12)).flags == ("unknown_batch",)
    centre = Store(Tier.CENTRE, door.centre.centre_id).account
    assert await accounts(door, "found") == {centre: 100, "given": 11, "found": -1}
    assert await broken(door.conn) == []


async def test_a_file_of_sealed_records_opens_here_and_nowhere_else(door: WebServer) -> None:
    key = await tablets.public_key(door.conn, door.floor)
    assert key == await tablets.public_key(door.conn, door.floor)
    envelope = sealed_for(key["point"], {"token": "t", "record": {"id": "x"}})
    assert await tablets.open_envelope(door.conn, door.floor, envelope) == {"token": "t", "record": {"id": "x"}}
    stranger = ec.generate_private_key(ec.SECP256R1()).public_key()
    for wrong in (sealed_for(point_of(stranger), {}), {**envelope, "data": "AAAA"}, {"key": "?"}):
        assert await tablets.open_envelope(door.conn, door.floor, wrong) is None


def point_of(public: ec.EllipticCurvePublicKey) -> str:
    form = serialization.PublicFormat.UncompressedPoint
    return base64.b64encode(public.public_bytes(serialization.Encoding.X962, form)).decode()


def sealed_for(point: str, content: dict[str, Any]) -> dict[str, str]:
    """What a tablet writes into a file."""
    own, iv = ec.generate_private_key(ec.SECP256R1()), os.urandom(12)
    other = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), base64.b64decode(point))
    key = HKDF(hashes.SHA256(), 32, None, b"opencowin tablet record").derive(own.exchange(ec.ECDH(), other))
    data = AESGCM(key).encrypt(iv, json.dumps(content).encode(), None)
    parts = {"iv": iv, "data": data}
    return {
        "key": point_of(own.public_key()),
        **{name: base64.b64encode(part).decode() for name, part in parts.items()},
    }


async def test_the_rules_that_a_tablet_carries_are_those_of_the_programme(door: WebServer) -> None:
    """For every vaccine and what was given before: the same youngest age, the same wait, the same vaccines after."""
    rules, today = await programme.current_programme(door.conn), door.floor.clock.today()
    carried = tablets.carried_rules(rules, today)
    seen = set()
    for vaccine_id, dose, before in cases(carried):
        steps = carried[vaccine_id]["doses"].get(str(dose))
        if steps is None:
            continue
        for days in (1, 20, 27, 28, 83, 84, 272, 273, 400):
            doses = (DoseGiven(1, before, today - timedelta(days=days)),) if before else ()
            facts = Facts(birth_year=1950, doses=doses)
            told = decide(facts, Wish(dose=dose, vaccine_id=vaccine_id, on=today, booked_on=today), rules).reason.value
            if before and before not in steps["after"]:
                assert told != "eligible", (vaccine_id, dose, before)
            elif before and told in {"eligible", "interval_too_short"}:
                assert (told == "eligible") == (days >= steps["after"][before]), (vaccine_id, dose, before, days)
            seen.add(told)
    assert {"eligible", "interval_too_short"} <= seen


def cases(carried: dict[str, Any]) -> Sequence[tuple[str, int, str]]:
    first = [(vaccine, 1, "") for vaccine in carried]
    return [*first, *((vaccine, 2, before) for vaccine in carried for before in carried)]
