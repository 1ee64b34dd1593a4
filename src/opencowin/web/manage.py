"""Our own surface for those who run the campaign: sessions, revoked certificates; and the list of error codes."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from opencowin import certificates, scheduling
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.errors import Refusal
from opencowin.web.cowin.wire import PlainText
from opencowin.web.errors import status_of
from opencowin.web.guard import Face, may, open_to_all
from opencowin.web.site import language_of, site_of

router = APIRouter(prefix="/open/v1", tags=["Our own surface"])
Publisher = Annotated[Actor, may(Permission.PUBLISH_SESSIONS, Face.STAFF, Face.PARTNER)]
Revoker = Annotated[Actor, may(Permission.REVOKE_CERTIFICATES, Face.STAFF, Face.PARTNER)]
CertificateNumber = Annotated[PlainText, Path(max_length=40, description="The number printed on the certificate.")]


def _on_the_wall(given: time) -> time:
    if given.tzinfo is not None:
        raise ValueError("is the time on the centre's wall clock, without a zone")
    return given


WallTime = Annotated[time, AfterValidator(_on_the_wall)]


class SlotToPublish(BaseModel):
    """A time window and its seats."""

    starts_at: WallTime
    ends_at: WallTime
    seats: dict[int, Annotated[int, Field(ge=0, le=10_000)]] = Field(
        description="Seats by dose number; 0: walk-ins.", examples=[{"1": 20, "2": 20, "0": 10}]
    )


class SessionToPublish(BaseModel):
    """A session: one centre, one day, one vaccine."""

    model_config = ConfigDict(extra="forbid")
    center_id: int = Field(ge=0, le=2**31 - 1)
    held_on: date
    vaccine: str = Field(max_length=60)
    min_age: int = Field(ge=0, le=120)
    max_age: int | None = Field(None, ge=0, le=120)
    fee: Decimal = Field(Decimal(0), ge=0, le=100_000, decimal_places=2)
    doses: int = Field(ge=1, le=100_000, description="Taken from the centre's stock, soonest-expiring batch first.")
    slots: list[SlotToPublish] = Field(min_length=1, max_length=24)
    bookable_from: AwareDatetime | None = Field(None, description="When booking opens; null or past: at once.")


class Published(BaseModel):
    """The new session."""

    session_id: UUID


class Release(BaseModel):
    """When booking opens."""

    bookable_from: AwareDatetime = Field(description="Not in the past; an earlier one at least an hour ahead.")


class Withdrawal(BaseModel):
    """Why a session is withdrawn; those who booked are told."""

    reason: PlainText = Field(min_length=3, max_length=300)


class Withdrawn(BaseModel):
    """What withdrawing did."""

    people_told: int


class Explanation(BaseModel):
    """Why a certificate is revoked, or another one issued: the holder is told."""

    reason: PlainText = Field(min_length=3, max_length=300)


class Revoked(BaseModel):
    """Since when a certificate stands no longer."""

    certificate_id: str
    revoked_at: datetime
    already: bool = Field(description="Whether it was revoked before this call, which then changed nothing.")


class Reissued(BaseModel):
    """The certificate that took the place of a revoked one."""

    certificate_id: str


class ErrorCode(BaseModel):
    """A code that any call may answer with."""

    error_code: str = Field(serialization_alias="errorCode")
    status: int
    error: str


@router.post("/sessions", status_code=201)
async def publish(request: Request, body: SessionToPublish, actor: Publisher) -> Published:
    """Publish a session within one's scope."""
    site, opens = site_of(request), body.bookable_from
    new = scheduling.NewSession(
        centre_id=body.center_id,
        held_on=body.held_on,
        vaccine_id=body.vaccine.strip().upper(),
        min_age=body.min_age,
        max_age=body.max_age,
        fee=body.fee,
        slots=tuple(scheduling.NewSlot(slot.starts_at, slot.ends_at, slot.seats) for slot in body.slots),
        doses=body.doses,
        bookable_from=opens if opens and opens > site.floor.clock.now() else None,
    )
    async with site.transaction() as conn:
        return Published(session_id=await scheduling.publish_session(conn, site.floor, actor, new))


@router.put("/sessions/{session_id}/release", status_code=204, response_class=Response)
async def release(request: Request, session_id: UUID, body: Release, actor: Publisher) -> Response:
    """Open the booking of a session at another time than was announced, while it has not opened."""
    site = site_of(request)
    async with site.transaction() as conn:
        await scheduling.set_release(conn, site.floor, actor, session_id, body.bookable_from)
    return Response(status_code=204)


@router.post("/sessions/{session_id}/withdraw")
async def withdraw(request: Request, session_id: UUID, body: Withdrawal, actor: Publisher) -> Withdrawn:
    """Withdraw a session: its appointments end, and those who booked are told why."""
    site = site_of(request)
    async with site.transaction() as conn:
        told = await scheduling.withdraw_session(conn, site.floor, actor, session_id, body.reason)
    return Withdrawn(people_told=told)


@router.post("/certificates/{certificate_id}/revoke")
async def revoke(request: Request, certificate_id: CertificateNumber, body: Explanation, actor: Revoker) -> Revoked:
    """Revoke a certificate whose dose was given within one's scope, in every form that it was issued in."""
    site = site_of(request)
    async with site.transaction() as conn:
        done = await certificates.revoke(conn, site.floor, actor, certificate_id, body.reason)
    return Revoked(certificate_id=done.certificate_id, revoked_at=done.revoked_at, already=done.already)


@router.post("/certificates/{certificate_id}/reissue")
async def reissue(request: Request, certificate_id: CertificateNumber, body: Explanation, actor: Revoker) -> Reissued:
    """Issue another certificate for the dose of a revoked one, from the records as they are now."""
    site = site_of(request)
    async with site.transaction() as conn:
        number = await certificates.reissue(conn, site.floor, actor, certificate_id, body.reason)
    return Reissued(certificate_id=number)


@router.get("/errors")
async def error_codes(request: Request, _actor: Annotated[Actor, open_to_all()]) -> list[ErrorCode]:
    """Every error code, with its status and message template, in the caller's language."""
    catalogues, language = site_of(request).catalogues, language_of(request)
    kinds = sorted(Refusal.tree(), key=lambda kind: kind.code)
    return [
        ErrorCode(error_code=kind.code, status=status_of(kind), error=catalogues.text(kind.template(), language))
        for kind in kinds
    ]
