"""Our own surface for other stock systems, such as a cold-chain network's: movements taken in, and ours given out."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field
from starlette.requests import Request

from opencowin import stock
from opencowin.kit.actor import Actor, Permission
from opencowin.web.cowin.wire import PlainText
from opencowin.web.guard import Face, may
from opencowin.web.site import site_of

router = APIRouter(prefix="/open/v1/stock", tags=["Our own surface"])
Keeper = Annotated[Actor, may(Permission.MANAGE_STOCK, Face.STAFF, Face.PARTNER)]
Short = Annotated[PlainText, Field(max_length=60)]
MOST_ROWS, MOST_DOSES = 1_000, 100_000_000


class MovementTold(BaseModel):
    """A movement as another system tells it; `id` is that system's own, and what was taken in once is known."""

    id: Annotated[PlainText, Field(min_length=1, max_length=200)]
    kind: Annotated[Short, Field(description="receipt, dispatch, arrival, waste or count")]
    store: Annotated[Short, Field(description="nation, or state, district or centre with a colon and its number")]
    vaccine_id: Short
    batch_number: Short
    doses: Annotated[int, Field(ge=0, le=MOST_DOSES)]
    expires_on: date | None = None
    doses_per_vial: Annotated[int, Field(ge=1, le=1000)] | None = None
    manufacturer: Short = ""
    target: Annotated[Short, Field(description="Where a dispatch goes")] = ""
    reason: Annotated[Short, Field(description="Why doses were wasted")] = ""
    note: Annotated[PlainText, Field(max_length=200)] = ""


class MovementsTold(BaseModel):
    """Movements in the order in which they happened."""

    movements: Annotated[list[MovementTold], Field(min_length=1, max_length=MOST_ROWS)]


class OutcomeSeen(BaseModel):
    """What became of one: recorded, known (it was here before), or refused and why."""

    id: str
    state: str
    code: str = ""
    why: str = ""


class MovementSeen(BaseModel):
    """A movement of the ledger."""

    movement_id: UUID
    kind: str
    vaccine_id: str
    batch_number: str
    doses: int
    source: str
    target: str
    note: str
    recorded_at: datetime | None


@router.post("/movements")
async def take_in(request: Request, body: MovementsTold, actor: Keeper) -> list[OutcomeSeen]:
    """Take movements in, each on its own: one that is refused keeps back none of the others."""
    site = site_of(request)
    rows = [stock.Exchanged(**one.model_dump()) for one in body.movements]
    async with site.transaction() as conn:
        found = await stock.take_in(conn, site.floor, actor, rows)
    return [_outcome(one) for one in found]


@router.get("/movements")
async def give_out(
    request: Request,
    actor: Keeper,
    store: Annotated[Short, Query()],
    since: AwareDatetime,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = MOST_ROWS,
) -> list[MovementSeen]:
    """Movements from and to a store since an instant, oldest first: ask again from the last one's instant."""
    site = site_of(request)
    async with site.transaction() as conn:
        found = await stock.give_out(conn, actor, stock.store_named(store), since, limit)
    return [MovementSeen.model_validate(one, from_attributes=True) for one in found]


def _outcome(one: stock.Outcome) -> OutcomeSeen:
    if one.refusal is None:
        return OutcomeSeen(id=one.id, state=one.state)
    return OutcomeSeen(id=one.id, state=one.state, code=one.refusal.code, why=one.refusal.message)
