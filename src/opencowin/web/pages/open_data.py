"""Open data: doses of every day by state, district or site, as CSV and Parquet."""

import asyncio
import datetime
import hashlib
import io
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from opencowin import reports
from opencowin.kit.actor import Actor
from opencowin.kit.csv_text import csv_text
from opencowin.web.guard import open_to_all, open_to_readers
from opencowin.web.pages.render import SAFE, Reader, page
from opencowin.web.site import site_of

pages = APIRouter(include_in_schema=False)
router = APIRouter(tags=["Open data"])
A_MINUTE = {"Cache-Control": "public, max-age=60"}
SCHEMA = pa.schema(
    [
        ("day", pa.date32()),
        ("state_id", pa.int32()),
        ("state", pa.string()),
        ("district_id", pa.int32()),
        ("district", pa.string()),
        ("site_id", pa.int32()),
        ("site", pa.string()),
        ("pin_code", pa.string()),
        ("doses", pa.int64()),
        ("first", pa.int64()),
        ("second", pa.int64()),
        ("precaution", pa.int64()),
    ]
)
SITE_COLUMNS = {"site_id", "site", "pin_code"}
PARQUET = "application/vnd.apache.parquet"
DATA_OUT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}, PARQUET: {"schema": {"type": "string"}}}},
    304: {"description": "As you have it."},
}
Since = Annotated[datetime.date | None, Query(description="First day; leave out for all.")]
Day = Annotated[datetime.date | None, Query(description="Which day; leave out for today.")]
Form = Literal["csv", "parquet"]


@pages.get("/open-data", response_class=Response)
async def open_data(request: Request, _actor: Annotated[Actor, open_to_readers()]) -> Response:
    """What there is, and what its columns mean."""
    return page(Reader(request), "open_data.html", hidden_below=reports.HIDDEN_BELOW)


@router.get("/open-data/doses-by-site.{form}", response_class=Response, responses=DATA_OUT)
async def doses_by_site(
    request: Request, form: Form, _actor: Annotated[Actor, open_to_all()], day: Day = None
) -> Response:
    """Doses of one day by site; counts of 1 to 4 are withheld, as those are that would tell them."""
    site = site_of(request)
    async with site.transaction() as conn:
        rows = await reports.site_doses(conn, day or site.floor.clock.today())
    return await _file(request, "site", form, rows, SCHEMA)


@router.get("/open-data/doses-by-{part}.{form}", response_class=Response, responses=DATA_OUT)
async def doses(
    request: Request,
    part: Literal["state", "district"],
    form: Form,
    _actor: Annotated[Actor, open_to_all()],
    since: Since = None,
) -> Response:
    """Doses of every day by state or by district; counts of 1 to 4 are withheld, as those are that would tell them."""
    async with site_of(request).transaction() as conn:
        rows = await reports.daily_doses(conn, districts=part == "district", since=since)
    return await _file(request, part, form, rows, pa.schema([one for one in SCHEMA if one.name not in SITE_COLUMNS]))


async def _file(
    request: Request, part: str, form: Form, rows: Sequence[reports.DailyRow], schema: pa.Schema
) -> Response:
    content = await asyncio.to_thread(_csv if form == "csv" else _parquet, rows, schema)
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {**SAFE, **A_MINUTE, "ETag": tag, "Content-Disposition": f'attachment; filename="doses-by-{part}.{form}"'}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="text/csv" if form == "csv" else PARQUET, headers=headers)


def _csv(rows: Sequence[reports.DailyRow], schema: pa.Schema) -> bytes:
    return csv_text(schema.names, ([getattr(row, name) for name in schema.names] for row in rows)).encode()


def _parquet(rows: Sequence[reports.DailyRow], schema: pa.Schema) -> bytes:
    out = io.BytesIO()
    table = {name: [getattr(row, name) for row in rows] for name in schema.names}
    pq.write_table(pa.table(table, schema=schema), out, compression="zstd")
    return out.getvalue()
