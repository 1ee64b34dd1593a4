"""Sign in with a mobile number and a one-time password, and out again."""

import hashlib
import unicodedata
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import fairness, identity, scheduling
from opencowin.kit.actor import Actor
from opencowin.kit.errors import Invalid, Refusal
from opencowin.web.guard import caller_address, open_to_readers
from opencowin.web.pages import visits
from opencowin.web.pages.forms import Filled, first, refused
from opencowin.web.pages.render import Reader, page
from opencowin.web.pages.visits import CodeSent, Proven, go, read_form, visit_of
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Public = Annotated[Actor, open_to_readers()]
AFTER = "/people"


class CodeNeeded(Invalid):
    """Write the six digits of the code that was sent to you."""

    code = "PAGE0004"


@router.get("/sign-in", response_class=Response)
async def sign_in_form(request: Request, _actor: Public) -> Response:
    """The mobile number, please."""
    visit = visit_of(request)
    if visit.signed_in:
        return go(request, visit.then or AFTER)
    return _mobile_page(Reader(request), Filled())


@router.post("/sign-in", response_class=Response)
async def send_code(request: Request, _actor: Public) -> Response:
    """Send a code to the number."""
    fields, site, reader = await read_form(request), site_of(request), Reader(request)
    visit = visit_of(request)
    mobile = first(fields, "mobile") or (visit.code.mobile if visit.code and "again" in fields else "")
    try:
        solved = site.proofs.admit(first(fields, "altcha"))
        number = site.floor.country.normalise_mobile(mobile)
        address, language = caller_address(request), reader.language.code
        if solved is None:
            txn_id = await site.reception.request_otp(number, address=address, language=language)
        else:
            async with site.transaction() as conn:
                await fairness.spend_proof(conn, site.floor, solved)
                txn_id = await identity.request_otp(conn, site.floor, number, address=address, language=language)
    except Refusal as no:
        return _mobile_page(reader, refused(reader, {"mobile": [mobile]}, no, {"mobile": "mobile"}))
    visit.code = CodeSent(str(txn_id), number)
    return go(request, "/sign-in/code")


@router.get("/sign-in/code", response_class=Response)
async def code_form(request: Request, _actor: Public) -> Response:
    """The code, please."""
    if visit_of(request).code is None:
        return go(request, "/sign-in")
    return _code_page(Reader(request), Filled())


@router.post("/sign-in/code", response_class=Response)
async def confirm_code(request: Request, _actor: Public) -> Response:
    """Check the code; then on to where the way led."""
    fields, site, reader, visit = await read_form(request), site_of(request), Reader(request), visit_of(request)
    sent = visit.code
    if sent is None:
        return go(request, "/sign-in")
    digits = "".join(str(unicodedata.digit(one)) for one in first(fields, "code") if one.isdigit())
    try:
        if not digits:
            raise CodeNeeded(field="code")
        proof = hashlib.sha256(digits.encode()).hexdigest()
        txn_id, address = UUID(sent.txn_id), caller_address(request)
        confirmed = await site.reception.confirm_otp(proof, txn_id, address=address)
        async with site.transaction() as conn:
            await identity.choose_language(conn, site.floor, confirmed.account_id, reader.language.code)
    except Refusal as no:
        return _code_page(reader, refused(reader, {}, no, {"otp": "code", "code": "code"}))
    return await arrive(request, confirmed.account_id)


async def arrive(request: Request, account_id: UUID, proven: Proven | None = None) -> Response:
    """Sign this account in; hold the slot that was chosen before, and go on to where the way led."""
    visits.sign_in(request, account_id)
    visit = visit_of(request)
    visit.proven = proven
    to, visit.then = visit.then or AFTER, ""
    if visit.plan is not None and to.startswith("/book"):
        return await hold_and_go(request)
    return go(request, to)


async def hold_and_go(request: Request) -> Response:
    """Hold what the visit plans to book, and ask for whom it is; or say that it is gone."""
    site, visit = site_of(request), visit_of(request)
    plan, actor = visit.plan, visits.actor_of(request)
    if plan is None:
        return go(request, "/find")
    await site.entrance.enter(actor, UUID(plan.session_id), visit.ticket)
    try:
        async with site.transaction() as conn:
            await scheduling.hold_slot(conn, site.floor, actor, UUID(plan.session_id), plan.slot, plan.dose, plan.seats)
    except Refusal as no:
        visit.plan = None
        reader = Reader(request)
        return page(reader, "gone.html", 409, text=reader.refusal(no))
    visits.note_hold(request, plan)
    return go(request, "/book/who")


@router.post("/sign-out", response_class=Response)
async def sign_out(request: Request, _actor: Public) -> Response:
    """Nobody is signed in any more; what was held is given back."""
    await read_form(request)
    visit, site = visit_of(request), site_of(request)
    if visit.signed_in:
        async with site.transaction() as conn:
            await scheduling.let_go(conn, visits.actor_of(request))
    visits.sign_out(request)
    return go(request, "/", done="signed-out")


@router.post("/visit/stay", response_class=Response)
async def stay(request: Request, _actor: Public) -> Response:
    """Somebody is still there: the visit goes on, if it has not ended."""
    return visits.keep(request, Response(status_code=204 if visit_of(request).signed_in else 403))


def _mobile_page(reader: Reader, form: Filled) -> Response:
    visit, proofs = visit_of(reader.request), site_of(reader.request).proofs
    challenge = proofs.challenge() if proofs.wanted else ""
    return page(
        reader,
        "sign_in.html",
        400 if form.faults else 200,
        scripts=("proof.js",) if challenge else (),
        challenge=challenge,
        form=form,
        timed_out=bool(visit.timed_out),
        drafted=visit.draft is not None,
        booking=visit.plan is not None,
        providers=site_of(reader.request).national_ids.providers,
    )


def _code_page(reader: Reader, form: Filled) -> Response:
    visit = visit_of(reader.request)
    assert visit.code is not None
    minutes = max(1, site_of(reader.request).floor.settings.otp_valid_seconds // 60)
    return page(
        reader, "code.html", 400 if form.faults else 200, form=form, ending=visit.code.mobile[-4:], minutes=minutes
    )
