"""Our own surface for people: join the waiting list, see what is kept, take it or leave."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from opencowin import registry, scheduling, waitlist
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection
from opencowin.web.cowin.wire import Body, LooseText, PlainText, parse_reference
from opencowin.web.guard import may
from opencowin.web.site import site_of

router = APIRouter(prefix="/open/v1/waitlist", tags=["Our own surface"])
Own = Annotated[Actor, may(Permission.BOOK_FOR_OWN_MEMBERS)]
WaitNumber = Annotated[int, Path(ge=1, le=2**62)]


class WaitAsked(Body):
    """For whom, and where: a district, or a postal code and what lies round it."""

    beneficiary_reference_id: LooseText = Field(max_length=20)
    district_id: int | None = Field(None, ge=0, le=2**31 - 1)
    pincode: PlainText | None = Field(None, max_length=12)


class WaitMade(BaseModel):
    """The number of a place in the line."""

    waiting_id: int


class SeatSeen(BaseModel):
    """A seat that is kept until an instant: nobody else can book it."""

    code: str = Field(description="By which it is taken: here, or by the answer YES and this code.")
    session_id: UUID
    center_id: int
    date: date
    slot: str
    until: datetime


class WaitSeen(WaitMade):
    """A place in the line."""

    beneficiary_reference_id: str
    district_id: int | None
    pincode: str | None
    dose: int
    joined_at: datetime
    ahead: int = Field(description="How many wait for the same place and dose before it.")
    seat: SeatSeen | None = Field(description="The seat that is kept for it now.")


class SeatTaken(Body):
    """Which seat; without a code the one that is kept."""

    code: PlainText = Field("", max_length=10)


class Taken(BaseModel):
    """What was booked."""

    appointment_id: UUID


@router.post("")
async def join(request: Request, body: WaitAsked, actor: Own) -> WaitMade:
    """Put a member of the own household in line for the dose that is due; who waits already changes the place."""
    site = site_of(request)
    wish = waitlist.WaitWish(parse_reference(body.beneficiary_reference_id), body.district_id, body.pincode)
    async with site.transaction() as conn:
        return WaitMade(waiting_id=await waitlist.join(conn, site.floor, actor, wish))


@router.get("")
async def waits(request: Request, actor: Own) -> list[WaitSeen]:
    """Where the own household waits, and what is kept for it now."""
    site = site_of(request)
    async with site.transaction() as conn:
        found, kept = await waitlist.waits_of(conn, site.floor, actor)
        members = await registry.members(conn, site.floor, actor)
        seats = {one.waiting_id: await _seat(conn, one) for one in kept}
    references = {one.person.beneficiary_id: str(one.reference_id) for one in members}
    return [
        WaitSeen(
            waiting_id=one.waiting_id,
            beneficiary_reference_id=references[one.beneficiary_id],
            district_id=one.district_id,
            pincode=one.pin_code,
            dose=one.dose,
            joined_at=one.joined_at,
            ahead=one.ahead,
            seat=seats.get(one.waiting_id),
        )
        for one in found
        if one.beneficiary_id in references
    ]


@router.post("/take")
async def take(request: Request, body: SeatTaken, actor: Own) -> Taken:
    """Book the seat that is kept; the same again answers that none is kept any more."""
    site = site_of(request)
    async with site.transaction() as conn:
        booking = await waitlist.accept(conn, site.floor, actor, body.code)
    return Taken(appointment_id=booking.booking_id)


@router.delete("/{waiting_id}", status_code=204, response_class=Response)
async def leave(request: Request, waiting_id: WaitNumber, actor: Own) -> Response:
    """Leave the line; a seat that is kept is given back."""
    site = site_of(request)
    async with site.transaction() as conn:
        await waitlist.leave(conn, actor, waiting_id)
    return Response(status_code=204)


async def _seat(conn: Connection, one: waitlist.Kept) -> SeatSeen:
    session = await scheduling.read_session(conn, one.session_id)
    slot = next(slot for slot in session.slots if slot.slot_number == one.slot_number)
    return SeatSeen(
        code=one.code,
        session_id=session.session_id,
        center_id=session.centre_id,
        date=session.held_on,
        slot=slot.label,
        until=one.until,
    )
