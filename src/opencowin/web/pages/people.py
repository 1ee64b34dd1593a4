"""My people: who is registered here, how far each one is, and the form for one more."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from opencowin import programme, registry, scheduling, vaccination
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection
from opencowin.kit.errors import Invalid, Refusal
from opencowin.kit.floor import Floor
from opencowin.programme import Due
from opencowin.web.pages import proven
from opencowin.web.pages.find import vaccine_name
from opencowin.web.pages.forms import Fault, Fields, Filled, first, number, refused
from opencowin.web.pages.render import Reader, page
from opencowin.web.pages.visits import draft_for, go, read_form, signed_in, visit_of
from opencowin.web.site import Site, site_of

router = APIRouter(include_in_schema=False)
Own = Annotated[Actor, signed_in(Permission.MANAGE_OWN_MEMBERS)]
CONSENT = "1"
"""The version of the consent text that the form shows."""
FIELDS = {
    "name": "name",
    "birth_year": "birth_year",
    "gender_id": "gender",
    "photo_id_type": "document",
    "photo_id_number": "number",
    "consent_version": "consent",
}
"""Which field of the form a refusal's field is."""
DONE = ("added", "changed", "removed", "cancelled")


class BirthYearNeeded(Invalid):
    """Write the year of birth with four digits, as on the identity document."""

    code = "PAGE0007"


@router.get("/people", response_class=Response)
async def people(request: Request, actor: Own) -> Response:
    """Everybody of this household: doses, what is due, what is booked."""
    site, reader = site_of(request), Reader(request)
    async with site.transaction() as conn:
        members = await registry.members(conn, site.floor, actor)
        rules = await programme.current_programme(conn)
        shown = await _stand(conn, site.floor, actor, members, rules)
    done = request.query_params.get("done", "")
    return page(
        reader,
        "people.html",
        people=shown,
        room=len(members) < site.floor.settings.members_per_mobile,
        most=site.floor.settings.members_per_mobile,
        vaccine=lambda vaccine_id: vaccine_name(reader, rules, vaccine_id),
        provider=lambda provider_id: proven.provider_name(request, provider_id).in_language(reader.language.code),
        done=done if done in DONE else "",
    )


@router.get("/people/new", response_class=Response)
async def new_form(
    request: Request,
    _actor: Own,
    to: Annotated[str, Query(max_length=40)] = "",
    other: Annotated[str, Query(max_length=1)] = "",
) -> Response:
    """The form for one more person, filled in with what a national ID proved unless it is for somebody else."""
    kept, proof = draft_for(request, request.url.path), None if other else proven.proof_of(request)
    filled = kept or {"to": [to], **(proven.fields(proof) if proof else {})}
    return _person_page(Reader(request), Filled(filled), proven.fixed(request, proof, first(filled, "proven")))


@router.post("/people/new", response_class=Response)
async def add(request: Request, actor: Own) -> Response:
    """Register the person."""
    fields, site, reader = await read_form(request), site_of(request), Reader(request)
    proof = proven.proof_of(request) if first(fields, "proven") else None
    try:
        asked = _registration(fields, proof)
        async with site.transaction() as conn:
            member = await registry.register(conn, site.floor, actor, actor.own_account(), asked, proof=proof)
    except Refusal as no:
        return _person_page(
            reader, refused(reader, fields, no, FIELDS), proven.fixed(request, proof, first(fields, "proven"))
        )
    if proof is not None:
        visit_of(request).proven = None
    if first(fields, "to") == "/book/who":
        plan = visit_of(request).plan
        if plan is not None and len(plan.references) < plan.seats:
            plan.references = [*plan.references, member.reference_id]
        return go(request, "/book/who")
    return go(request, "/people", done="added")


@router.get("/people/{reference_id}/edit", response_class=Response)
async def edit_form(request: Request, reference_id: int, actor: Own) -> Response:
    """The person's facts, to be put right; the document's number is asked for again, since nobody is shown it."""
    site, reader = site_of(request), Reader(request)
    async with site.transaction() as conn:
        (member,) = await registry.own_members(conn, site.floor, actor, [reference_id])
    kept = draft_for(request, request.url.path) or {
        "name": [member.name],
        "birth_year": [str(member.birth_year)],
        "gender": [str(member.gender_id)],
        "document": [str(member.document_type_id)],
        "comorbidity": ["Y" if member.comorbidity else ""],
        "consent": [member.consent_version],
    }
    return _person_page(reader, Filled(kept), proven.confirmed(request, member), member)


@router.post("/people/{reference_id}/edit", response_class=Response)
async def edit(request: Request, reference_id: int, actor: Own) -> Response:
    """Change the facts, until the first dose."""
    fields, site, reader = await read_form(request), site_of(request), Reader(request)
    async with site.transaction() as conn:
        (member,) = await registry.own_members(conn, site.floor, actor, [reference_id])
    try:
        asked = _registration(fields)
        if member.birth_date is not None and member.birth_year == asked.birth_year:
            asked = replace(asked, birth_date=member.birth_date)
        keeps = member.document_confirmed_by is not None
        async with site.transaction() as conn:
            await registry.edit(conn, site.floor, actor, reference_id, asked, keep_document=keeps)
    except Refusal as no:
        return _person_page(reader, refused(reader, fields, no, FIELDS), proven.confirmed(request, member), member)
    return go(request, "/people", done="changed")


@router.get("/people/{reference_id}/remove", response_class=Response)
async def remove_form(request: Request, reference_id: int, actor: Own) -> Response:
    """Really remove?"""
    return await _remove_page(request, actor, reference_id, None)


@router.post("/people/{reference_id}/remove", response_class=Response)
async def remove(request: Request, reference_id: int, actor: Own) -> Response:
    """Remove the person, until the first dose; an appointment is cancelled first, on its own page."""
    await read_form(request)
    site = site_of(request)
    try:
        async with site.transaction() as conn:
            (member,) = await registry.own_members(conn, site.floor, actor, [reference_id])
            await scheduling.refuse_if_booked(conn, member.person)
            await registry.remove(conn, site.floor, actor, reference_id)
    except Refusal as no:
        return await _remove_page(request, actor, reference_id, no)
    return go(request, "/people", done="removed")


async def _remove_page(request: Request, actor: Actor, reference_id: int, no: Refusal | None) -> Response:
    site, reader = site_of(request), Reader(request)
    async with site.transaction() as conn:
        (member,) = await registry.own_members(conn, site.floor, actor, [reference_id])
    form = Filled({}, (Fault("", reader.refusal(no)),) if no else ())
    return page(reader, "remove.html", 409 if no else 200, member=member, form=form)


async def _stand(
    conn: Connection,
    floor: Floor,
    actor: Actor,
    members: list[registry.Beneficiary],
    rules: programme.Programme,
) -> list[dict[str, Any]]:
    """Each member with doses, the next one due and the live appointment."""
    account = actor.own_account()
    doses = await vaccination.doses_of_account(conn, account)
    booked = {one.beneficiary_id: one for one in await scheduling.appointments_of(conn, account)}
    shown = []
    for one in members:
        given = doses.get(one.person.beneficiary_id, [])
        due: Due | None = await vaccination.due(conn, floor, one, given)
        shown.append(
            {
                "member": one,
                "doses": given,
                "status": vaccination.status(given, rules).value,
                "due": due,
                "appointment": booked.get(one.person.beneficiary_id),
            }
        )
    return shown


def _registration(fields: Fields, proof: registry.Proof | None = None) -> registry.Registration:
    """The registration that the form asks for; a proven document is not asked for.

    Raises BirthYearNeeded, and leaves the rest to the registry.
    """
    year, gender, document = (first(fields, name) for name in ("birth_year", "gender", "document"))
    if not (len(year) == 4 and year.isdecimal()):
        raise BirthYearNeeded(field="birth_year")
    asked = registry.Registration(
        name=first(fields, "name"),
        birth_year=int(year),
        gender_id=number(gender) or 0,
        document_type_id=number(document) or 0,
        document_number=first(fields, "number"),
        comorbidity=first(fields, "comorbidity") == "Y",
        consent_version=first(fields, "consent"),
    )
    return asked if proof is None else proven.completed(asked, proof)


def _person_page(
    reader: Reader, form: Filled, fixed: proven.FixedDocument | None, member: registry.Beneficiary | None = None
) -> Response:
    site, language = site_of(reader.request), reader.language.code
    return page(
        reader,
        "person.html",
        400 if form.faults else 200,
        form=form,
        member=member,
        fixed=fixed,
        genders=_genders(site, language),
        documents=[(one.id, one.name_l.get(language) or one.name) for one in site.documents.all()],
        consent=CONSENT,
    )


def _genders(site: Site, language: str) -> list[tuple[int, str]]:
    return [(one.gender_id, one.names.get(language) or one.name) for one in site.genders.values()]
