"""Staff and roles of the own area: the list, invitations, one person with role and place, and the end of access."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import identity, places, tablets
from opencowin.identity import Invitation, Role, Staff
from opencowin.kit.actor import Actor, NotPermitted, Permission, Place
from opencowin.kit.db import Connection
from opencowin.kit.errors import Invalid, Refusal
from opencowin.web.console import desk
from opencowin.web.console.placing import place_called, placing
from opencowin.web.console.shown import ROWS, ConsoleReader, console_page, leaf_of
from opencowin.web.pages.forms import ChoiceNeeded, Fields, Filled, first, refused
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Appointer = Annotated[Actor, desk.may_in_console(Permission.MANAGE_STAFF)]
STAFF = "/console/staff"
NAMES = {"user_name": "user_name", "name": "name", "contact": "contact", "role": "role", "reason": "reason"}
NAMES |= {"act": "act", "place": "place"}
LONGEST = {"name": 100, "reason": 200}


class FillIn(Invalid):
    """Fill this in."""

    code = "PAGE0060"


@router.get(STAFF, response_class=Response)
async def staff_list(request: Request, actor: Appointer, begins: str = "", left: bool = False) -> Response:
    """Who works in the own area, and who is invited."""
    site, leaf, reader = site_of(request), leaf_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        found = await identity.staff_of_area(
            conn, site.floor, actor, begins=begins[:64], left=left, start=leaf.start, rows=ROWS + 1
        )
        invited = await identity.invitations(conn, site.floor, actor) if leaf.number == 1 and not left else []
        shown: list[Staff | Invitation] = [*found[:ROWS], *invited]
        where = {one.place: await _place_name(conn, one.place, reader) for one in shown}
    return console_page(
        reader,
        "console/staff.html",
        staff=found[:ROWS],
        invited=invited,
        where=where,
        begins=begins,
        left=left,
        leaf=leaf.followed(len(found)),
        done="done" in request.query_params,
    )


@router.get(STAFF + "/invite", response_class=Response)
async def invitation_form(request: Request, actor: Appointer, place: str = "") -> Response:
    """Where, as what, who, and how the link reaches the person."""
    return await _invitation_page(request, actor, place, Filled())


@router.post(STAFF + "/invite", response_class=Response)
async def invite(request: Request, actor: Appointer) -> Response:
    """Send somebody a link by which to join the staff."""
    fields, site, reader = await desk.read_form(request), site_of(request), ConsoleReader(request)
    code = first(fields, "place")
    try:
        async with site.transaction() as conn:
            await identity.invite(
                conn,
                site.floor,
                actor,
                first(fields, "user_name").lower(),
                name=_text(fields, "name"),
                role=_role(fields),
                place=await place_called(conn, actor, code),
                contact=first(fields, "contact"),
                language=reader.language.code,
            )
    except NotPermitted:
        raise
    except Refusal as no:
        return await _invitation_page(request, actor, code, refused(reader, fields, no, NAMES))
    return desk.go(request, STAFF, done="invited")


@router.post(STAFF + "/invitations/{invitation_id}/withdraw", response_class=Response)
async def withdraw(request: Request, invitation_id: UUID, actor: Appointer) -> Response:
    """The link that was sent works no more."""
    await desk.read_form(request)
    site = site_of(request)
    async with site.transaction() as conn:
        await identity.withdraw_invitation(conn, site.floor, actor, invitation_id)
    return desk.go(request, STAFF, done="withdrawn")


@router.get(STAFF + "/{staff_id}", response_class=Response)
async def one_person(request: Request, staff_id: UUID, actor: Appointer) -> Response:
    """One member of staff: role and place, second factor, and what may be done."""
    return await _person_page(request, actor, staff_id, Filled())


@router.post(STAFF + "/{staff_id}", response_class=Response)
async def act(request: Request, staff_id: UUID, actor: Appointer) -> Response:
    """Reset the second factor, send a link for another password, or end the access; each with its reason."""
    fields, site, reader = await desk.read_form(request), site_of(request), ConsoleReader(request)
    try:
        async with site.transaction() as conn:
            enrolment = await _act(conn, request, actor, staff_id, fields)
    except NotPermitted:
        raise
    except Refusal as no:
        return await _person_page(request, actor, staff_id, refused(reader, fields, no, NAMES))
    if enrolment:
        return await _person_page(request, actor, staff_id, Filled(), enrolment)
    return desk.go(request, f"{STAFF}/{staff_id}", done=1)


@router.get(STAFF + "/{staff_id}/role", response_class=Response)
async def role_form(request: Request, staff_id: UUID, actor: Appointer, place: str = "") -> Response:
    """Another role or place, please."""
    return await _role_page(request, actor, staff_id, place, Filled())


@router.post(STAFF + "/{staff_id}/role", response_class=Response)
async def change_role(request: Request, staff_id: UUID, actor: Appointer) -> Response:
    """Give somebody another role or place: it holds at the next page."""
    fields, site = await desk.read_form(request), site_of(request)
    code = first(fields, "place")
    try:
        async with site.transaction() as conn:
            place = await place_called(conn, actor, code)
            reason = _text(fields, "reason")
            await identity.change_role(
                conn, site.floor, actor, staff_id, role=_role(fields), place=place, reason=reason
            )
    except NotPermitted:
        raise
    except Refusal as no:
        form = refused(ConsoleReader(request), fields, no, NAMES)
        return await _role_page(request, actor, staff_id, code, form)
    return desk.go(request, f"{STAFF}/{staff_id}", done=1)


async def _act(conn: Connection, request: Request, actor: Actor, staff_id: UUID, fields: Fields) -> str:
    """Do it; the enrolment code that is to be handed over, if there is one."""
    floor, reason = site_of(request).floor, _text(fields, "reason")
    match first(fields, "act"):
        case "reset":
            enrolment = await identity.reset_second_factor(conn, floor, actor, staff_id, reason)
            await tablets.end_tablets_of(conn, floor, actor, staff_id)
            return enrolment
        case "link":
            language = ConsoleReader(request).language.code
            contact = first(fields, "contact")
            await identity.send_password_link(
                conn, floor, actor, staff_id, contact=contact, reason=reason, language=language
            )
        case "end" if actor.actor_id != str(staff_id):
            await identity.deactivate_staff(conn, floor, actor, staff_id, reason)
        case _:
            raise ChoiceNeeded(field="act")
    return ""


async def _invitation_page(request: Request, actor: Actor, code: str, form: Filled) -> Response:
    reader = ConsoleReader(request)
    async with site_of(request).transaction() as conn:
        chosen = await placing(conn, actor, code, reader.language.code)
    roles = identity.roles_at(actor, chosen.place)
    status = 400 if form.faults else 200
    return console_page(reader, "console/invite.html", status, form=form, chosen=chosen, roles=roles)


async def _role_page(request: Request, actor: Actor, staff_id: UUID, code: str, form: Filled) -> Response:
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        person = await identity.read_staff(conn, site.floor, actor, staff_id)
        chosen = await placing(conn, actor, code, reader.language.code)
    roles = identity.roles_at(actor, chosen.place)
    status = 400 if form.faults else 200
    return console_page(reader, "console/role.html", status, form=form, person=person, chosen=chosen, roles=roles)


async def _person_page(request: Request, actor: Actor, staff_id: UUID, form: Filled, enrolment: str = "") -> Response:
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        person = await identity.read_staff(conn, site.floor, actor, staff_id)
        factors = await identity.factors_of(conn, staff_id)
        where = await _place_name(conn, person.place, reader)
    return console_page(
        reader,
        "console/person.html",
        400 if form.faults else 200,
        form=form,
        person=person,
        factors=factors,
        where=where,
        may_act=_may_act(actor, person),
        enrolment=enrolment,
        done="done" in request.query_params,
    )


def _may_act(actor: Actor, person: Staff) -> bool:
    return actor.actor_id != str(person.staff_id) and person.deactivated_at is None


async def _place_name(conn: Connection, place: Place, reader: ConsoleReader) -> str:
    """The narrowest name of a place; the country's for the nation."""
    trail = await places.trail_of(conn, place)
    return trail[-1].in_language(reader.language.code) if trail else reader.country


def _role(fields: Fields) -> Role:
    try:
        return Role(first(fields, "role"))
    except ValueError:
        raise ChoiceNeeded(field="role") from None


def _text(fields: Fields, name: str) -> str:
    text = first(fields, name)[: LONGEST[name]]
    if not text:
        raise FillIn(field=name)
    return text
