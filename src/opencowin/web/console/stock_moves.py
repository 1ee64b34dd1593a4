"""What is done with a store's doses at the console: received, sent on, wasted, counted, opened; temperatures read."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import programme, stock
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.stock import Lot, Store, Tier, WasteReason
from opencowin.web.console import desk
from opencowin.web.console.desk import may_in_console
from opencowin.web.console.shown import ConsoleReader, console_page
from opencowin.web.console.stores import named_stores, store_asked
from opencowin.web.console.typed import FieldEmpty
from opencowin.web.pages.find import vaccine_name
from opencowin.web.pages.forms import ChoiceNeeded, Fields, Filled, day, first, number, refused, sent_id
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Keeper = Annotated[Actor, may_in_console(Permission.MANAGE_STOCK)]
FIELDS = {
    "batch_number": "batch",
    "expires_on": "expires",
    "doses": "doses",
    "target": "target",
    "reason": "reason",
    "vials": "doses",
    "celsius": "celsius",
    "lot": "lot",
}


class Act(StrEnum):
    """What may be done."""

    RECEIVE = "receive"
    SEND = "send"
    WASTE = "waste"
    COUNT = "count"
    VIALS = "vials"
    TEMPERATURE = "temperature"


@dataclass(frozen=True, slots=True)
class Asked:
    """One form about one store."""

    conn: Connection
    floor: Floor
    actor: Actor
    store: Store
    fields: Fields

    @property
    def doses(self) -> int:
        """The number of the form; one that cannot be read moves nothing."""
        return number(first(self.fields, "doses")) or 0

    @property
    def lot(self) -> Lot:
        """The batch that is chosen, with the doses. Raises ChoiceNeeded."""
        vaccine_id, slash, batch = first(self.fields, "lot").partition("/")
        if not slash:
            raise ChoiceNeeded(field="lot")
        return Lot(vaccine_id, batch, self.doses)


async def _receive(asked: Asked) -> None:
    fields, expires = asked.fields, day(asked.fields, "expires")
    if expires is None:
        raise FieldEmpty(field="expires_on")
    per_vial = number(first(fields, "per_vial")) or 0
    batch = stock.VaccineBatch(first(fields, "vaccine"), first(fields, "batch"), expires, per_vial)
    made = sent_id(fields)
    await stock.receive(asked.conn, asked.floor, asked.actor, asked.store, batch, asked.doses, movement_id=made)


async def _send(asked: Asked) -> None:
    target = stock.store_named(first(asked.fields, "target"))
    made = sent_id(asked.fields)
    await stock.dispatch(asked.conn, asked.floor, asked.actor, asked.store, target, asked.lot, consignment_id=made)


async def _waste(asked: Asked) -> None:
    why = first(asked.fields, "reason")
    if why not in set(WasteReason):
        raise ChoiceNeeded(field="reason")
    made, note = sent_id(asked.fields), first(asked.fields, "note")
    lot, reason = asked.lot, WasteReason(why)
    await stock.waste(asked.conn, asked.floor, asked.actor, asked.store, lot, reason, movement_id=made, note=note)


async def _count(asked: Asked) -> None:
    if number(first(asked.fields, "doses")) is None:
        raise stock.NothingMoved(field="doses")
    made, note = sent_id(asked.fields), first(asked.fields, "note")
    await stock.count(asked.conn, asked.floor, asked.actor, asked.store, asked.lot, movement_id=made, note=note)


async def _vials(asked: Asked) -> None:
    lot = asked.lot
    vials = stock.Vials(sent_id(asked.fields), lot.vaccine_id, lot.batch_number, asked.doses)
    if asked.store.tier is not Tier.CENTRE:
        raise stock.NoSuchStore(field="store")
    await stock.open_vials(asked.conn, asked.floor, asked.actor, asked.store.place_id, vials)


async def _temperature(asked: Asked) -> None:
    try:
        celsius = Decimal(first(asked.fields, "celsius").replace(",", "."))
    except InvalidOperation:
        raise stock.TemperatureUnlikely(field="celsius") from None
    quarantine, now = first(asked.fields, "quarantine") == "Y", asked.floor.clock.now()
    made, note = sent_id(asked.fields), first(asked.fields, "note")
    new = stock.NewReading(made, asked.store, celsius, now, note, quarantine)
    await stock.record_temperature(asked.conn, asked.floor, asked.actor, new)


ACTS: Mapping[Act, Callable[[Asked], Awaitable[None]]] = {
    Act.RECEIVE: _receive,
    Act.SEND: _send,
    Act.WASTE: _waste,
    Act.COUNT: _count,
    Act.VIALS: _vials,
    Act.TEMPERATURE: _temperature,
}


@router.get("/console/stock/do/{act}", response_class=Response)
async def act_form(request: Request, act: Act, actor: Keeper) -> Response:
    """The form of an act."""
    return await _page(request, act, actor, Filled())


@router.post("/console/stock/do/{act}", response_class=Response)
async def do(request: Request, act: Act, actor: Keeper) -> Response:
    """Do it; the same form sent twice is once."""
    fields, site = await desk.read_form(request), site_of(request)
    store = store_asked(request, actor)
    try:
        async with site.transaction() as conn:
            await ACTS[act](Asked(conn, site.floor, actor, store, fields))
    except Refusal as no:
        return await _page(request, act, actor, refused(ConsoleReader(request), fields, no, FIELDS))
    return desk.go(request, "/console/stock", store=store.account, done="moved")


async def _page(request: Request, act: Act, actor: Actor, form: Filled) -> Response:
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        store = store_asked(request, actor)
        await stock.require_store(conn, actor, store)
        rules = await programme.current_programme(conn)
        lots = await stock.balances(conn, [store.account])
        stores = await named_stores(conn, reader, actor.place)
    return console_page(
        reader,
        "console/stock_act.html",
        400 if form.faults else 200,
        act=act.value,
        store=store,
        lots=[
            (
                f"{one.vaccine_id}/{one.batch_number}",
                f"{vaccine_name(reader, rules, one.vaccine_id)} · {one.batch_number} · {reader.number(one.doses)}",
            )
            for one in lots
            if one.doses > 0
        ],
        targets=[one for one in stores if one[0] != store.account],
        names=dict(stores),
        vaccines=[(one, vaccine_name(reader, rules, one)) for one in rules.vaccines],
        reasons=[one.value for one in WasteReason],
        form=form,
        sent=str(sent_id(form.values)),
    )
