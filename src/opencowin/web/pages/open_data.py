"""Open data: doses of every day by state or district, as CSV and Parquet."""

import csv
import datetime
import hashlib
import io
from typing import Annotated, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from opencowin import reports
from opencowin.kit.actor import Actor
from opencowin.web.guard import open_to_all, open_to_readers
from opencowin.web.pages.render import SAFE, Reader, page
from opencowin.web.site import site_of

pages = APIRouter(include_in_schema=False)
router = APIRouter(tags=["Open data"])
A_MINUTE = {"Cache-Control": "public, max-age=60"}
COLUMNS = ("day", "state_id", "state", "district_id", "district", "doses", "first", "second", "precaution")
SCHEMA = pa.schema(
    [
        ("day", pa.date32()),
        ("state_id", pa.int32()),
        ("state", pa.string()),
        ("district_id", pa.int32()),
        ("district", pa.string()),
        ("doses", pa.int64()),
        ("first", pa.int64()),
        ("second", pa.int64()),
        ("precaution", pa.int64()),
    ]
)
PARQUET = "application/vnd.apache.parquet"
DATA_OUT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}, PARQUET: {"schema": {"type": "string"}}}},
    304: {"description": "As you have it."},
}
Since = Annotated[datetime.date | None, Query(description="First day; leave out for all.")]


@pages.get("/open-data", response_class=Response)
async def open_data(request: Request, _actor: Annotated[Actor, open_to_readers()]) -> Response:
    """What there is, and what its columns mean."""
    return page(Reader(request), "open_data.html", hidden_below=reports.HIDDEN_BELOW)


@router.get("/open-data/doses-by-{part}.{form}", response_class=Response, responses=DATA_OUT)
async def doses(
    request: Request,
    part: Literal["state", "district"],
    form: Literal["csv", "parquet"],
    _actor: Annotated[Actor, open_to_all()],
    since: Since = None,
) -> Response:
    """Doses of every day by state or by district; counts of 1 to 4 are withheld, as those are that would tell them."""
    async with site_of(request).transaction() as conn:
        rows = [row async for row in reports.daily_doses(conn, districts=part == "district", since=since)]
    table = {name: [getattr(row, name) for row in rows] for name in COLUMNS}
    content = _csv(table) if form == "csv" else _parquet(table)
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {**SAFE, **A_MINUTE, "ETag": tag, "Content-Disposition": f'attachment; filename="doses-by-{part}.{form}"'}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="text/csv" if form == "csv" else PARQUET, headers=headers)


def _csv(table: dict[str, list[Any]]) -> bytes:
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow(COLUMNS)
    out.writerows(zip(*table.values(), strict=True))
    return text.getvalue().encode()


def _parquet(table: dict[str, list[Any]]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(table, schema=SCHEMA), out, compression="zstd")
    return out.getvalue()
