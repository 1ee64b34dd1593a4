"""B1–B4: register, list, edit and remove the members of a household."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from opencowin import identity, programme, registry, scheduling, vaccination
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection
from opencowin.kit.errors import Invalid
from opencowin.web.cowin.availability_shapes import WHOLE_DEGREES
from opencowin.web.cowin.metadata import INT4_MAX
from opencowin.web.cowin.wire import Answer, Body, LooseText, parse_date, parse_reference, write_date
from opencowin.web.guard import may
from opencowin.web.site import Site, site_of

router = APIRouter(tags=["4. Members"])
Own = Annotated[Actor, may(Permission.MANAGE_OWN_MEMBERS)]


class InvalidBirthYear(Invalid):
    """Invalid birth year: write four digits, as on the identity document."""

    code = "BENREG0010"


class InvalidNumber(Invalid):
    """Invalid number: take it from the published list."""

    code = "BENREG0011"


class Facts(Body):
    """What a member is registered with."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Asha Example",
                    "birth_year": "1980",
                    "gender_id": 2,
                    "photo_id_type": 6,
                    "photo_id_number": "ABCPE1234F",
                    "comorbidity_ind": "N",
                    "consent_version": "1",
                }
            ]
        }
    )
    name: str = Field(description="Full name as on the identity document, in any script.", max_length=400)
    birth_year: LooseText = Field(description="Four digits.", max_length=10)
    gender_id: LooseText = Field(description="From the list of genders.", max_length=12)
    photo_id_type: LooseText = Field(description="From the list of identity documents.", max_length=12)
    photo_id_number: LooseText = Field(description="Number of that document.", max_length=60)
    comorbidity_ind: str = Field("N", description="Y or N.", max_length=10)
    consent_version: LooseText = Field(description="Version of the consent text that was agreed to.", max_length=20)
    birth_date: str | None = Field(None, description="DD-MM-YYYY, where the full date is wanted.", max_length=12)


class FactsOfMember(Facts):
    """New facts of a member."""

    beneficiary_reference_id: LooseText = Field(max_length=20)


class Reference(BaseModel):
    """The member's reference."""

    beneficiary_reference_id: str = Field(description="14 digits.", examples=["10000000000001"])


class ReferenceBody(Body):
    """Which member."""

    beneficiary_reference_id: LooseText = Field(max_length=20)


class Appointment(Answer):
    """A live appointment."""

    appointment_id: str
    session_id: str
    center_id: int
    name: str
    state_name: str
    district_name: str
    block_name: str
    pincode: str
    lat: int = WHOLE_DEGREES
    long: int = WHOLE_DEGREES
    from_: str = Field(alias="from")
    to: str
    fee_type: str
    dose: int
    date: str
    slot: str


class MemberFacts(Answer):
    """A person, masked."""

    beneficiary_reference_id: str
    name: str
    birth_year: str
    gender: str
    photo_id_type: str
    photo_id_number: str = Field(description="Masked.")
    comorbidity_ind: str
    vaccination_status: str
    vaccine: str
    dose1_date: str
    dose2_date: str
    precaution_date: str
    next_dose_due_date: str = Field(description='When the next dose is due; "" when none is.')


class Member(MemberFacts):
    """A member of the household."""

    mobile_number: str = Field(description="Last four digits.")
    secret_code: str = Field(description="Four digits to show with the reference.")
    appointments: list[Appointment]


class Members(Answer):
    """The household."""

    beneficiaries: list[Member]


def _number(text: str, field: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= INT4_MAX):
        raise InvalidNumber(field=field)
    return int(text)


def registration_of(body: Facts) -> registry.Registration:
    """The registration that a body asks for. Raises Invalid refusals that name the field."""
    year = body.birth_year.strip()
    if not (len(year) == 4 and year.isascii() and year.isdigit()):
        raise InvalidBirthYear(field="birth_year")
    return registry.Registration(
        name=body.name,
        birth_year=int(year),
        gender_id=_number(body.gender_id, "gender_id"),
        document_type_id=_number(body.photo_id_type, "photo_id_type"),
        document_number=body.photo_id_number,
        comorbidity=body.comorbidity_ind.strip().upper() == "Y",
        consent_version=body.consent_version,
        birth_date=parse_date(body.birth_date, "birth_date") if body.birth_date else None,
    )


def _appointment(view: scheduling.AppointmentView) -> dict[str, Any]:
    centre = view.centre
    return {
        "appointment_id": str(view.booking_id),
        "session_id": str(view.session_id),
        "center_id": centre.centre_id,
        "name": centre.name,
        "state_name": view.place.state_name,
        "district_name": view.place.district_name,
        "block_name": centre.block_name,
        "pincode": centre.pin_code,
        "lat": int(centre.latitude),
        "long": int(centre.longitude),
        "from": centre.opens_at.strftime("%H:%M:%S"),
        "to": centre.closes_at.strftime("%H:%M:%S"),
        "fee_type": "Paid" if centre.is_paid else "Free",
        "dose": view.dose_number,
        "date": write_date(view.held_on),
        "slot": view.slot,
    }


async def member_facts(
    conn: Connection, site: Site, person: registry.Beneficiary, doses: Sequence[vaccination.Dose]
) -> dict[str, Any]:
    """A member with these doses as the API writes one, without appointments and secrets."""
    given = {dose.dose_number: dose for dose in doses}
    rules = await programme.current_programme(conn)
    due = await vaccination.due(conn, site.floor, person, doses)
    return {
        "beneficiary_reference_id": str(person.reference_id),
        "name": person.name,
        "birth_year": str(person.birth_year),
        "gender": site.genders[person.gender_id].name,
        "photo_id_type": site.documents.get(person.document_type_id).name,
        "photo_id_number": person.document_masked,
        "comorbidity_ind": "Y" if person.comorbidity else "N",
        "vaccination_status": vaccination.status(doses, rules).value,
        "vaccine": given[min(given)].vaccine_id if given else "",
        "dose1_date": write_date(given[1].given_on) if 1 in given else "",
        "dose2_date": write_date(given[2].given_on) if 2 in given else "",
        "precaution_date": write_date(given[3].given_on) if 3 in given else "",
        "next_dose_due_date": write_date(due.from_date) if due else "",
    }


async def _household(conn: Connection, site: Site, actor: Actor) -> list[dict[str, Any]]:
    account = actor.own_account()
    people = await registry.members(conn, site.floor, actor)
    doses = await vaccination.doses_of_account(conn, account)
    booked = await scheduling.appointments_of(conn, account)
    mobile = await identity.account_mobile(conn, site.floor, account)
    return [
        {
            **await member_facts(conn, site, one, doses.get(one.person.beneficiary_id, ())),
            "mobile_number": mobile[-4:],
            "secret_code": one.secret_code,
            "appointments": [_appointment(a) for a in booked if a.beneficiary_id == one.person.beneficiary_id],
        }
        for one in people
    ]


@router.post("/v2/registration/beneficiary/new")
async def register(request: Request, body: Facts, actor: Own) -> Reference:
    """B1: register a member, up to six per mobile; an identity document registers once in the nation."""
    member = await site_of(request).registrations.register(actor, registration_of(body))
    return Reference(beneficiary_reference_id=str(member.reference_id))


@router.post("/v2/registration/beneficiary/update")
async def edit(request: Request, body: FactsOfMember, actor: Own) -> Reference:
    """B4: change a member's facts, until the first dose."""
    site = site_of(request)
    reference = parse_reference(body.beneficiary_reference_id)
    async with site.transaction() as conn:
        member = await registry.edit(conn, site.floor, actor, reference, registration_of(body))
    return Reference(beneficiary_reference_id=str(member.reference_id))


@router.post("/v2/registration/beneficiary/delete", status_code=204, response_class=Response)
async def remove(request: Request, body: ReferenceBody, actor: Own) -> Response:
    """B2: remove a member, until the first dose; a live appointment is cancelled first, by its own call."""
    site = site_of(request)
    reference = parse_reference(body.beneficiary_reference_id)
    async with site.transaction() as conn:
        (member,) = await registry.own_members(conn, site.floor, actor, [reference])
        await scheduling.refuse_if_booked(conn, member.person)
        await registry.remove(conn, site.floor, actor, reference)
    return Response(status_code=204)


@router.get("/v2/appointment/beneficiaries", responses={200: {"model": Members}})
async def beneficiaries(request: Request, actor: Own) -> Any:
    """B3: the household with its doses and live appointments."""
    site = site_of(request)
    async with site.transaction() as conn:
        return {"beneficiaries": await _household(conn, site, actor)}


STRAIGHT: frozenset[Callable[..., Any]] = frozenset({register})
"""What a rush is made of here."""
