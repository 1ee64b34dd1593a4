"""Stores: where doses are kept in the four tiers, and who may act there."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from opencowin.kit.actor import Actor, NotPermitted, Permission
from opencowin.kit.db import Connection
from opencowin.places import district, in_scope, read_centre
from opencowin.stock.refusals import NoSuchStore


class Tier(StrEnum):
    """The levels that vaccine passes on its way down."""

    NATION = "nation"
    STATE = "state"
    DISTRICT = "district"
    CENTRE = "centre"


@dataclass(frozen=True, slots=True)
class Store:
    """The nation's store, or a state's, a district's or a centre's by its number."""

    tier: Tier
    place_id: int = 0

    @property
    def account(self) -> str:
        """Its account in the ledger."""
        return self.tier.value if self.tier is Tier.NATION else f"{self.tier.value}:{self.place_id}"


def store_named(account: str) -> Store:
    """The store of an account such as `state:21`. Raises NoSuchStore."""
    tier, _, number = account.partition(":")
    if account == Tier.NATION.value:
        return Store(Tier.NATION)
    if tier in set(Tier) - {Tier.NATION} and number.isascii() and number.isdigit() and len(number) < 10:
        return Store(Tier(tier), int(number))
    raise NoSuchStore(field="store")


def transit(consignment_id: UUID) -> str:
    """The account of a consignment that is on its way."""
    return f"transit:{consignment_id}"


def in_session(session_id: UUID) -> str:
    """The account of what a session has been issued."""
    return f"session:{session_id}"


async def require_store(conn: Connection, actor: Actor, store: Store, *any_of: Permission) -> None:
    """Raise NotPermitted unless the actor may act in this store, UnknownDistrict or UnknownCentre for no such place.

    One of the permissions is enough; without any named it is that of those who look after supply.
    """
    if not actor.permissions & set(any_of or (Permission.MANAGE_STOCK, Permission.PUBLISH_SESSIONS)):
        raise NotPermitted
    if not await _covers(conn, actor, store):
        raise NotPermitted


async def _covers(conn: Connection, actor: Actor, store: Store) -> bool:
    scope = actor.place
    match store.tier:
        case Tier.NATION:
            return scope.state_id is None and scope.district_id is None and scope.centre_id is None
        case Tier.STATE:
            return scope.district_id is None and scope.centre_id is None and scope.state_id in {None, store.place_id}
        case Tier.DISTRICT:
            state_id = (await district(conn, store.place_id)).state_id
            return scope.centre_id is None and actor.covers(state_id=state_id, district_id=store.place_id)
        case Tier.CENTRE:
            centre = await read_centre(conn, store.place_id)
            return await in_scope(conn, actor, district_id=centre.district_id, centre_id=centre.centre_id)
