"""Move a member to another mobile number: the household chooses, the other number shows a code, and it is done."""

import hashlib
import unicodedata
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import cases, registry
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.errors import Refusal
from opencowin.web.pages.forms import ChoiceNeeded, Filled, first, number, refused, sent_id
from opencowin.web.pages.render import Reader, page
from opencowin.web.pages.visits import draft_for, go, read_form, signed_in
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Own = Annotated[Actor, signed_in(Permission.MANAGE_OWN_MEMBERS)]
FIELDS = {"mobile": "mobile", "who": "who", "otp": "code", "beneficiary_reference_id": "who"}


@router.get("/issues/transfer", response_class=Response)
async def transfer_form(request: Request, actor: Own) -> Response:
    """Who goes to which number?"""
    return await _asked(Reader(request), actor, Filled(draft_for(request, request.url.path)))


@router.post("/issues/transfer", response_class=Response)
async def ask_for_code(request: Request, actor: Own) -> Response:
    """Send a code to the other number, then ask for it."""
    fields, site, reader = await read_form(request), site_of(request), Reader(request)
    try:
        reference = number(first(fields, "who"))
        if reference is None:
            raise ChoiceNeeded(field="who")
        async with site.transaction() as conn:
            txn_id = await cases.ask_for_transfer(
                conn, site.floor, actor, reference, first(fields, "mobile"), language=reader.language.code
            )
    except Refusal as no:
        return await _asked(reader, actor, refused(reader, fields, no, FIELDS))
    sent = {"who": [str(reference)], "txn": [str(txn_id)], "id": [str(uuid4())]}
    return _code_page(reader, Filled(sent))


@router.post("/issues/transfer/code", response_class=Response)
async def confirm_transfer(request: Request, actor: Own) -> Response:
    """The other number agreed: move the member."""
    fields, site, reader = await read_form(request), site_of(request), Reader(request)
    digits = "".join(str(unicodedata.digit(one)) for one in first(fields, "code") if one.isdigit())
    try:
        reference, txn_id = number(first(fields, "who")), UUID(first(fields, "txn"))
    except ValueError:
        return go(request, "/issues/transfer")
    try:
        async with site.transaction() as conn:
            await cases.transfer(
                conn,
                site.floor,
                actor,
                reference or 0,
                otp_hash=hashlib.sha256(digits.encode()).hexdigest(),
                txn_id=txn_id,
                case_id=sent_id(fields),
            )
    except Refusal as no:
        return _code_page(reader, refused(reader, {**fields, "code": []}, no, FIELDS))
    return go(request, "/issues", done="moved")


async def _asked(reader: Reader, actor: Actor, form: Filled) -> Response:
    site = site_of(reader.request)
    async with site.transaction() as conn:
        members = await registry.members(conn, site.floor, actor)
    return page(
        reader,
        "transfer.html",
        400 if form.faults else 200,
        form=form,
        members=[(one.reference_id, one.name) for one in members],
    )


def _code_page(reader: Reader, form: Filled) -> Response:
    return page(reader, "transfer_code.html", 400 if form.faults else 200, form=form)
