"""Partners name addresses that are called, see how their calls fare, have them repeated, and end them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from opencowin import scheduling
from opencowin.feeds import queries
from opencowin.feeds.addresses import check_url
from opencowin.feeds.queries import WebhookRow
from opencowin.feeds.signing import new_secret
from opencowin.kit import audit
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission
from opencowin.kit.db import Connection
from opencowin.kit.errors import Conflict, NotFound
from opencowin.kit.floor import Floor

URL, SECRET = "webhook.url", "webhook.secret"
MOST_EACH, MOST_PLACES = 5, 50


class NoSuchWebhook(NotFound):
    """This key has no such webhook."""

    code = "FEED0004"


class TooManyWebhooks(Conflict):
    """A key has at most {most} webhooks: end one first."""

    code = "FEED0005"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWebhook:
    """An address, and the places of which it is told; of everywhere where none is named."""

    url: str
    district_ids: Sequence[int] = ()
    pin_codes: Sequence[str] = ()
    after: int | None = None
    """The change behind which it begins; None: with what is yet to come."""


@dataclass(frozen=True, slots=True)
class WebhookMade:
    """A webhook, and the secret that its calls are signed with: it is shown once."""

    webhook_id: UUID
    secret: str
    cursor: int


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as its owner sees it."""

    webhook_id: UUID
    url: str
    district_ids: Sequence[int]
    pin_codes: Sequence[str]
    cursor: int
    behind: int
    """How many changes, of all places, lie between its cursor and the end of the journal."""
    failures: int
    failing_since: datetime | None
    last_answer: str
    delivered_at: datetime | None
    next_try_at: datetime | None
    off_at: datetime | None


async def add_webhook(conn: Connection, floor: Floor, actor: Actor, new: NewWebhook) -> WebhookMade:
    """Let an address be called, whose name the caller has looked up.

    Raises NotPermitted, AddressUnusable, TooManyWebhooks, ChangesForgotten.
    """
    key_id = _key_of(actor)
    check_url(new.url, trial=floor.settings.webhooks_on_trial)
    await queries.hold_key(conn, key_id)
    if len(await queries.of_key(conn, key_id)) >= MOST_EACH:
        raise TooManyWebhooks(most=MOST_EACH)
    made = WebhookMade(uuid4(), new_secret(), await _begin(conn, new.after))
    row = WebhookRow(
        webhook_id=made.webhook_id,
        key_id=key_id,
        url_sealed=floor.keyring.seal(new.url, URL),
        secret_sealed=floor.keyring.seal(made.secret, SECRET),
        district_ids=sorted(set(new.district_ids)),
        pin_codes=sorted({floor.country.postal_code.normalise(one) for one in new.pin_codes}),
        made_at=floor.clock.now(),
        cursor_at=made.cursor,
        sending_until=None,
        due_at=floor.clock.now(),
        failures=0,
        failing_since=None,
        last_answer="",
        delivered_at=None,
        off_at=None,
    )
    await queries.insert(conn, row)
    await _note(conn, actor, "feeds.add_webhook", made.webhook_id)
    return made


async def webhooks_of(conn: Connection, floor: Floor, actor: Actor) -> list[Webhook]:
    """The webhooks of the key, newest first. Raises NotPermitted."""
    rows, newest = await queries.of_key(conn, _key_of(actor)), await scheduling.newest_change(conn)
    return [
        Webhook(
            webhook_id=row.webhook_id,
            url=floor.keyring.open(row.url_sealed, URL),
            district_ids=row.district_ids,
            pin_codes=row.pin_codes,
            cursor=row.cursor_at,
            behind=max(0, newest - row.cursor_at),
            failures=row.failures,
            failing_since=row.failing_since,
            last_answer=row.last_answer,
            delivered_at=row.delivered_at,
            next_try_at=row.due_at if row.failures and row.off_at is None else None,
            off_at=row.off_at,
        )
        for row in rows
    ]


async def replay_webhook(conn: Connection, floor: Floor, actor: Actor, webhook_id: UUID, after: int) -> None:
    """Call it again with everything that follows a change; one that was switched off is on again.

    Raises NotPermitted, NoSuchWebhook, ChangesForgotten.
    """
    key_id, begin = _key_of(actor), await _begin(conn, after)
    if not await queries.replay(conn, key_id, webhook_id, begin, floor.clock.now()):
        raise NoSuchWebhook
    await _note(conn, actor, "feeds.replay_webhook", webhook_id)


async def end_webhook(conn: Connection, actor: Actor, webhook_id: UUID) -> None:
    """Call it no more. Raises NotPermitted, NoSuchWebhook."""
    if not await queries.end(conn, _key_of(actor), webhook_id):
        raise NoSuchWebhook
    await _note(conn, actor, "feeds.end_webhook", webhook_id)


async def _begin(conn: Connection, after: int | None) -> int:
    """The change behind which to begin. Raises ChangesForgotten."""
    if after is None:
        return await scheduling.newest_change(conn)
    await scheduling.refuse_forgotten(conn, after)
    return after


def _key_of(actor: Actor) -> UUID:
    actor.require(Permission.HAVE_WEBHOOKS)
    if actor.kind is not ActorKind.PARTNER:
        raise NotPermitted
    return UUID(actor.actor_id)


async def _note(conn: Connection, actor: Actor, action: str, webhook_id: UUID) -> None:
    await audit.record(conn, actor, action, subject=("webhook", webhook_id), reason="asked by its key")
