"""P1–P4: book, move and cancel appointments, and the slip."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from opencowin import scheduling
from opencowin.kit.actor import Actor, Permission
from opencowin.web.cowin.wire import PDF_OUT, Body, LooseText, parse_reference, pdf_response
from opencowin.web.entrance import QueueTicket
from opencowin.web.guard import may
from opencowin.web.site import language_of, site_of

router = APIRouter(tags=["5. Appointments"])
Own = Annotated[Actor, may(Permission.BOOK_FOR_OWN_MEMBERS)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Any text of yours: the same key books once and answers the same, however often it is sent.",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
    ),
]


class Schedule(Body):
    """Book one slot for several members: all or nothing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "dose": 1,
                    "session_id": "00000000-0000-4000-8000-000000000001",
                    "slot": "09:00AM-11:00AM",
                    "beneficiaries": ["10000000000001"],
                }
            ]
        }
    )
    dose: int = Field(description="Dose number.", ge=1, le=20)
    session_id: UUID
    slot: str = Field(description="As listed in the session.", max_length=60)
    beneficiaries: list[LooseText] = Field(min_length=1, max_length=50)
    center_id: int | None = Field(None, description="Checked where it is sent.", ge=0, le=2**31 - 1)
    captcha: str | None = Field(None, description="Ignored.")


class Scheduled(BaseModel):
    """The booking, under both names that clients look for."""

    appointment_confirmation_no: str
    appointment_id: str


class Reschedule(Body):
    """Move a booking to another slot."""

    appointment_id: UUID
    session_id: UUID
    slot: str = Field(max_length=60)


class Cancel(Body):
    """Cancel a booking: for the members named, or for all when the list is left out."""

    appointment_id: UUID
    beneficiariesToCancel: list[LooseText] | None = Field(None, max_length=50)  # noqa: N815


def booking_wish(body: Schedule, key: str | None) -> scheduling.BookingWish:
    """What a booking call asks for. Raises InvalidReference."""
    return scheduling.BookingWish(
        dose_number=body.dose,
        session_id=body.session_id,
        slot=body.slot,
        reference_ids=tuple(parse_reference(reference) for reference in body.beneficiaries),
        centre_id=body.center_id,
        key=key,
    )


@router.post("/v2/appointment/schedule")
async def schedule(
    request: Request, body: Schedule, actor: Own, key: IdempotencyKey = None, ticket: QueueTicket = None
) -> Scheduled:
    """P1: book. 409 APPOIN0040 when the slot is full; nothing is booked then for anyone.

    503 QUEUE0001 while a waiting room stands and it is not the caller's turn: come back after Retry-After.
    """
    site = site_of(request)
    wish = booking_wish(body, key)
    await site.entrance.enter(actor, wish.session_id, ticket or "")
    booking = await site.desk.book(actor, wish)
    number = str(booking.booking_id)
    return Scheduled(appointment_confirmation_no=number, appointment_id=number)


@router.post("/v2/appointment/reschedule", status_code=204, response_class=Response)
async def reschedule(request: Request, body: Reschedule, actor: Own, ticket: QueueTicket = None) -> Response:
    """P2: move. The old seat is given back only when the new one is taken; the appointment id stays.

    503 QUEUE0001 as for booking.
    """
    site = site_of(request)
    await site.entrance.enter(actor, body.session_id, ticket or "")
    async with site.transaction() as conn:
        await scheduling.move(conn, site.floor, actor, body.appointment_id, body.session_id, body.slot)
    return Response(status_code=204)


@router.post("/v2/appointment/cancel", status_code=204, response_class=Response)
async def cancel(request: Request, body: Cancel, actor: Own) -> Response:
    """P3: cancel, for the members named or for all."""
    site = site_of(request)
    chosen = body.beneficiariesToCancel
    references = tuple(parse_reference(reference) for reference in chosen) if chosen is not None else None
    async with site.transaction() as conn:
        await scheduling.cancel(conn, site.floor, actor, body.appointment_id, references)
    return Response(status_code=204)


@router.get(
    "/v2/appointment/appointmentslip/download",
    response_class=Response,
    responses=PDF_OUT,
)
async def slip(request: Request, appointment_id: Annotated[UUID, Query()], actor: Own) -> Response:
    """P4: the appointment slip as PDF, with QR code and secret codes."""
    site = site_of(request)
    async with site.transaction() as conn:
        page = await scheduling.read_slip(conn, site.floor, actor, appointment_id)
    return pdf_response(await scheduling.printed_slip(site.floor, page, language_of(request)))


STRAIGHT: frozenset[Callable[..., Any]] = frozenset({schedule})
"""What a rush is made of here."""
