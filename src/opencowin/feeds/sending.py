"""Calls webhooks with what changed: in order, signed, again and again until they take it, or are switched off."""

import asyncio
import random
import ssl
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
from opencowin.feeds.queries import WebhookRow
from opencowin.feeds.signing import signed
from opencowin.feeds.telling import written
from opencowin.kit.db import Connection, Pool, transaction
from opencowin.kit.floor import Floor
from opencowin.kit.jobs import BULK, Handler, Job

MOST_AT_ONCE = 20
"""Webhooks that are called at one time: slow ones do not keep other jobs waiting."""
MOST_TOLD = 100
CALLS_A_JOB = 10
SECONDS = 10.0
LEASE = timedelta(minutes=3)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)
PATIENCE = timedelta(hours=24)
"""How long an address may fail until it is switched off."""
GONE = 410
AGENT = "Open-CoWIN-Webhook/1"


@dataclass(frozen=True, slots=True)
class Due:
    """A webhook is to be called."""

    webhook_id: UUID


@dataclass(frozen=True, slots=True)
class WebhookOff:
    """A webhook was switched off: its owner is told."""

    webhook_id: UUID
    key_id: UUID
    answer: str
    happened_at: datetime


DELIVER = Job("feeds.deliver", Due, BULK)
WEBHOOK_OFF = Job("feeds.webhook_off", WebhookOff)


@dataclass(frozen=True, slots=True)
class _Call:
    """What is sent, and how far in the journal it reaches."""

    row: WebhookRow
    url: str
    secret: str
    until: int
    body: bytes

    @property
    def call_id(self) -> str:
        """The same however often it is repeated, so that its receiver knows it again."""
        return f"{self.row.webhook_id}.{self.row.cursor_at}-{self.until}"


def handlers(pool: Pool, floor: Floor) -> list[Handler]:
    """The handlers of this room."""
    caller = Caller(pool, floor)
    return [Handler(DELIVER, caller.deliver)]


async def find_due(conn: Connection, floor: Floor) -> int:
    """Queue calls of webhooks that something is to be told; how many."""
    newest = await scheduling.newest_change(conn)
    await queries.pass_over(conn, newest)
    return await _lease(conn, floor, newest)


async def _lease(conn: Connection, floor: Floor, newest: int) -> int:
    now = floor.clock.now()
    due = await queries.lease_due(conn, newest, now, now + LEASE, MOST_AT_ONCE)
    await DELIVER.enqueue(conn, *(Due(one) for one in due))
    return len(due)


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls one webhook after the other; what is sent is read in one transaction, what came of it kept in another."""

    pool: Pool
    floor: Floor

    async def deliver(self, due: Due) -> None:
        """Call a webhook with what it has not taken yet, a bounded number of times, and give it back.

        Whoever has waited longest is called in its stead, so that many are called as fast as they answer.
        """
        called = False
        for _ in range(CALLS_A_JOB):
            async with transaction(self.pool) as conn:
                call = await self._next_call(conn, due.webhook_id)
            if call is None:
                break
            called = True
            if not await self._try(call):
                break
        async with transaction(self.pool) as conn:
            await queries.give_back(conn, due.webhook_id)
            if called:
                await _lease(conn, self.floor, await scheduling.newest_change(conn))

    async def _next_call(self, conn: Connection, webhook_id: UUID) -> _Call | None:
        row = await queries.leased(conn, webhook_id, self.floor.clock.now())
        if row is None:
            return None
        found, missed = await self._changes(conn, row)
        if found.cursor == row.cursor_at:
            return None
        await queries.note_sending(conn, webhook_id, found.cursor)
        content = {
            "type": "availability.changes",
            "timestamp": self.floor.clock.now().isoformat(timespec="milliseconds"),
            "data": {"changes": [written(one) for one in found.changes], "cursor": found.cursor, "missed": missed},
        }
        open_ = self.floor.keyring.open
        url, secret = open_(row.url_sealed, URL), open_(row.secret_sealed, SECRET)
        return _Call(row, url, secret, found.cursor, orjson.dumps(content))

    async def _changes(self, conn: Connection, row: WebhookRow) -> tuple[scheduling.Changes, bool]:
        """What it is told next, and whether it missed changes that are not kept any more."""
        try:
            found = await scheduling.changes_after(
                conn,
                self.floor,
                row.cursor_at,
                district_ids=row.district_ids,
                pin_codes=row.pin_codes,
                most=MOST_TOLD,
                until=row.sending_until,
            )
        except scheduling.ChangesForgotten:
            return scheduling.Changes((), await scheduling.newest_change(conn), more=False), True
        return found, False

    async def _try(self, call: _Call) -> bool:
        """Call it once, and keep what came of it; whether it took it."""
        taken, answer = await _post(call, trial=self.floor.settings.webhooks_on_trial)
        now = self.floor.clock.now()
        async with transaction(self.pool) as conn:
            if taken:
                return await queries.note_taken(conn, call.row, call.until, answer, now) == 1
            since = call.row.failing_since or now
            off = now - since >= PATIENCE or answer == str(GONE)
            await queries.note_failed(conn, call.row.webhook_id, answer, now, now + pause(call.row.failures), off=off)
            if off:
                news = WebhookOff(call.row.webhook_id, call.row.key_id, answer, now)
                await WEBHOOK_OFF.enqueue(conn, news)
        return False


@cache
def _trusted() -> ssl.SSLContext:
    """Whom we believe to be who they say: read once, since it takes longer than a call."""
    return httpx2.create_ssl_context(trust_env=False)


def pause(failures: int) -> timedelta:
    """How long to wait after so many failures and one more: twice as long each time, and not all at one instant."""
    longest = min(FIRST_PAUSE * (1 << min(failures, 12)), LONGEST_PAUSE)
    return longest * random.uniform(0.8, 1.0)  # noqa: S311 (no secret)


async def _post(call: _Call, *, trial: bool) -> tuple[bool, str]:
    """Whether the address took it, and its answer in a word. Its name is looked up and judged anew each time; it is
    called by the number that was judged, through no proxy, and led nowhere else."""
    at = int(datetime.now().timestamp())  # noqa: DTZ005 (seconds since 1970, by the world's clock)
    try:
        async with asyncio.timeout(SECONDS):
            target = await look_up(call.url, trial=trial)
            headers = {
                **signed(call.secret, call.call_id, at, call.body),
                "host": target.called,
                "content-type": "application/json",
                "user-agent": AGENT,
            }
            limits = httpx2.Limits(max_keepalive_connections=0)
            async with httpx2.AsyncClient(trust_env=False, timeout=SECONDS, limits=limits, verify=_trusted()) as http:
                asked = http.build_request(
                    "POST",
                    target.url,
                    headers=headers,
                    content=call.body,
                    extensions={"sni_hostname": target.host},
                )
                answer = await http.send(asked, stream=True, follow_redirects=False)
                await answer.aclose()
    except AddressUnusable:
        return False, "address unusable"
    except TimeoutError:
        return False, "no answer in time"
    except httpx2.HTTPError as fault:
        return False, type(fault).__name__
    return answer.is_success, str(answer.status_code)
