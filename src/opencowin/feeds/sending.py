"""Calls webhooks with what changed: in order, signed, again and again until they take it, or are switched off."""

import asyncio
import random
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

import httpx2
import orjson

from opencowin import scheduling
from opencowin.feeds import queries
from opencowin.feeds.addresses import AddressUnusable, look_up
from opencowin.feeds.hooks import SECRET, URL
from opencowin.feeds.queries import Told, WebhookRow
from opencowin.feeds.signing import signed
from opencowin.feeds.telling import written
from opencowin.kit.db import Connection, Pool
from opencowin.kit.floor import Floor
from opencowin.kit.in_hand import InHand, Trade
from opencowin.kit.jobs import Job
from opencowin.scheduling import Changes, Reader

IN_HAND = 100
"""Webhooks that a worker calls at one time."""
MOST_TOLD = 100
SECONDS = 10.0
LEASE = timedelta(minutes=1)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)
PATIENCE = timedelta(hours=24)
"""How long an address may fail until it is switched off."""
GONE = 410
AGENT = "Open-CoWIN-Webhook/1"


@dataclass(frozen=True, slots=True)
class WebhookOff:
    """A webhook was switched off: its owner is told."""

    webhook_id: UUID
    key_id: UUID
    answer: str
    happened_at: datetime


WEBHOOK_OFF = Job("feeds.webhook_off", WebhookOff)


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent by which lease, and how far in the journal it reaches."""

    row: WebhookRow
    lease: datetime
    until: int
    body: bytes

    @property
    def call_id(self) -> str:
        """The same however often it is repeated, so that its receiver knows it again."""
        return f"{self.row.webhook_id}.{self.row.cursor_at}-{self.until}"


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether an address took a call, and what it said in a word."""

    taken: bool
    word: str


Done = tuple[Call, Answer]


class Caller(Trade[Call, Answer]):
    """Calls webhooks with what they have not taken yet. Whoever has waited longest is next, after each call anew."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    async def turn(self, conn: Connection, in_hand: Sequence[Call], done: Sequence[Done]) -> list[Call]:
        """Note what came of calls, and take up the next; those of whose places nothing was told are passed over."""
        await self.note(conn, done)
        newest, now = await scheduling.newest_change(conn), self._floor.clock.now()
        await queries.pass_over(conn, newest, now)
        rows = await queries.due(conn, newest, now, IN_HAND - len(in_hand))
        return await self._calls(conn, rows, now + LEASE, newest) if rows else []

    async def note(self, conn: Connection, done: Sequence[Done]) -> None:
        """Keep what came of calls, and give the webhooks back."""
        if not done:
            return
        now = self._floor.clock.now()
        taken, failed = ([_told(now, *one) for one in done if one[1].taken is whether] for whether in (True, False))
        if taken:
            await queries.note_taken(conn, taken, now)
        if failed:
            off = set(await queries.note_failed(conn, failed, now))
            gone = [(call.row, answer.word) for call, answer in done if call.row.webhook_id in off]
            await WEBHOOK_OFF.enqueue(conn, *(WebhookOff(row.webhook_id, row.key_id, word, now) for row, word in gone))
        await queries.give_back(conn, [*taken, *failed])

    async def work(self, one: Call) -> Answer:
        """Call it once."""
        open_ = self._floor.keyring.open
        url, secret = open_(one.row.url_sealed, URL), open_(one.row.secret_sealed, SECRET)
        return await _post(one, url, secret, trial=self._floor.settings.webhooks_on_trial)

    async def _calls(self, conn: Connection, rows: Sequence[WebhookRow], lease: datetime, newest: int) -> list[Call]:
        """What these are told next: many are told the same, which is read and written once. Who missed changes that
        are kept no more is told so, and who has none to be told is passed over."""
        whose = {row.webhook_id: _reader(row) for row in rows}
        found = await scheduling.changes_for(conn, self._floor, set(whose.values()), MOST_TOLD)
        bodies = _bodies(found, newest, self._floor.clock.now())
        calls, idle = [], {}
        for row in rows:
            changes = found[whose[row.webhook_id]]
            until = changes.cursor if changes else newest
            if changes and not changes.changes and row.sending_until is None:
                idle[row.webhook_id] = until
            else:
                calls.append(Call(row, lease, until, bodies[whose[row.webhook_id]]))
        await queries.hold(conn, {one.row.webhook_id: one.until for one in calls}, lease)
        await queries.pass_on(conn, idle)
        return calls


async def call_webhooks(pool: Pool, floor: Floor, numbered: asyncio.Event, stop: asyncio.Event) -> None:
    """Call webhooks until `stop` is set: at once when changes were `numbered`, every second what others left."""
    await InHand(pool, Caller(floor), numbered).keep_on(stop)


def _reader(row: WebhookRow) -> Reader:
    return Reader(row.cursor_at, row.sending_until, tuple(row.district_ids), tuple(row.pin_codes))


def _bodies(found: Mapping[Reader, Changes | None], newest: int, now: datetime) -> dict[Reader, bytes]:
    every = {one.noted.change_number: one for changes in found.values() if changes for one in changes.changes}
    parts = {number: orjson.Fragment(orjson.dumps(written(one))) for number, one in every.items()}

    def body(changes: Changes | None) -> bytes:
        data = {
            "changes": [parts[one.noted.change_number] for one in changes.changes] if changes else [],
            "cursor": changes.cursor if changes else newest,
            "missed": changes is None,
        }
        at = now.isoformat(timespec="milliseconds")
        return orjson.dumps({"type": "availability.changes", "timestamp": at, "data": data})

    return {reader: body(changes) for reader, changes in found.items()}


def _told(now: datetime, call: Call, answer: Answer) -> Told:
    row, since = call.row, call.row.failing_since or now
    off = now - since >= PATIENCE or answer.word == str(GONE)
    return Told(row.webhook_id, call.lease, row.cursor_at, call.until, answer.word, now + pause(row.failures), off=off)


@cache
def _trusted() -> ssl.SSLContext:
    """Whom we believe to be who they say: read once, since it takes longer than a call."""
    return httpx2.create_ssl_context(trust_env=False)


def pause(failures: int) -> timedelta:
    """How long to wait after so many failures and one more: twice as long each time, and not all at one instant."""
    longest = min(FIRST_PAUSE * (1 << min(failures, 12)), LONGEST_PAUSE)
    return longest * random.uniform(0.8, 1.0)  # noqa: S311 (no secret)


async def _post(call: Call, url: str, secret: str, *, trial: bool) -> Answer:
    """What the address answers. Its name is looked up and judged anew each time; it is called by the number that was
    judged, on a line of its own, through no proxy, led nowhere else, and keeps nothing with us."""
    at = int(datetime.now().timestamp())  # noqa: DTZ005 (seconds since 1970, by the world's clock)
    try:
        async with asyncio.timeout(SECONDS):
            target = await look_up(url, trial=trial)
            headers = {
                **signed(secret, call.call_id, at, call.body),
                "host": target.called,
                "content-type": "application/json",
                "user-agent": AGENT,
            }
            asked = httpx2.Request(
                "POST", target.url, headers=headers, content=call.body, extensions={"sni_hostname": target.host}
            )
            async with httpx2.AsyncHTTPTransport(trust_env=False, verify=_trusted()) as line:
                answer = await line.handle_async_request(asked)
                await answer.aclose()
    except AddressUnusable:
        return Answer(taken=False, word="address unusable")
    except TimeoutError:
        return Answer(taken=False, word="no answer in time")
    except httpx2.HTTPError as fault:
        return Answer(taken=False, word=type(fault).__name__)
    return Answer(answer.is_success, str(answer.status_code))
