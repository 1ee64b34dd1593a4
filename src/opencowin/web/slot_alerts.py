"""Our own surface for people: be told of free seats, see what one is told of, and end it."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from opencowin import alerts
from opencowin.kit.actor import Actor, Permission
from opencowin.web.cowin.wire import Body, PlainText
from opencowin.web.guard import may
from opencowin.web.site import site_of

router = APIRouter(prefix="/open/v1/alerts", tags=["Our own surface"])
Own = Annotated[Actor, may(Permission.MANAGE_OWN_MEMBERS)]
AlertNumber = Annotated[int, Path(ge=1, le=2**62)]


class AlertWish(Body):
    """Where: a district, or a postal code with kilometres round it; and what must fit. What is left out fits always."""

    district_id: int | None = Field(None, ge=0, le=2**31 - 1)
    pincode: PlainText | None = Field(None, max_length=12)
    radius_km: int | None = Field(None, ge=1, le=alerts.MOST_KM)
    vaccine: PlainText | None = Field(None, max_length=60)
    dose: int | None = Field(None, ge=1, le=20)
    age: int | None = Field(None, ge=0, le=150)
    most_fee: Decimal | None = Field(None, ge=0, le=99_999_999, decimal_places=2)


class AlertMade(BaseModel):
    """The number of an alert."""

    alert_id: int


class AlertSeen(AlertMade):
    """An alert that stands; an answer of STOP and its code ends it."""

    code: str
    district_id: int | None
    pincode: str | None
    radius_km: int | None
    vaccine: str | None
    dose: int | None
    age: int | None
    most_fee: Decimal | None
    ends_at: datetime


@router.post("")
async def subscribe(request: Request, body: AlertWish, actor: Own) -> AlertMade:
    """Be told by message of free seats, for 90 days. The same wish sent again stays one."""
    site = site_of(request)
    new = alerts.NewSubscription(
        district_id=body.district_id,
        pin_code=body.pincode,
        radius_km=body.radius_km,
        vaccine_id=body.vaccine,
        dose=body.dose,
        age=body.age,
        most_fee=body.most_fee,
    )
    async with site.transaction() as conn:
        return AlertMade(alert_id=await alerts.subscribe(conn, site.floor, actor, new))


@router.get("")
async def subscriptions(request: Request, actor: Own) -> list[AlertSeen]:
    """What one is told of, newest first."""
    site = site_of(request)
    async with site.transaction() as conn:
        found = await alerts.subscriptions_of(conn, site.floor, actor)
    return [
        AlertSeen(
            alert_id=one.subscription_id,
            code=one.code,
            district_id=one.district_id,
            pincode=one.pin_code,
            radius_km=one.radius_km,
            vaccine=one.vaccine_id,
            dose=one.dose,
            age=one.age,
            most_fee=one.most_fee,
            ends_at=one.ends_at,
        )
        for one in found
    ]


@router.delete("/{alert_id}", status_code=204, response_class=Response)
async def unsubscribe(request: Request, alert_id: AlertNumber, actor: Own) -> Response:
    """End one alert of one's own."""
    site = site_of(request)
    async with site.transaction() as conn:
        await alerts.unsubscribe(conn, actor, alert_id)
    return Response(status_code=204)
