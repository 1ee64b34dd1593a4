"""A certificate that should not stand: revoked once, told, published without a name, and replaced when asked."""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from uuid import uuid4

import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from opencowin import certificates, identity, notifications, places, registry, vaccination
from opencowin.certificates import (
    CertificateStands,
    DoseStandsNot,
    Format,
    NoSuchCertificate,
    OwnCertificateRevoked,
    RevocationUnexplained,
    RevokedByIssuer,
    Verdict,
)
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission, Place
from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection, Pool, fetch_value, run, transaction
from opencowin.kit.floor import Floor
from opencowin.registry import Person
from tests import builders
from tests.builders import TEST, mobile
from tests.rooms.scene import jobs
from tests.rooms.test_notifications import asked, do, latest

pytestmark = pytest.mark.anyio
WHY = "issued for the wrong person"
PASSPORT = 8
passports = count(2_000_001)


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate in somebody's hands."""

    person: Person
    number: str
    payloads: Mapping[Format, str]
    centre: places.Centre | None


async def held(conn: Connection, floor: Floor, *, number: str = "", somewhere: bool = True, doses: int = 1) -> Held:
    """A certificate for the last of some doses of a person with a passport: in every form."""
    account = await identity.open_account(conn, floor, number or mobile())
    asked = replace(builders.registration(), document_type_id=PASSPORT, document_number=f"Q{next(passports)}")
    one = await registry.register(conn, floor, builders.citizen(account), account, asked)
    centre = await builders.new_centre(conn) if somewhere else None
    for at in range(1, doses + 1):
        day = floor.clock.today() - timedelta(days=100 * (doses - at))
        given = vaccination.GivenDose(one.person, uuid4(), at, "COVISHIELD", "B-1", day, "Nurse Example")
        placed = replace(given, centre_id=centre.centre_id) if centre else given
        await vaccination.record_dose(conn, floor, TEST, placed)
    page = await certificates.sheet(conn, floor, TEST, one.person)
    return Held(one.person, page.statement.certificate_id, page.payloads, centre)


def officer(*permissions: Permission, place: Place | None = None) -> Actor:
    held_by = frozenset(permissions or {Permission.REVOKE_CERTIFICATES})
    return Actor(ActorKind.STAFF, "officer", held_by, place=place or Place())


async def verdicts(conn: Connection, floor: Floor, what: Held) -> set[Verdict]:
    return {(await certificates.judge(conn, floor, [text])).verdict for text in what.payloads.values()}


async def test_a_revoked_certificate_is_refused_in_every_form_and_the_rest_stand(
    conn: Connection, floor: Floor
) -> None:
    bad, good = await held(conn, floor), await held(conn, floor)
    assert set(bad.payloads) == set(Format)
    assert await verdicts(conn, floor, bad) == {Verdict.VALID}
    done = await certificates.revoke(conn, floor, officer(), bad.number, f"  {WHY} ")
    assert (done.certificate_id, done.already) == (bad.number, False)
    assert await verdicts(conn, floor, bad) == {Verdict.REVOKED}
    assert await verdicts(conn, floor, good) == {Verdict.VALID}
    with pytest.raises(RevokedByIssuer):
        await certificates.verify(conn, floor, bad.payloads[Format.EU_DCC])
    assert await certificates.why_revoked(conn, bad.number) == WHY
    row = "SELECT reason || ' by ' || actor_id FROM audit WHERE action = 'certificates.revoke' AND subject_id = %(id)s"
    assert await fetch_value(conn, row, id=bad.number) == f"{WHY} by officer"


async def test_revoking_again_changes_and_tells_nothing(conn: Connection, floor: Floor) -> None:
    bad = await held(conn, floor)
    first = await certificates.revoke(conn, floor, officer(), bad.number, WHY)
    told, listed = (
        await jobs(conn, certificates.CERTIFICATE_REVOKED.name),
        await certificates.published_status(conn, floor),
    )
    second = await certificates.revoke(conn, floor, TEST, bad.number, "another reason")
    assert second == replace(first, already=True)
    assert await jobs(conn, certificates.CERTIFICATE_REVOKED.name) == told
    assert await certificates.published_status(conn, floor) == listed
    assert await certificates.why_revoked(conn, bad.number) == WHY


async def test_nobody_gets_another_one_by_asking_again(conn: Connection, floor: Floor) -> None:
    bad = await held(conn, floor)
    await certificates.revoke(conn, floor, officer(), bad.number, WHY)
    later = replace(floor, clock=Clock(floor.clock.zone, lambda: floor.clock.now() + timedelta(hours=1)))
    await certificates.sweep(conn, later)
    with pytest.raises(OwnCertificateRevoked):
        await certificates.sheet(conn, floor, TEST, bad.person)


async def test_the_certificate_of_an_earlier_dose_stays(conn: Connection, floor: Floor) -> None:
    bad = await held(conn, floor, doses=2)
    await certificates.revoke(conn, floor, officer(), bad.number, WHY)
    page = await certificates.sheet(conn, floor, TEST, bad.person)
    assert page.statement.latest.number == 1
    await certificates.verify(conn, floor, page.payloads[Format.DIVOC])


async def test_another_one_is_issued_when_an_officer_says_so(conn: Connection, floor: Floor) -> None:
    bad = await held(conn, floor)
    with pytest.raises(CertificateStands):
        await certificates.reissue(conn, floor, officer(), bad.number, "name corrected")
    await certificates.revoke(conn, floor, officer(), bad.number, WHY)
    issued = await certificates.reissue(conn, floor, officer(), bad.number, "name corrected")
    assert await certificates.reissue(conn, floor, officer(), bad.number, "once more") == issued != bad.number
    page = await certificates.sheet(conn, floor, TEST, bad.person)
    assert page.statement.certificate_id == issued
    for form, text in page.payloads.items():
        told = (await certificates.verify(conn, floor, text)).certificate_id
        assert told == ("" if form is Format.SMART_HEALTH_CARD else issued), form
    assert await verdicts(conn, floor, bad) == {Verdict.REVOKED}
    versions = "SELECT max(version) FROM certificate WHERE certificate_id = %(id)s"
    assert await fetch_value(conn, versions, id=issued) == 2


async def test_what_never_happened_is_not_certified_again(conn: Connection, floor: Floor) -> None:
    bad = await held(conn, floor)
    await certificates.revoke(conn, floor, officer(), bad.number, WHY)
    who = bad.person.beneficiary_id
    await run(conn, "UPDATE dose SET state = 'revoked' WHERE beneficiary_id = %(who)s", who=who)
    with pytest.raises(DoseStandsNot):
        await certificates.reissue(conn, floor, officer(), bad.number, "once more")


async def test_officers_revoke_within_their_area_and_no_others_do(conn: Connection, floor: Floor) -> None:
    bad, anywhere = await held(conn, floor), await held(conn, floor, somewhere=False)
    assert bad.centre is not None
    district = await places.district(conn, bad.centre.district_id)
    here = Place(district.state_id, district.district_id)
    elsewhere = next(one for one in await places.districts_of(conn, district.state_id) if one != district)
    vaccinator = officer(Permission.VACCINATE, Permission.ANSWER_CASES, place=here)
    with pytest.raises(NotPermitted):
        await certificates.revoke(conn, floor, vaccinator, bad.number, WHY)
    for place, number in (
        (Place(district.state_id, elsewhere.district_id), bad.number),
        (Place(district.state_id, district.district_id, bad.centre.centre_id + 1), bad.number),
        (here, anywhere.number),
        (here, "99999999999"),
    ):
        with pytest.raises(NoSuchCertificate):
            await certificates.revoke(conn, floor, officer(place=place), number, WHY)
    for reason in ("", " no ", "x" * 301):
        with pytest.raises(RevocationUnexplained):
            await certificates.revoke(conn, floor, officer(place=here), bad.number, reason)
    assert await verdicts(conn, floor, bad) == {Verdict.VALID}
    assert not (await certificates.revoke(conn, floor, officer(place=here), bad.number, WHY)).already
    assert not (await certificates.revoke(conn, floor, officer(), anywhere.number, WHY)).already


async def opened(conn: Connection, floor: Floor) -> dict[str, object]:
    """The published list, its signature checked with the published keys by another library."""
    keys = KeySet.import_key_set({"keys": await certificates.published_jwks(conn, floor)})  # type: ignore[typeddict-item]
    status = await certificates.published_status(conn, floor)
    checked = jws.deserialize_compact(status.text, keys, algorithms=["ES256"])
    return dict(json.loads(checked.payload))


def hashes(body: Mapping[str, object]) -> set[bytes]:
    text = str(body["hashes"])
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert len(raw) == 16 * int(str(body["count"]))
    found = [raw[at : at + 16] for at in range(0, len(raw), 16)]
    assert found == sorted(found), "an order that tells nothing"
    return set(found)


async def test_the_list_is_signed_current_and_names_nobody(conn: Connection, floor: Floor) -> None:
    before = await opened(conn, floor)
    bad, good = await held(conn, floor), await held(conn, floor)
    assert await opened(conn, floor) == before
    await certificates.revoke(conn, floor, officer(), bad.number, WHY)
    after = await opened(conn, floor)
    assert len(hashes(after)) == len(hashes(before)) + len(Format), "16 bytes for each form, and nothing else"
    now = floor.clock.now().timestamp()
    assert int(str(after["iat"])) <= now < int(str(after["next_update"])) - 17 * 3600
    # What anybody could compute of a number: not in it. Whoever holds the certificate: finds it.
    guesses = {
        hashlib.sha256(f"{country}{bad.number}".encode()).digest()[:16] for country in ("", "IN", "URN:UVCI:01:IN:")
    }
    assert not hashes(after) & guesses
    signature = base64.urlsafe_b64decode(jws_of(bad.payloads[Format.DIVOC]).rpartition(".")[2] + "==")
    assert hashlib.sha256(signature).digest()[:16] in hashes(after)
    for text in good.payloads.values():
        assert not hashes(after) & {hashlib.sha256(text.encode()).digest()[:16]}


def jws_of(text: str) -> str:
    """The signature as it stands in Co-WIN's form."""
    with zipfile.ZipFile(io.BytesIO(text.encode("latin-1"))) as archive:
        return str(json.loads(archive.read("certificate.json"))["proof"]["jws"])


async def test_the_same_rows_are_the_same_bytes_and_a_renewal_is_not(conn: Connection, floor: Floor) -> None:
    first = await certificates.published_status(conn, floor)
    assert await certificates.published_status(conn, floor) is first
    later = replace(floor, clock=Clock(floor.clock.zone, lambda: floor.clock.now() + timedelta(hours=6)))
    renewed = await certificates.published_status(conn, later)
    assert renewed.tag != first.tag
    assert (await certificates.published_status(conn, floor)).text == first.text, "made anew, and the same"


async def test_the_holder_is_told_what_was_revoked_and_why(pool: Pool, floor: Floor) -> None:
    number = mobile()
    async with transaction(pool) as conn:
        bad = await held(conn, floor, number=number)
        await certificates.revoke(conn, floor, officer(), bad.number, WHY)
    (news,) = await asked(pool, certificates.CERTIFICATE_REVOKED)
    await do(notifications.handlers(pool, floor), certificates.CERTIFICATE_REVOKED, news)
    message = await latest(pool, floor, number)
    assert message.template is notifications.Template.CERTIFICATE_REVOKED
    assert bad.number in message.text
    assert WHY in message.text


async def test_two_that_begin_at_once_make_one_set_of_keys(pool: Pool, floor: Floor) -> None:
    """Who waits for the other began before the moment from which the other's key signs."""
    async with transaction(pool) as conn:
        await run(conn, "DELETE FROM signing_key")
    async with transaction(pool) as late:
        await run(late, "SELECT 1")
        async with transaction(pool) as first:
            made = await certificates.own_issuer(first, floor)
            listed = await certificates.published_status(first, floor)
        assert (await certificates.own_issuer(late, floor)).identities == made.identities
        assert await certificates.published_status(late, floor) == listed
    async with transaction(pool) as conn:
        assert await fetch_value(conn, "SELECT count(*) FROM signing_key WHERE purpose LIKE 'certificate.%%'") == 7
