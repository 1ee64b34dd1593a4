"""Stock at the console: a store's batches, what is on its way to it, its temperatures, and what became of its doses."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import programme, stock
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.csv_text import csv_text
from opencowin.kit.errors import Refusal
from opencowin.stock import Usage
from opencowin.web.console import desk
from opencowin.web.console.desk import may_in_console
from opencowin.web.console.shown import ConsoleReader, console_page
from opencowin.web.console.stores import named_stores, store_asked
from opencowin.web.pages.find import vaccine_name
from opencowin.web.pages.forms import Fields, Filled, first, number, refused
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Keeper = Annotated[Actor, may_in_console(Permission.MANAGE_STOCK)]
SOON = timedelta(days=30)
"""How long before its last day a batch is shown as one to be used first."""
COLUMNS = (
    "place_id",
    "vaccine",
    "received",
    "sent",
    "given",
    "wasted",
    *(f"wasted_{one.value}" for one in stock.WasteReason),
    "missing",
    "lost_on_the_way",
    "vials_opened",
    "on_hand",
    "soonest_expiry",
    "wastage_percent",
    "utilisation_percent",
)


@router.get("/console/stock", response_class=Response)
async def store_page(request: Request, actor: Keeper) -> Response:
    """One store, one's own unless another of the area is asked for: what expires soonest stands first."""
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        store = store_asked(request, actor)
        await stock.require_store(conn, actor, store)
        rules = await programme.current_programme(conn)
        held = {(one.vaccine_id, one.batch_number) for one in await stock.holds_in(conn, [store.account])}
        balances = sorted(await stock.balances(conn, [store.account]), key=lambda one: one.expires_on)
        promised = await stock.promised_at(conn, store)
        coming = await stock.coming(conn, store.account)
        temperatures = await stock.readings(conn, store.account, 5)
        opened = await stock.open_now(conn, site.floor, [store.account])
        beneath = await named_stores(conn, reader, actor.place)
        warm = {one.account for one in await stock.alarms(conn, [account for account, _ in beneath])}
    today = site.floor.clock.today()
    return console_page(
        reader,
        "console/stock.html",
        store=store,
        balances=balances,
        held=held,
        promised=promised,
        today=today,
        soon=today + SOON,
        coming=coming,
        temperatures=temperatures,
        opened=opened,
        stores=beneath,
        names=dict(beneath),
        warm=warm,
        vaccine=lambda vaccine_id: vaccine_name(reader, rules, vaccine_id),
        form=Filled({"store": [store.account]}),
        local=site.floor.clock.local,
        done=request.query_params.get("done", ""),
    )


@router.get("/console/stock/coming/{consignment_id}", response_class=Response)
async def consignment_page(request: Request, consignment_id: UUID, actor: Keeper) -> Response:
    """What is on its way, to be counted."""
    return await _consignment(request, actor, consignment_id, Filled())


@router.post("/console/stock/coming/{consignment_id}", response_class=Response)
async def arrive(request: Request, consignment_id: UUID, actor: Keeper) -> Response:
    """What was counted comes in; what is not there is missing."""
    fields, site = await desk.read_form(request), site_of(request)
    try:
        async with site.transaction() as conn:
            lots = await stock.balances(conn, [stock.transit(consignment_id)])
            keys = [(one.vaccine_id, one.batch_number) for one in lots]
            counted, broken = ({key: _doses(fields, f"{name}-{at}") for at, key in enumerate(keys)} for name in "cb")
            sent = await stock.arrive(conn, site.floor, actor, consignment_id, counted, broken=broken)
    except stock.NothingOnTheWay:
        raise
    except Refusal as no:
        return await _consignment(request, actor, consignment_id, refused(ConsoleReader(request), fields, no, {}))
    return desk.go(request, "/console/stock", store=sent.target, done="moved")


@router.get("/console/stock/report", response_class=Response)
async def report(request: Request, actor: Keeper) -> Response:
    """What became of vaccine in the places below one's own: utilisation, wastage by reason, what is there now."""
    site, reader = site_of(request), ConsoleReader(request)
    first_on, last_on = _days(request, site.floor.clock.today())
    async with site.transaction() as conn:
        rules = await programme.current_programme(conn)
        stores = await named_stores(conn, reader, actor.place)
        names = {stock.store_named(account).place_id: name for account, name in stores[1:]}
        names.setdefault(actor.place.centre_id or 0, stores[0][1])
        found = await stock.use_of_doses(conn, actor, actor.place, *_span(request, first_on, last_on))
    return console_page(
        reader,
        "console/stock_report.html",
        lines=found,
        names=names,
        reasons=[one.value for one in stock.WasteReason],
        vaccine=lambda vaccine_id: vaccine_name(reader, rules, vaccine_id),
        form=Filled({"first": [str(first_on)], "last": [str(last_on)]}),
        asked={"first": first_on, "last": last_on},
    )


@router.get("/console/stock/report.csv", response_class=Response)
async def report_table(request: Request, actor: Keeper) -> Response:
    """The same as a table."""
    site = site_of(request)
    first_on, last_on = _days(request, site.floor.clock.today())
    async with site.transaction() as conn:
        found = await stock.use_of_doses(conn, actor, actor.place, *_span(request, first_on, last_on))
    name = f'attachment; filename="stock-{first_on}-{last_on}.csv"'
    answer = Response(csv_text(COLUMNS, [_line(one) for one in found]), media_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = name
    return desk.keep(request, answer)


async def _consignment(request: Request, actor: Actor, consignment_id: UUID, form: Filled) -> Response:
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        store = store_asked(request, actor)
        await stock.require_store(conn, actor, store)
        coming = {one.consignment_id: one for one in await stock.coming(conn, store.account)}
        if consignment_id not in coming:
            raise stock.NothingOnTheWay(field="consignment_id")
        rules = await programme.current_programme(conn)
        lots = await stock.balances(conn, [stock.transit(consignment_id)])
    return console_page(
        reader,
        "console/consignment.html",
        400 if form.faults else 200,
        sent=coming[consignment_id],
        lots=lots,
        vaccine=lambda vaccine_id: vaccine_name(reader, rules, vaccine_id),
        form=form,
    )


def _doses(fields: Fields, name: str) -> int:
    """The doses of a field; a number that cannot be read is one that is never there."""
    text = first(fields, name)
    found = number(text) if text else 0
    return -1 if found is None else found


def _days(request: Request, today: date) -> tuple[date, date]:
    """The days of the address; those of this month for what cannot be read."""
    given = request.query_params
    try:
        found = date.fromisoformat(given.get("first", "")), date.fromisoformat(given.get("last", ""))
    except ValueError:
        return today.replace(day=1), today
    return found if date(2000, 1, 1) <= found[0] <= found[1] < date(2200, 1, 1) else (today.replace(day=1), today)


def _span(request: Request, first_on: date, last_on: date) -> tuple[datetime, datetime]:
    zone = site_of(request).floor.clock.zone
    return datetime.combine(first_on, time(), zone), datetime.combine(last_on + timedelta(days=1), time(), zone)


def _line(one: Usage) -> Sequence[object]:
    shares = [None if share is None else round(100 * share, 1) for share in (one.wastage, one.utilisation)]
    reasons = [one.by_reason.get(reason.value, 0) for reason in stock.WasteReason]
    rest = (one.missing, one.lost_on_the_way, one.vials_opened, one.on_hand, one.soonest_expiry)
    return (one.place_id, one.vaccine_id, one.received, one.sent, one.given, one.wasted, *reasons, *rest, *shares)
