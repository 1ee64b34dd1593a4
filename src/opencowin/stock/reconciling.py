"""What a session really did with its doses, by the records of those who gave them: the ledger follows the facts.

What was given or wasted beyond what the session was issued came out of the centre's store, and beyond that was found:
vials may hold more than their label says. Nothing is refused, and every account stays in balance.
"""

from collections.abc import Mapping
from uuid import UUID, uuid5

from opencowin.kit.actor import Actor, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.stock import ledger, ledger_queries, queries
from opencowin.stock.ledger_model import FOUND, GIVEN, Movement, MovementKind, wasted
from opencowin.stock.model import Batch
from opencowin.stock.stores import Store, Tier, in_session
from opencowin.stock.usage import Used

Key = tuple[str, str]


async def reconcile(
    conn: Connection,
    floor: Floor,
    actor: Actor,
    session_id: UUID,
    used: Mapping[Key, Used],
    *,
    closing_id: UUID,
    district_id: int,
    centre_id: int,
) -> tuple[str, ...]:
    """A session is over and did this with its doses, by vaccine and batch; what is left goes back to the store.

    It may be called again with what came to light later, under another `closing_id`. Answers the batches that are not
    on record anywhere: they are in no ledger. The caller has checked the actor's scope. Raises NotPermitted.
    """
    actor.require(Permission.VACCINATE)
    work = _Closing(conn, floor, actor, session_id, closing_id, district_id, centre_id)
    unknown = []
    for vaccine_id, number in sorted(used):
        if not await work.supply((vaccine_id, number), _total(used[vaccine_id, number])):
            unknown.append(number)
    held = {
        (one.vaccine_id, one.batch_number): one.doses for one in await ledger_queries.balances(conn, [work.account])
    }
    for batch in await queries.hold_batches_of(conn, district_id, session_id):
        key = (batch.vaccine_id, batch.batch_number)
        await work.settle(batch, held.get(key, 0), used.get(key, Used(0)))
    detail = {"unknown_batches": unknown}
    subject = ("session", session_id)
    await record(conn, actor, "stock.reconcile", subject=subject, reason="session closed", detail=detail)
    return tuple(unknown)


class _Closing:
    """One closing of one session."""

    def __init__(  # noqa: PLR0917 (what one closing is about)
        self,
        conn: Connection,
        floor: Floor,
        actor: Actor,
        session_id: UUID,
        closing_id: UUID,
        district_id: int,
        centre_id: int,
    ) -> None:
        self.conn, self.now, self.by = conn, floor.clock.now(), actor.actor_id
        self.session_id, self.closing_id = session_id, closing_id
        self.district_id, self.centre_id = district_id, centre_id
        self.account, self.store = in_session(session_id), Store(Tier.CENTRE, centre_id).account

    async def supply(self, key: Key, doses: int) -> bool:
        """See to it that the session's account holds so many doses of a batch; False for a batch that is unknown."""
        facts = await ledger_queries.vaccine_batch(self.conn, *key)
        if facts is None:
            return False
        there = {
            (b.vaccine_id, b.batch_number): b.doses for b in await ledger_queries.balances(self.conn, [self.account])
        }
        lacking = doses - there.get(key, 0)
        if lacking <= 0:
            return True
        empty = Batch(self.district_id, self.centre_id, *key, facts.expires_on, 0, 0)
        batch = await queries.hold_batch(self.conn, self.district_id, self.centre_id, *key) or empty
        stored = min(lacking, max(batch.free, 0))
        if found := lacking - stored:
            added = Batch(self.district_id, self.centre_id, *key, facts.expires_on, found, 0)
            if await queries.add_to_batch(self.conn, added) is None:
                return False
        await queries.take_from_batch(self.conn, empty, lacking)
        await queries.insert_allotment(self.conn, empty, self.session_id, lacking)
        await self._move(MovementKind.ISSUE, key, stored, self.store, self.account)
        await self._move(MovementKind.COUNT, key, found, FOUND, self.account)
        return True

    async def settle(self, batch: Batch, held: int, did: Used) -> None:
        """Doses of a batch leave the session's account: given, wasted, or back to the store."""
        key = (batch.vaccine_id, batch.batch_number)
        lost = sum(did.wasted.values())
        await self._move(MovementKind.USE, key, did.given, self.account, GIVEN)
        for reason, doses in did.wasted.items():
            await self._move(MovementKind.WASTE, key, doses, self.account, wasted(reason))
        await self._move(MovementKind.RETURN, key, held - did.given - lost, self.account, self.store)
        earlier = batch.allotted - held
        await queries.settle_batch(self.conn, batch, self.session_id, kept=earlier + did.given, lost=lost)

    async def _move(self, kind: MovementKind, key: Key, doses: int, source: str, target: str) -> None:
        if doses > 0:
            movement_id = uuid5(self.closing_id, f"{kind.value}/{target}/{key[0]}/{key[1]}")
            movement = Movement(movement_id, kind, *key, doses, source, target)
            await ledger.post(self.conn, movement, at=self.now, by=self.by)


def _total(used: Used) -> int:
    return used.given + sum(used.wasted.values())
