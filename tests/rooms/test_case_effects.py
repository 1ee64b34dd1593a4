"""What accepting a case does, kind by kind: records corrected, certificates issued anew, the old ones revoked."""

import hashlib
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest

from opencowin import cases, certificates, identity, registry, scheduling, vaccination
from opencowin.cases import CaseKind, CaseState
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection, fetch_value
from opencowin.kit.floor import Floor
from opencowin.registry import Correction, Registration
from opencowin.vaccination import DoseCorrection
from tests.builders import TEST, a_session, citizen, mobile, pan
from tests.rooms.case_scene import Bench, later, officer
from tests.rooms.scene import jobs

pytestmark = pytest.mark.anyio
PASSPORT = 8


async def test_wrong_facts_are_corrected_once_each_and_the_certificate_says_so(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who = await bench.person("Asha Kumri", birth_year=1990)
    await bench.dose(who)
    old = (await bench.sheet(who)).statement.certificate_id
    number = pan()
    facts = Correction(
        "Asha Kumari", birth_date=date(1989, 4, 14), gender_id=1, document_type_id=6, document_number=number
    )
    case = await bench.raised(who, CaseKind.FACTS_WRONG, cases.Wish(facts=facts))
    await bench.accept(case)
    after = await registry.read_person(conn, floor, officer(), who.person, "test")
    assert (after.name, after.birth_year, after.birth_date, after.gender_id) == (
        "Asha Kumari",
        1989,
        date(1989, 4, 14),
        1,
    )
    assert after.document_masked.endswith(number[-4:])
    said = (await bench.sheet(who)).statement
    assert (said.name, said.birth) == ("Asha Kumari", "1989-04-14")
    assert said.certificate_id != old
    assert await bench.revoked(old)
    assert await bench.counted() == 1
    for once in (Correction(name="Usha Kumari"), Correction(birth_year=1980), Correction(gender_id=2)):
        with pytest.raises(cases.CorrectedAlready):
            await bench.raised(who, CaseKind.FACTS_WRONG, cases.Wish(facts=once))


async def test_a_document_of_somebody_else_is_no_correction_and_nothing_changes(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    taken = pan()
    await bench.person("Ravi Kumar", document_number=taken)
    who = await bench.person()
    wish = cases.Wish(facts=Correction(name="Rita", document_type_id=6, document_number=taken))
    case = await bench.raised(who, CaseKind.FACTS_WRONG, wish)
    with pytest.raises(registry.DocumentRegistered):
        async with conn.transaction():
            await bench.accept(case)
    after = await registry.read_person(conn, floor, officer(), who.person, "test")
    assert after.name == "Asha Kumari"
    assert await bench.state(case) is CaseState.RAISED


async def test_a_passport_is_added_and_stands_on_the_certificate_for_travel(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who = await bench.person(birth_date=date(1990, 4, 14))
    await bench.dose(who)
    assert (await bench.sheet(who)).statement.travel_document == ""
    case = await bench.raised(who, CaseKind.PASSPORT, cases.Wish(passport=cases.Passport(PASSPORT, "k1234567")))
    await bench.accept(case)
    page = await bench.sheet(who)
    assert page.statement.travel_document == "K1234567"
    assert page.payload(certificates.Format.ICAO_VDS_NC)
    stored = await fetch_value(
        conn, "SELECT passport_sealed FROM beneficiary WHERE beneficiary_id = %(b)s", b=who.person.beneficiary_id
    )
    assert b"K1234567" not in bytes(stored)
    with pytest.raises(registry.NotATravelDocument):
        await bench.raised(who, CaseKind.PASSPORT, cases.Wish(passport=cases.Passport(6, pan())))
    other = await bench.person("Ravi Kumar")
    twice = await bench.raised(other, CaseKind.PASSPORT, cases.Wish(passport=cases.Passport(PASSPORT, "K1234567")))
    with pytest.raises(registry.DocumentRegistered):
        async with conn.transaction():
            await bench.accept(twice)


async def test_date_vaccine_and_batch_of_a_dose_are_corrected_with_a_trail(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who = await bench.person()
    dose = await bench.dose(who, ago=3)
    old = (await bench.sheet(who)).statement.certificate_id
    wish = DoseCorrection(dose.dose_id, bench.day(10), "COVAXIN", "C-7")
    await bench.accept(await bench.raised(who, CaseKind.DOSE_WRONG, cases.Wish(dose=wish)))
    (after,) = await vaccination.doses_of(conn, who.person)
    assert (after.given_on, after.vaccine_id, after.batch_number) == (bench.day(10), "COVAXIN", "C-7")
    assert (await bench.sheet(who)).statement.latest.batch == "C-7"
    assert await bench.revoked(old)
    assert await bench.counted() == 1
    kept = "SELECT before->>'vaccine' FROM dose_change WHERE dose_id = %(dose)s"
    assert await fetch_value(conn, kept, dose=dose.dose_id) == "COVISHIELD"
    tomorrow = cases.Wish(dose=DoseCorrection(dose.dose_id, floor.clock.today() + timedelta(days=1)))
    with pytest.raises(vaccination.DateInFuture):
        await bench.raised(who, CaseKind.DOSE_WRONG, tomorrow)


async def test_a_dose_that_never_happened_goes_and_the_person_may_book_again(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who = await bench.person()
    dose = await bench.dose(who)
    old = (await bench.sheet(who)).statement.certificate_id
    case = await bench.raised(who, CaseKind.DOSE_NOT_MINE, cases.Wish(dose=DoseCorrection(dose.dose_id)))
    await bench.accept(case)
    assert await vaccination.doses_of(conn, who.person) == []
    assert await bench.revoked(old)
    with pytest.raises(certificates.OwnCertificateRevoked):
        await bench.sheet(who)
    assert await bench.counted() == 0
    new = a_session(bench.centre, floor.clock.today() + timedelta(days=1))
    session = await scheduling.publish_session(conn, floor, TEST, new)
    wish = scheduling.BookingWish(1, session, "09:00AM-11:00AM", (who.reference_id,))
    assert (await scheduling.book(conn, floor, citizen(who.person.account_id), wish)).people


async def test_when_a_first_dose_goes_the_second_becomes_the_first(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who = await bench.person()
    first = await bench.dose(who, 1, ago=100)
    await bench.dose(who, 2, ago=5)
    case = await bench.raised(who, CaseKind.DOSE_NOT_MINE, cases.Wish(dose=DoseCorrection(first.dose_id)))
    await bench.accept(case)
    assert await bench.numbers(who.person) == [(1, bench.day(5).isoformat())]
    assert (await bench.counted(dose=1), await bench.counted(dose=2)) == (1, 0)
    assert (await bench.sheet(who)).statement.latest.number == 1


async def test_a_disputed_dose_that_was_missing_is_let_stand(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who = await bench.person()
    await bench.dose(who, 1, ago=100)
    disputed = await bench.dose(who, 1, ago=5)
    assert disputed.state is vaccination.DoseState.DISPUTED
    case = await bench.raised(who, CaseKind.DOSE_MISSING, cases.Wish(dose=DoseCorrection(disputed.dose_id)))
    await bench.accept(case)
    assert [number for number, _ in await bench.numbers(who.person)] == [1, 2]
    assert (await bench.sheet(who)).statement.latest.number == 2


async def test_an_unknown_member_leaves_the_household_and_is_not_lost(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who = await bench.person()
    stranger = await bench.person("Ravi Kumar", who.person.account_id)
    await bench.dose(stranger)
    number = (await bench.sheet(stranger)).statement.certificate_id
    await bench.accept(await bench.raised(stranger, CaseKind.UNKNOWN_MEMBER))
    me = citizen(who.person.account_id)
    assert [one.name for one in await registry.members(conn, floor, me)] == ["Asha Kumari"]
    moved = await registry.find_person(conn, stranger.reference_id)
    assert moved.account_id != who.person.account_id
    assert len(await vaccination.doses_of(conn, moved)) == 1
    assert (await bench.sheet(moved)).statement.certificate_id == number
    with pytest.raises(registry.WrongSecretCode):
        await registry.prove(conn, floor, TEST, stranger.reference_id, stranger.secret_code + "0")
    after = await registry.read_person(conn, floor, officer(), moved, "test")
    assert await registry.prove(conn, floor, TEST, stranger.reference_id, after.secret_code) == moved


async def code_of(conn: Connection, floor: Floor) -> str:
    """The hash of the newest code that was sent."""
    raw = await fetch_value(
        conn, "SELECT payload FROM pgqueuer WHERE entrypoint = 'otp_requested' ORDER BY id DESC LIMIT 1"
    )
    _, code = identity.open_otp_request(floor, identity.OTP_REQUESTED.read(bytes(raw)))
    return hashlib.sha256(code.encode()).hexdigest()


async def test_a_member_goes_to_another_mobile_by_consent_of_both(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who = await bench.person()
    leaving = await bench.person("Ravi Kumar", who.person.account_id)
    await bench.dose(leaving)
    number, me = mobile(), citizen(who.person.account_id)
    txn = await cases.ask_for_transfer(conn, floor, me, leaving.reference_id, number, language="hi")
    proof = await code_of(conn, floor)
    with pytest.raises(cases.ConsentElsewhere):
        async with conn.transaction():
            await cases.transfer(conn, floor, me, who.reference_id, otp_hash=proof, txn_id=txn, case_id=uuid4())
    case_id = uuid4()
    case = await cases.transfer(conn, floor, me, leaving.reference_id, otp_hash=proof, txn_id=txn, case_id=case_id)
    assert case.state is CaseState.DONE
    again = await cases.transfer(conn, floor, me, leaving.reference_id, otp_hash=proof, txn_id=txn, case_id=case_id)
    assert again == case
    target = await identity.account_of_mobile(conn, floor, number)
    assert target is not None
    (there,) = await registry.members(conn, floor, citizen(target))
    assert (there.reference_id, there.name) == (leaving.reference_id, "Ravi Kumar")
    assert len(await vaccination.doses_of(conn, there.person)) == 1
    assert (await bench.sheet(there)).statement.name == "Ravi Kumar"
    with pytest.raises(registry.NoSuchBeneficiary):
        await registry.own_members(conn, floor, me, [leaving.reference_id])


async def test_a_transfer_needs_the_code_of_the_other_number(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    own = mobile()
    who = await bench.person(account=await identity.open_account(conn, floor, own))
    me = citizen(who.person.account_id)
    with pytest.raises(cases.OwnNumber):
        await cases.ask_for_transfer(conn, floor, me, who.reference_id, own, language="en")
    txn = await cases.ask_for_transfer(conn, floor, me, who.reference_id, mobile(), language="en")
    with pytest.raises(identity.InvalidOtp):
        await cases.transfer(conn, floor, me, who.reference_id, otp_hash="0" * 64, txn_id=txn, case_id=uuid4())
    assert len(await registry.members(conn, floor, me)) == 1


async def test_an_appointment_follows_to_the_other_household(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who = await bench.person()
    new = a_session(bench.centre, floor.clock.today() + timedelta(days=1))
    session = await scheduling.publish_session(conn, floor, TEST, new)
    me = citizen(who.person.account_id)
    booking = scheduling.BookingWish(1, session, "09:00AM-11:00AM", (who.reference_id,))
    booked = await scheduling.book(conn, floor, me, booking)
    await cases.ask_for_transfer(conn, floor, me, who.reference_id, number := mobile(), language="en")
    txn = await fetch_value(conn, "SELECT txn_id FROM otp ORDER BY created_at DESC LIMIT 1")
    proof = await code_of(conn, floor)
    await cases.transfer(conn, floor, me, who.reference_id, otp_hash=proof, txn_id=txn, case_id=uuid4())
    target = await identity.account_of_mobile(conn, floor, number)
    assert target is not None
    (view,) = await scheduling.appointments_of(conn, target)
    assert view.booking_id == booked.booking_id
    assert await scheduling.appointments_of(conn, who.person.account_id) == []
    assert await scheduling.cancel(conn, floor, citizen(target), booked.booking_id) == 1


async def lost(bench: Bench, **proof: object) -> tuple[registry.Beneficiary, Actor, str, cases.RecordProof]:
    """Somebody with a dose whose number is lost, the new account, and what proves the record."""
    document = pan()
    who = await bench.person(document_number=document)
    await bench.dose(who, ago=2)
    new_mobile = citizen(await identity.open_account(bench.conn, bench.floor, mobile()))
    known = cases.RecordProof(who.reference_id, 6, document, given_on=bench.day(2), vaccine_id="covishield")
    return who, new_mobile, document, replace(known, **proof)  # type: ignore[arg-type]


async def test_a_lost_number_is_replaced_after_proof_review_and_notice(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who, me, _, proof = await lost(bench)
    case = await cases.raise_case(conn, floor, me, cases.NewCase(uuid4(), CaseKind.OLD_NUMBER, "Lost it", proof=proof))
    assert case.wish.proved_by == "dose"
    await bench.accept(case)
    assert await bench.state(case) is CaseState.ACCEPTED
    raw = await fetch_value(
        conn,
        "SELECT string_agg(convert_from(payload, 'utf8'), ' ') FROM pgqueuer WHERE entrypoint = 'cases.case_moved'",
    )
    assert '"news":"notice"' in raw
    assert str(who.person.account_id) in raw
    assert await cases.carry_out_due(conn, floor) == 0
    assert await registry.members(conn, floor, me) == []
    assert await cases.carry_out_due(conn, later(floor, 4)) == 1
    (there,) = await registry.members(conn, floor, me)
    assert there.reference_id == who.reference_id
    assert await registry.members(conn, floor, citizen(who.person.account_id)) == []
    assert await bench.state(case) is CaseState.DONE


async def test_the_holder_of_the_old_number_may_object(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who, me, _, proof = await lost(bench)
    case = await cases.raise_case(conn, floor, me, cases.NewCase(uuid4(), CaseKind.OLD_NUMBER, "Lost it", proof=proof))
    holder = citizen(who.person.account_id)
    with pytest.raises(cases.NoSuchCase):
        await cases.object_to(conn, floor, holder, case.case_number)
    await bench.accept(case)
    told = await cases.follow(conn, floor, holder, case.case_number)
    assert told.may_object
    assert (told.steps, told.evidence) == ((), ())
    await cases.object_to(conn, floor, holder, case.case_number)
    assert await bench.state(case) is CaseState.IN_REVIEW
    assert await cases.carry_out_due(conn, later(floor, 4)) == 0
    assert len(await registry.members(conn, floor, holder)) == 1


@pytest.mark.parametrize(
    "wrong",
    [{"document_number": "ABCPA1234Z"}, {"given_on": date(2021, 1, 1)}, {"vaccine_id": "COVAXIN"}, {"reference_id": 1}],
)
async def test_a_proof_that_does_not_fit_opens_nothing_and_is_counted(
    conn: Connection, floor: Floor, wrong: dict[str, object]
) -> None:
    bench = await Bench.of(conn, floor)
    _, me, _, proof = await lost(bench, **wrong)
    for _ in range(10):
        new = cases.NewCase(uuid4(), CaseKind.OLD_NUMBER, "Lost it", proof=proof)
        with pytest.raises(cases.ProofNotFitting):
            await cases.raise_case(conn, floor, me, new)
    with pytest.raises(cases.TooManyProofs):
        await cases.raise_case(conn, floor, me, cases.NewCase(uuid4(), CaseKind.OLD_NUMBER, "Lost it", proof=proof))
    assert await cases.cases_of(conn, floor, me) == []


async def test_a_secret_code_proves_a_record_too(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who, me, document, _ = await lost(bench)
    proof = cases.RecordProof(who.reference_id, 6, document, who.secret_code)
    case = await cases.raise_case(conn, floor, me, cases.NewCase(uuid4(), CaseKind.OLD_NUMBER, "Lost it", proof=proof))
    assert case.wish.proved_by == "secret code"


async def test_a_death_is_noted_and_what_was_booked_ends(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who = await bench.person()
    new = a_session(bench.centre, floor.clock.today() + timedelta(days=1))
    session = await scheduling.publish_session(conn, floor, TEST, new)
    me = citizen(who.person.account_id)
    await scheduling.book(conn, floor, me, scheduling.BookingWish(1, session, "09:00AM-11:00AM", (who.reference_id,)))
    await bench.accept(await bench.raised(who, CaseKind.DEATH, cases.Wish(died_on=bench.day(1))))
    assert await scheduling.appointments_of(conn, who.person.account_id) == []
    after = await bench.dose(who)
    assert vaccination.DoseFlag.AFTER_DEATH in after.flags
    assert after.state is vaccination.DoseState.VALID
    assert await jobs(conn, "scheduling.cancelled") == 1


def registration_like(who: registry.Beneficiary, document: str) -> Registration:
    """A second registration of the same document."""
    return Registration(who.name, who.birth_year, who.gender_id, 6, document, comorbidity=False, consent_version="1")


async def test_a_document_registered_twice_becomes_a_case_and_no_second_person(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    document = pan()
    who = await bench.person(document_number=document)
    await bench.dose(who)
    me = citizen(await identity.open_account(conn, floor, mobile()))
    for _ in range(2):
        with pytest.raises(registry.DocumentRegistered):
            await registry.register(conn, floor, me, me.own_account(), registration_like(who, document))
    assert await cases.open_duplicates(conn, floor) == 1
    assert await cases.open_duplicates(conn, floor) == 0
    (case,) = await cases.list_cases(conn, floor, officer(), cases.Search(kind=CaseKind.SAME_DOCUMENT))
    seen = await cases.look(conn, floor, officer(district_id=bench.centre.district_id), case.case_number)
    assert seen.case.wish.typed == {"name": "Asha Kumari", "birth": "1990", "gender_id": 2}
    await bench.accept(case)
    assert await cases.carry_out_due(conn, later(floor, 4)) == 1
    (there,) = await registry.members(conn, floor, me)
    assert there.reference_id == who.reference_id
