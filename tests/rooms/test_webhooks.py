"""Calls to addresses of others: in order, signed, repeated until they are taken, and never lost."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from opencowin import feeds, identity, places, scheduling
from opencowin.feeds import AddressUnusable, NewWebhook, NoSuchWebhook, TooManyWebhooks
from opencowin.feeds.sending import Answer, Call, Caller
from opencowin.identity import PARTNER_PERMISSIONS
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission, Place
from opencowin.kit.clock import Clock
from opencowin.kit.db import Pool, fetch_value, run, transaction
from opencowin.kit.floor import Floor
from opencowin.kit.in_hand import InHand
from tests.builders import TEST, a_centre, a_session, stock_up

pytestmark = pytest.mark.anyio


@dataclass(slots=True)
class Receiver:
    """A program that is called: what it got, and what it answers next."""

    url: str = ""
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.calls.append((headers, await request.read()))
        status = self.answers.pop(0) if self.answers else 204
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status == 307 else {})

    def told(self, call: int = -1) -> list[tuple[str, str]]:
        data = orjson.loads(self.calls[call][1])["data"]
        return [(one["session_id"], one["kind"]) for one in data["changes"]]


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver, app = Receiver(), web.Application()
    app.router.add_post("/hook", receiver.take)
    app.router.add_post("/elsewhere", receiver.take)
    async with TestServer(app) as server:
        receiver.url = str(server.make_url("/hook"))
        yield receiver


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


@pytest.fixture
async def centre(pool: Pool, floor: Floor) -> places.Centre:
    made = await a_centre(pool, floor)
    await stock_up(pool, floor, made, "COVISHIELD", doses=500)
    return made


@pytest.fixture
async def partner(pool: Pool, floor: Floor) -> AsyncIterator[Actor]:
    """A key of its own, whose webhooks end with the test."""
    async with transaction(pool) as conn:
        key_id, _ = await identity.make_api_key(
            conn,
            floor,
            TEST,
            "Alerts for all",
            permissions={Permission.HAVE_WEBHOOKS},
            place=Place(),
            calls_per_minute=10,
            calls_per_day=100,
        )
    yield Actor(ActorKind.PARTNER, str(key_id), frozenset({Permission.HAVE_WEBHOOKS}))
    async with transaction(pool) as conn:
        await run(conn, "DELETE FROM webhook WHERE key_id = %(key)s", key=key_id)


async def added(pool: Pool, floor: Floor, partner: Actor, url: str, **where: Any) -> feeds.WebhookMade:
    async with transaction(pool) as conn:
        await scheduling.number_changes(conn)
    async with transaction(pool) as conn:
        return await feeds.add_webhook(conn, floor, partner, NewWebhook(url=url, **where))


async def published(pool: Pool, floor: Floor, centre: places.Centre, ahead: int = 3) -> str:
    async with transaction(pool) as conn:
        new = a_session(centre, floor.clock.today() + timedelta(days=ahead), doses=1)
        return str(await scheduling.publish_session(conn, floor, TEST, new))


async def call_due(pool: Pool, floor: Floor) -> int:
    """What a worker does until nobody is to be called any more; how many calls it made."""
    async with transaction(pool) as conn:
        await scheduling.number_changes(conn)
    in_hand, made = InHand(pool, Caller(floor)), 0
    while begun := await in_hand.step():
        await in_hand.finish()
        made += begun
    return made


async def taken_up(pool: Pool, floor: Floor) -> list[Call]:
    """What a worker has in hand, which it has not called yet."""
    async with transaction(pool) as conn:
        return await Caller(floor).turn(conn, (), ())


async def seen(pool: Pool, floor: Floor, partner: Actor) -> feeds.Webhook:
    async with transaction(pool) as conn:
        (one,) = await feeds.webhooks_of(conn, floor, partner)
    return one


def later(floor: Floor, by: timedelta) -> Floor:
    now = floor.clock.now
    return replace(floor, clock=Clock(floor.clock.zone, lambda: now() + by))


def without_private_addresses(floor: Floor) -> Floor:
    return replace(floor, settings=floor.settings.model_copy(update={"private_webhooks": False}))


async def test_changes_are_sent_once_in_their_order_and_signed(
    pool: Pool, floor: Floor, partner: Actor, centre: places.Centre, receiver: Receiver
) -> None:
    made = await added(pool, floor, partner, receiver.url)
    sessions = [await published(pool, floor, centre, ahead) for ahead in (2, 3)]
    assert await call_due(pool, floor) == 1
    assert await call_due(pool, floor) == 0, "it has taken everything"
    assert [receiver.told(call) for call in range(len(receiver.calls))] == [[(one, "published") for one in sessions]]
    headers, body = receiver.calls[0]
    assert feeds.verified(made.secret, headers, body, time.time())
    assert not feeds.verified(made.secret, headers, body + b" ", time.time())
    assert (headers["content-type"], orjson.loads(body)["type"]) == ("application/json", "availability.changes")
    one = await seen(pool, floor, partner)
    assert (one.behind, one.failures, one.last_answer, one.url) == (0, 0, "204", receiver.url)


async def test_what_is_not_taken_is_sent_again_later_and_is_the_same(
    pool: Pool, floor: Floor, partner: Actor, centre: places.Centre, receiver: Receiver
) -> None:
    receiver.answers = [500, 307]
    await added(pool, floor, partner, receiver.url, district_ids=[centre.district_id])
    first = await published(pool, floor, centre)
    await call_due(pool, floor)
    assert await call_due(pool, floor) == 0, "not at once"
    second = await published(pool, floor, centre, 4)
    await call_due(pool, later(floor, timedelta(seconds=6)))
    assert len(receiver.calls) == 2, "it is led nowhere else"
    failing = await seen(pool, floor, partner)
    assert (failing.failures, failing.last_answer) == (2, "307")
    assert failing.next_try_at is not None
    await call_due(pool, later(floor, timedelta(minutes=1)))
    ids = [headers["webhook-id"] for headers, _ in receiver.calls]
    assert (ids[0], ids[1]) == (ids[2], ids[2]), "who is called twice knows it"
    assert ids[3] != ids[2]
    assert [receiver.told(call) for call in (0, 1, 2)] == [[(first, "published")]] * 3
    assert receiver.told(3) == [(second, "published")]
    assert (await seen(pool, floor, partner)).failures == 0


async def test_an_address_that_fails_for_a_day_is_switched_off_and_can_be_called_again_from_a_cursor(
    pool: Pool, floor: Floor, partner: Actor, centre: places.Centre
) -> None:
    async with receiving() as gone:
        url = gone.url
    made = await added(pool, floor, partner, url)
    session = await published(pool, floor, centre)
    for hours in (0, 12, 23):
        await call_due(pool, later(floor, timedelta(hours=hours)))
        assert (await seen(pool, floor, partner)).off_at is None
    await call_due(pool, later(floor, timedelta(hours=25)))
    off = await seen(pool, floor, partner)
    assert off.off_at is not None
    assert off.last_answer == "ConnectError"
    async with transaction(pool) as conn:
        told = await fetch_value(conn, "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'feeds.webhook_off'")
    assert told == 1
    assert await call_due(pool, later(floor, timedelta(hours=30))) == 0
    async with receiving() as back:
        async with transaction(pool) as conn:
            await run(
                conn,
                "UPDATE webhook SET url_sealed = %(url)s WHERE webhook_id = %(id)s",
                url=floor.keyring.seal(back.url, "webhook.url"),
                id=made.webhook_id,
            )
            await feeds.replay_webhook(conn, floor, partner, made.webhook_id, made.cursor)
        await call_due(pool, floor)
        assert back.told() == [(session, "published")]


async def test_a_receiver_that_says_it_is_gone_is_believed(
    pool: Pool, floor: Floor, partner: Actor, centre: places.Centre, receiver: Receiver
) -> None:
    receiver.answers = [410]
    await added(pool, floor, partner, receiver.url)
    await published(pool, floor, centre)
    await call_due(pool, floor)
    assert (await seen(pool, floor, partner)).off_at is not None


async def test_places_and_keys_bound_what_is_sent(
    pool: Pool, floor: Floor, partner: Actor, centre: places.Centre, receiver: Receiver
) -> None:
    await added(pool, floor, partner, receiver.url, district_ids=[1])
    await published(pool, floor, centre)
    assert await call_due(pool, floor) == 0
    assert (await seen(pool, floor, partner)).behind == 0, "what is of no concern is passed over"
    await added(pool, floor, partner, receiver.url, pin_codes=[centre.pin_code])
    await published(pool, floor, centre)
    async with transaction(pool) as conn:
        await identity.revoke_api_key(conn, floor, TEST, UUID(partner.actor_id))
    assert await call_due(pool, floor) == 0
    assert receiver.calls == []


async def test_what_a_worker_had_in_hand_that_died_is_done_by_another_and_nothing_is_skipped(
    pool: Pool, floor: Floor, partner: Actor, centre: places.Centre, receiver: Receiver
) -> None:
    await added(pool, floor, partner, receiver.url)
    session = await published(pool, floor, centre)
    async with transaction(pool) as conn:
        await scheduling.number_changes(conn)
    assert len(await taken_up(pool, floor)) == 1
    assert await call_due(pool, floor) == 0, "one worker at a time has it"
    assert await call_due(pool, later(floor, timedelta(minutes=2))) == 1
    assert receiver.told() == [(session, "published")]


async def test_who_held_a_webhook_for_too_long_changes_nothing_of_what_another_does(
    pool: Pool, floor: Floor, partner: Actor, centre: places.Centre
) -> None:
    await added(pool, floor, partner, "http://127.0.0.1:1/")
    await published(pool, floor, centre)
    async with transaction(pool) as conn:
        await scheduling.number_changes(conn)
    soon = later(floor, timedelta(minutes=2))
    (late,) = await taken_up(pool, floor)
    (holder,) = await taken_up(pool, soon)
    assert holder.call_id == late.call_id
    for _ in range(2):
        async with transaction(pool) as conn:
            await Caller(soon).note(conn, [(late, Answer(taken=False, word="500"))])
        assert (await seen(pool, floor, partner)).failures == 0
        assert await taken_up(pool, soon) == [], "it is held, and was not given back by who does not hold it"
    async with transaction(pool) as conn:
        await Caller(soon).note(conn, [(late, Answer(taken=True, word="204"))])
    assert (await seen(pool, floor, partner)).behind == 0, "what was taken was taken, whoever called"
    assert late.row.webhook_id == holder.row.webhook_id
    await published(pool, floor, centre, 4)
    async with transaction(pool) as conn:
        await scheduling.number_changes(conn)
    assert await taken_up(pool, soon) == [], "its holder is under way"
    async with transaction(pool) as conn:
        await Caller(soon).note(conn, [(holder, Answer(taken=False, word="no answer in time"))])
    assert (await seen(pool, floor, partner)).failures == 0
    assert len(await taken_up(pool, soon)) == 1, "its holder gave it back"


async def test_what_one_worker_calls_others_wait_for_in_no_order_but_its_own(
    pool: Pool, floor: Floor, partner: Actor, centre: places.Centre, receiver: Receiver
) -> None:
    """Two workers, two webhooks, more changes than go into a call: each is told all, once, in order."""
    made = [await added(pool, floor, partner, f"{receiver.url}?{number}") for number in range(2)]
    sessions = []
    for turn in range(3):
        sessions += [await published(pool, floor, centre, ahead) for ahead in range(2, 40)]
        async with transaction(pool) as conn:
            await scheduling.number_changes(conn)
        if turn == 0:
            await asyncio.gather(*(call_due(pool, floor) for _ in range(2)))
    await asyncio.gather(*(call_due(pool, floor) for _ in range(2)))
    for one in made:
        ours = [at for at, (head, _) in enumerate(receiver.calls) if head["webhook-id"].startswith(str(one.webhook_id))]
        assert [told for at in ours for told, _ in receiver.told(at)] == sessions
    assert (await call_due(pool, floor)) == 0


async def test_changes_that_are_kept_no_more_are_said_to_be_missed(
    pool: Pool, floor: Floor, partner: Actor, centre: places.Centre, receiver: Receiver
) -> None:
    await added(pool, floor, partner, receiver.url)
    await published(pool, floor, centre)
    async with transaction(pool) as conn:
        await scheduling.number_changes(conn)
    async with transaction(pool) as conn:
        await run(conn, "UPDATE session_change SET happened_at = now() - interval '9 days'")
        assert await scheduling.forget_old_changes(conn) >= 1
    await call_due(pool, floor)
    assert orjson.loads(receiver.calls[0][1])["data"]["missed"] is True
    assert await call_due(pool, floor) == 0


async def test_who_may_have_webhooks_and_where(pool: Pool, floor: Floor, partner: Actor) -> None:
    strict = without_private_addresses(floor)
    async with transaction(pool) as conn:
        for url in ("http://example.org/", "https://example.org:6379/", "nowhere"):
            with pytest.raises(AddressUnusable):
                await feeds.add_webhook(conn, strict, partner, NewWebhook(url=url))
        other = replace(partner, permissions=PARTNER_PERMISSIONS - {Permission.HAVE_WEBHOOKS})
        with pytest.raises(NotPermitted):
            await feeds.add_webhook(conn, floor, other, NewWebhook(url="https://example.org/"))
        for _ in range(5):
            made = await feeds.add_webhook(conn, floor, partner, NewWebhook(url="https://example.org/"))
        with pytest.raises(TooManyWebhooks):
            await feeds.add_webhook(conn, floor, partner, NewWebhook(url="https://example.org/"))
        stranger = replace(partner, actor_id=str(uuid4()))
        with pytest.raises(NoSuchWebhook):
            await feeds.end_webhook(conn, stranger, made.webhook_id)
        await feeds.end_webhook(conn, partner, made.webhook_id)
        assert len(await feeds.webhooks_of(conn, floor, partner)) == 4


async def test_a_private_address_is_not_called_though_it_was_open_once(
    pool: Pool, floor: Floor, partner: Actor, centre: places.Centre, receiver: Receiver
) -> None:
    """Outside demo mode the address is judged at each call: a name may lead elsewhere by then."""
    await added(pool, floor, partner, receiver.url)
    await published(pool, floor, centre)
    await call_due(pool, without_private_addresses(floor))
    assert receiver.calls == []
    assert (await seen(pool, floor, partner)).last_answer == "address unusable"
