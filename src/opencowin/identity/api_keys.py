"""API keys of partner systems: made once, shown once, kept as keyed hashes; each with scopes, a place and quotas."""

import secrets
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from opencowin.identity import staff_queries as queries
from opencowin.identity.model import PARTNER_PERMISSIONS, is_within
from opencowin.identity.refusals import ApiKeyInvalid, UnknownApiKey
from opencowin.identity.staff_queries import ApiKeyRow
from opencowin.kit import audit
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission, Place
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.gathered import Gathered

PREFIX = "ocw_"
SECRET_BYTES = 32
LONGEST_NAME = 100
MOST_TOGETHER = 256


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as the operator sees it: never the key itself."""

    key_id: UUID
    name: str
    permissions: frozenset[Permission]
    place: Place
    calls_per_minute: int
    calls_per_day: int
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a key that was shown stands for: its actor, and how often it may call."""

    actor: Actor
    calls_per_minute: int
    calls_per_day: int


async def make_api_key(
    conn: Connection,
    floor: Floor,
    actor: Actor,
    name: str,
    *,
    permissions: Collection[Permission],
    place: Place,
    calls_per_minute: int,
    calls_per_day: int,
    expires_at: datetime | None = None,
) -> tuple[UUID, str]:
    """Make a key: its id, and the secret, which cannot be shown again. Raises NotPermitted, ApiKeyInvalid."""
    _require_operator(actor, place)
    now = floor.clock.now()
    if problem := _problem(name, permissions, min(calls_per_minute, calls_per_day), expires_at, now):
        raise ApiKeyInvalid(problem=problem)
    key_id, secret = uuid4(), PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    row = ApiKeyRow(
        key_id=key_id,
        name=name.strip(),
        permissions=sorted(permissions),
        state_id=place.state_id,
        district_id=place.district_id,
        centre_id=place.centre_id,
        calls_per_minute=calls_per_minute,
        calls_per_day=calls_per_day,
        created_at=now,
        expires_at=expires_at,
        revoked_at=None,
    )
    await queries.insert_api_key(conn, row, _hash(floor, secret))
    await audit.record(conn, actor, "identity.make_api_key", subject=("api_key", key_id), reason="operation")
    return key_id, secret


async def revoke_api_key(conn: Connection, floor: Floor, actor: Actor, key_id: UUID) -> None:
    """End a key at once. Raises NotPermitted, UnknownApiKey (none that is in use has this id)."""
    row = await queries.api_key_of(conn, key_id)
    if row is None:
        raise UnknownApiKey
    _require_operator(actor, _place(row))
    if not await queries.revoke(conn, key_id, floor.clock.now()):
        raise UnknownApiKey
    await audit.record(conn, actor, "identity.revoke_api_key", subject=("api_key", key_id), reason="operation")


class KeyBook:
    """Who calls with which key: keys that are shown together are read by one statement, each as it stands then."""

    def __init__(self, floor: Floor, reading: Callable[[], AbstractAsyncContextManager[Connection]]) -> None:
        """A book that is read on these connections."""
        self._floor, self._reading = floor, reading
        self._rows = Gathered(self._read, most=MOST_TOGETHER)

    async def grant(self, secret: str, address: str) -> Grant:
        """Who calls with this key, and how often it may; bites at once when it was revoked. Raises UnknownApiKey."""
        row = await self._rows(_hash(self._floor, secret))
        if row is None or row.revoked_at is not None:
            raise UnknownApiKey
        if row.expires_at is not None and row.expires_at <= self._floor.clock.now():
            raise UnknownApiKey
        actor = Actor(
            ActorKind.PARTNER, str(row.key_id), _known_permissions(row.permissions), place=_place(row), address=address
        )
        return Grant(actor, row.calls_per_minute, row.calls_per_day)

    async def _read(self, key_hashes: Sequence[bytes]) -> list[ApiKeyRow | None]:
        async with self._reading() as conn:
            known = await queries.api_keys_of_hashes(conn, list(set(key_hashes)))
        return [known.get(one) for one in key_hashes]


async def own_api_key(conn: Connection, actor: Actor) -> ApiKey:
    """The key that the actor calls with. Raises NotPermitted for anybody else."""
    if actor.kind is not ActorKind.PARTNER:
        raise NotPermitted
    row = await queries.api_key_of(conn, UUID(actor.actor_id))
    if row is None:
        raise UnknownApiKey
    return _opened(row)


async def list_api_keys(conn: Connection, floor: Floor, actor: Actor) -> list[ApiKey]:  # noqa: ARG001 - a verb's form
    """The keys of the actor's area, ended ones too, newest first. Raises NotPermitted."""
    actor.require(Permission.OPERATE)
    keys = [_opened(row) for row in await queries.api_keys(conn)]
    return [key for key in keys if is_within(key.place, actor.place)]


def _hash(floor: Floor, secret: str) -> bytes:
    return floor.keyring.index(secret, "api_key")


def _require_operator(actor: Actor, place: Place) -> None:
    actor.require(Permission.OPERATE)
    if not is_within(place, actor.place):
        raise NotPermitted


def _problem(
    name: str, permissions: Collection[Permission], least_calls: int, expires_at: datetime | None, now: datetime
) -> str | None:
    if not 0 < len(name.strip()) <= LONGEST_NAME:
        return f"give it a name of at most {LONGEST_NAME} characters"
    if not permissions or not set(permissions) <= PARTNER_PERMISSIONS:
        return "give it at least one permission, and none to operate the platform"
    if least_calls < 1:
        return "let it call at least once"
    if expires_at is not None and expires_at <= now:
        return "let it end in the future"
    return None


def _known_permissions(names: list[str]) -> frozenset[Permission]:
    """Permissions of this version by name; those that it no longer has are left out, and so not granted."""
    return frozenset(permission for permission in PARTNER_PERMISSIONS if permission.value in names)


def _place(row: ApiKeyRow) -> Place:
    return Place(row.state_id, row.district_id, row.centre_id)


def _opened(row: ApiKeyRow) -> ApiKey:
    return ApiKey(
        key_id=row.key_id,
        name=row.name,
        permissions=_known_permissions(row.permissions),
        place=_place(row),
        calls_per_minute=row.calls_per_minute,
        calls_per_day=row.calls_per_day,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
