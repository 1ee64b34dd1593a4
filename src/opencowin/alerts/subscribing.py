"""People subscribe to free seats, see what they are subscribed to, and end it: on a page, by API or by an answer."""

import secrets
from datetime import timedelta
from uuid import UUID

from opencowin import identity, places, programme
from opencowin.alerts import queries
from opencowin.alerts.model import CODE_LENGTH, LETTERS, MOST_KM, Circle, NewSubscription, Subscription
from opencowin.alerts.refusals import (
    NoSuchSubscription,
    RadiusInvalid,
    TooManySubscriptions,
    UnknownPin,
    UnknownVaccine,
    WhereMissing,
)
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor

MOST = 10
LASTS = timedelta(days=90)
TRIES = 20


async def subscribe(conn: Connection, floor: Floor, actor: Actor, new: NewSubscription) -> int:
    """Tell the actor's number of free seats for some months; its number. A wish that stands already stays one.

    Raises NotPermitted, WhereMissing, UnknownPin, UnknownDistrict, RadiusInvalid, UnknownVaccine,
    TooManySubscriptions.
    """
    actor.require(Permission.MANAGE_OWN_MEMBERS)
    account = actor.own_account()
    circle = await _where(conn, new)
    if new.vaccine_id is not None and new.vaccine_id not in (await programme.current_programme(conn)).vaccines:
        raise UnknownVaccine(field="vaccine")
    await queries.hold_account(conn, account)
    now = floor.clock.now()
    there = await queries.of_account(conn, account, now)
    if same := next((one for one in there if _wish(one) == new), None):
        return same.subscription_id
    if len(there) >= MOST:
        raise TooManySubscriptions(most=MOST)
    for _ in range(TRIES):
        code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
        number = await queries.insert(conn, account, code, new, circle, now, now + LASTS)
        if number is not None:
            await record(
                conn, actor, "alerts.subscribe", subject=("subscription", number), reason="asked by the household"
            )
            return number
    raise RuntimeError("no code was free")


async def subscriptions_of(conn: Connection, floor: Floor, actor: Actor) -> list[Subscription]:
    """What the actor's number is subscribed to, newest first. Raises NotPermitted."""
    actor.require(Permission.MANAGE_OWN_MEMBERS)
    return await queries.of_account(conn, actor.own_account(), floor.clock.now())


async def unsubscribe(conn: Connection, actor: Actor, subscription_id: int) -> None:
    """End one subscription of one's own. Raises NotPermitted, NoSuchSubscription."""
    actor.require(Permission.MANAGE_OWN_MEMBERS)
    if not await queries.end(conn, actor.own_account(), subscription_id):
        raise NoSuchSubscription(field="subscription_id")
    subject = ("subscription", subscription_id)
    await record(conn, actor, "alerts.unsubscribe", subject=subject, reason="asked by the household")


async def stop_by_reply(conn: Connection, floor: Floor, actor: Actor, mobile: str, code: str) -> int:
    """End the subscription of a number that answered with its code, or without one all of its; how many ended.

    The gateway vouches for the number; an unknown number or code ends nothing. Raises NotPermitted, InvalidMobile.
    """
    actor.require(Permission.RECEIVE_MESSAGES)
    account = await identity.account_of_mobile(conn, floor, mobile)
    if account is None:
        return 0
    return await stop_for(conn, actor, account, code)


async def stop_for(conn: Connection, actor: Actor, account_id: UUID, code: str) -> int:
    """End the subscription of a household with this code, or without one all of its, since an answer from an address
    of its asks for it; how many ended. Raises NotPermitted."""
    actor.require(Permission.RECEIVE_MESSAGES)
    ended = await queries.end_by_code(conn, account_id, code.strip().upper())
    if ended:
        why, detail = "asked by an answer", {"ended": ended}
        await record(conn, actor, "alerts.unsubscribe", subject=("account", account_id), reason=why, detail=detail)
    return ended


async def _where(conn: Connection, new: NewSubscription) -> Circle | None:
    """The circle that is watched, if one is."""
    if (new.district_id is None) == (new.pin_code is None):
        raise WhereMissing(field="pin_code")
    if new.district_id is not None:
        await places.district(conn, new.district_id)
        if new.radius_km is not None:
            raise WhereMissing(field="pin_code")
        return None
    known = await places.places_of_pin(conn, new.pin_code or "")
    if not known:
        raise UnknownPin(field="pin_code")
    if new.radius_km is None:
        return None
    if not 1 <= new.radius_km <= MOST_KM:
        raise RadiusInvalid(field="radius_km", most=MOST_KM)
    for one in known:
        if one.latitude is not None and one.longitude is not None:
            return Circle(one.latitude, one.longitude, new.radius_km)
    raise UnknownPin(field="pin_code")


def _wish(one: Subscription) -> NewSubscription:
    return NewSubscription(
        district_id=one.district_id,
        pin_code=one.pin_code,
        radius_km=one.radius_km,
        vaccine_id=one.vaccine_id,
        dose=one.dose,
        age=one.age,
        most_fee=one.most_fee,
    )
