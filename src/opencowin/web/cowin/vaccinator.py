"""W1–W6: State systems and centres register on the spot, find, walk in, record a dose and print the certificate."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any
from uuid import UUID, uuid5

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from opencowin import certificates, identity, places, registry, scheduling, vaccination
from opencowin.kit.actor import Actor, NotPermitted, Permission
from opencowin.kit.db import Connection
from opencowin.kit.errors import Forbidden, Invalid
from opencowin.web.cowin.appointments import Schedule, Scheduled, booking_wish
from opencowin.web.cowin.members import Facts, MemberFacts, Reference, member_facts, registration_of
from opencowin.web.cowin.wire import (
    PDF_OUT,
    Answer,
    Body,
    LooseText,
    parse_date,
    parse_reference,
    pdf_response,
    write_date,
)
from opencowin.web.guard import Face, may
from opencowin.web.site import Site, language_of, site_of

router = APIRouter(tags=["7. Vaccinator"])
Finder = Annotated[Actor, may(Permission.FIND_BENEFICIARIES, Face.PARTNER)]
ReferenceQuery = Annotated[str, Query(description="14 digits.", max_length=20)]
SecretCode = Annotated[str | None, Query(description="The four digits that the person shows.", max_length=10)]
CentreQuery = Annotated[
    int | None, Query(description="The centre where the person is booked today.", ge=0, le=2**31 - 1)
]
RECORD = UUID("6f0c7a52-9a63-5a0c-8a8a-0d1a6f3b7c11")


class ProofRequired(Forbidden):
    """A phone number or a reference alone finds nobody: send the secret code, or the centre of today's booking."""

    code = "VACCIN0001"
    commits = True


class OutsideScope(Forbidden):
    """This key is not for that centre."""

    code = "VACCIN0002"


class DoseDateRequired(Invalid):
    """The date of the dose is missing: send dose{dose}_date as DD-MM-YYYY."""

    code = "VACCIN0003"


class FactsOnTheSpot(Facts):
    """A person registered at the centre."""

    mobile_number: LooseText = Field(max_length=40)


class Vaccinate(Body):
    """A dose given."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {
                    "beneficiary_reference_id": "10000000000001",
                    "center_id": 1234,
                    "vaccine": "COVISHIELD",
                    "vaccine_batch": "B1",
                    "dose": 1,
                    "dose1_date": "05-07-2026",
                    "vaccinator_name": "Sr. Mary",
                }
            ]
        },
    )
    beneficiary_reference_id: LooseText = Field(max_length=20)
    center_id: int = Field(ge=0, le=2**31 - 1)
    vaccine: str = Field(max_length=60)
    vaccine_batch: str = Field(max_length=60)
    dose: int = Field(ge=1, le=20)
    dose1_date: str | None = Field(None, max_length=12)
    dose2_date: str | None = Field(None, max_length=12)
    dose3_date: str | None = Field(None, max_length=12)
    vaccinator_name: str = Field(max_length=200)
    dose_id: UUID | None = Field(None, description="Of the caller's making: a record sent twice is one.")
    latitude: float | None = Field(None, ge=-90, le=90, description="Of the recording device; judged, and not kept.")
    longitude: float | None = Field(None, ge=-180, le=180)

    def given_on(self) -> str:
        """The date of this dose. Raises DoseDateRequired."""
        dates = {1: self.dose1_date, 2: self.dose2_date, 3: self.dose3_date}
        if not (day := dates.get(self.dose)):
            raise DoseDateRequired(field=f"dose{self.dose}_date", dose=self.dose)
        return day

    def point(self) -> tuple[float, float] | None:
        """Where the device is, if it tells."""
        return None if self.latitude is None or self.longitude is None else (self.latitude, self.longitude)


class Vaccinated(Answer):
    """What was recorded."""

    beneficiary_reference_id: str
    dose: int
    dose_id: str
    vaccine: str
    date: str
    vaccination_status: str
    next_dose_due_date: str
    flags: list[str] = Field(description="Rules that the record does not fit; it is kept all the same.")


class Found(Answer):
    """At most one person."""

    beneficiaries: list[MemberFacts]


async def _centre_in_scope(conn: Connection, actor: Actor, centre_id: int) -> places.Centre:
    centre = await places.read_centre(conn, centre_id)
    if not await places.in_scope(conn, actor, district_id=centre.district_id, centre_id=centre_id):
        raise OutsideScope(field="center_id")
    return centre


async def proven(
    conn: Connection, site: Site, actor: Actor, *, reference: int, secret_code: str | None, centre_id: int | None
) -> tuple[registry.Person, str]:
    """The person whom the caller has shown to be present, and how. Raises ProofRequired and others."""
    if centre_id is not None and not secret_code:
        await _centre_in_scope(conn, actor, centre_id)
    try:
        return await scheduling.prove_presence(conn, site.floor, actor, reference, secret_code or "", centre_id)
    except scheduling.ProofNeeded:
        raise ProofRequired from None


@router.post("/v2/vaccinator/beneficiaries/new")
async def register_on_the_spot(
    request: Request,
    body: FactsOnTheSpot,
    actor: Annotated[Actor, may(Permission.REGISTER_BENEFICIARIES, Face.PARTNER)],
) -> Reference:
    """W1: register a person who walked in."""
    site = site_of(request)
    async with site.transaction() as conn:
        account = await identity.open_account(conn, site.floor, body.mobile_number)
        member = await registry.register(
            conn, site.floor, actor, account, registration_of(body), channel=registry.Channel.ON_THE_SPOT
        )
    return Reference(beneficiary_reference_id=str(member.reference_id))


async def _found(
    request: Request, actor: Actor, reference: str, secret_code: str | None, centre_id: int | None
) -> dict[str, Any]:
    site = site_of(request)
    async with site.transaction() as conn:
        person, how = await proven(
            conn, site, actor, reference=parse_reference(reference), secret_code=secret_code, centre_id=centre_id
        )
        member = await registry.read_person(conn, site.floor, actor, person, reason=how)
        doses = await vaccination.doses_of(conn, person)
        return {"beneficiaries": [await member_facts(conn, site, member, doses)]}


@router.get("/v2/vaccinator/beneficiaries/findByReferenceId", responses={200: {"model": Found}})
async def find_by_reference(
    request: Request,
    beneficiary_reference_id: ReferenceQuery,
    actor: Finder,
    secret_code: SecretCode = None,
    center_id: CentreQuery = None,
) -> Any:
    """W2: a person who shows the secret code, or who is booked at this centre today. Every look is written down."""
    return await _found(request, actor, beneficiary_reference_id, secret_code, center_id)


@router.get("/v2/vaccinator/beneficiaries/findByMobile", responses={200: {"model": Found}})
async def find_by_mobile(
    request: Request,
    _mobile_number: Annotated[str, Query(alias="mobile_number", max_length=40)],
    actor: Finder,
    beneficiary_reference_id: Annotated[str | None, Query(max_length=20)] = None,
    secret_code: SecretCode = None,
) -> Any:
    """W3: a mobile number alone finds nobody. With a member's reference and secret code it answers as W2 does."""
    if not beneficiary_reference_id or not secret_code:
        raise ProofRequired
    return await _found(request, actor, beneficiary_reference_id, secret_code, None)


@router.post("/v2/vaccinator/onspots/schedule")
async def walk_in(
    request: Request, body: Schedule, actor: Annotated[Actor, may(Permission.VACCINATE, Face.PARTNER)]
) -> Scheduled:
    """W4: a seat for someone who walked in, out of the walk-in places of a slot."""
    site = site_of(request)
    async with site.transaction() as conn:
        booking = await scheduling.on_the_spot(conn, site.floor, actor, booking_wish(body, None))
    number = str(booking.booking_id)
    return Scheduled(appointment_confirmation_no=number, appointment_id=number)


def _dose_id(body: Vaccinate) -> UUID:
    facts = (
        body.beneficiary_reference_id,
        body.dose,
        body.vaccine,
        body.vaccine_batch,
        body.given_on(),
        body.center_id,
    )
    return body.dose_id or uuid5(RECORD, "|".join(map(str, facts)))


@router.post("/v2/vaccinator/beneficiaries/vaccinate")
async def vaccinate(
    request: Request, body: Vaccinate, actor: Annotated[Actor, may(Permission.VACCINATE, Face.PARTNER)]
) -> Vaccinated:
    """W5: record a dose. What was given is never refused for a rule's sake: it is kept, and flagged."""
    site = site_of(request)
    reference = parse_reference(body.beneficiary_reference_id)
    given_to = partial(
        vaccination.GivenDose,
        dose_id=_dose_id(body),
        dose_number=body.dose,
        vaccine_id=body.vaccine.strip().upper(),
        batch_number=body.vaccine_batch,
        given_on=parse_date(body.given_on(), f"dose{body.dose}_date"),
        vaccinator_name=body.vaccinator_name,
        centre_id=body.center_id,
        recorded_at_point=body.point(),
    )
    try:
        recorded = await site.vaccinations.vaccinate(actor, reference, given_to, centre_id=body.center_id)
    except NotPermitted:
        raise OutsideScope(field="center_id") from None
    dose, due = recorded.dose, recorded.due(site.floor.clock.today())
    return Vaccinated(
        beneficiary_reference_id=str(reference),
        dose=dose.dose_number,
        dose_id=str(dose.dose_id),
        vaccine=dose.vaccine_id,
        date=write_date(dose.given_on),
        vaccination_status=recorded.status().value,
        next_dose_due_date=write_date(due.from_date) if due else "",
        flags=sorted(dose.flags),
    )


@router.get("/v2/vaccinator/certificate/download", response_class=Response, responses=PDF_OUT)
async def certificate(
    request: Request,
    beneficiary_reference_id: ReferenceQuery,
    actor: Finder,
    secret_code: SecretCode = None,
    center_id: CentreQuery = None,
) -> Response:
    """W6: print the certificate for a person who shows the secret code, or who is booked here today."""
    site = site_of(request)
    reference = parse_reference(beneficiary_reference_id)
    async with site.transaction() as conn:
        person, _ = await proven(conn, site, actor, reference=reference, secret_code=secret_code, centre_id=center_id)
        page = await certificates.sheet(conn, site.floor, actor, person)
    return pdf_response(await certificates.printed(site.floor, page, language_of(request)))


STRAIGHT: frozenset[Callable[..., Any]] = frozenset({vaccinate})
"""What a rush is made of here."""
