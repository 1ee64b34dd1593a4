"""What logs and tables hold of a person: after a whole story nothing that is sealed is found in either, in clear."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest
from psycopg import sql

from opencowin.kit.db import make_pool
from opencowin.kit.floor import Floor
from tests.builders import mobile, pan
from tests.contract.conftest import Server
from tests.surface import OTP, Surface

pytestmark = pytest.mark.anyio

NAME = "Xanthippe Personalia"


@pytest.fixture
async def surface(server: Server, database: str, floor: Floor) -> AsyncIterator[Surface]:
    """The callers' side of the served platform."""
    async with make_pool(database, size=2) as pool, httpx.AsyncClient(base_url=server.url, timeout=30) as http:
        yield Surface(http, pool, floor)


async def a_story(surface: Surface, server: Server) -> dict[str, str]:
    """A person registers, is looked at, is refused, and is vaccinated; what must not be found afterwards."""
    number, document = mobile(), pan()
    token = await surface.sign_in(number)
    code = OTP.findall(await surface.sms(number, containing="OTP"))[-1]
    reference = await surface.register(token, NAME, 1971, document)
    (member,) = (await surface.household(token)).values()
    looked = {"beneficiary_reference_id": reference, "secret_code": member["secret_code"]}
    find = "/v2/vaccinator/beneficiaries/findByReferenceId"
    found = await surface.partner("GET", find, server.door.api_key, params=looked)
    assert found.json()["beneficiaries"][0]["name"] == NAME
    by_number = {"mobile_number": number, "full_name": NAME}
    refused = await surface.partner("GET", f"{find[:-11]}Mobile", server.door.api_key, params=by_number)
    assert refused.status_code >= 400
    broken = await surface.post("/v2/registration/beneficiary/new", {"name": NAME, "photo_id_number": document}, token)
    assert broken.status_code == 400
    return {
        "name": NAME,
        "mobile": number,
        "document": document,
        "one-time password": code,
        "token": token,
        "key": server.door.api_key,
        "signature": token.rsplit(".", 1)[1],
    }


async def test_logs_and_tables_hold_nothing_of_a_person_in_clear(
    surface: Surface, server: Server, database: str
) -> None:
    secrets = await a_story(surface, server)
    await asyncio.sleep(2)  # the worker's recurring work has logged and folded by then
    logged = "".join(log.read_text("utf-8") for log in server.logs.iterdir())
    assert "/v2/registration/beneficiary/new" in logged, "the logs are those of the story"
    stored = everything_stored(database)
    for what, secret in secrets.items():
        assert not stands_in(secret, logged), f"the {what} is in the logs"
        assert not stands_in(secret, stored), f"the {what} is in the database"
    assert stands_in("registration", stored), "what is stored in clear is found"


def stands_in(secret: str, text: str) -> bool:
    """Whether it stands there by itself; six digits in the middle of a hash are chance."""
    return re.search(rf"(?<![0-9A-Za-z]){re.escape(secret)}(?![0-9A-Za-z])", text) is not None


def everything_stored(database: str) -> str:
    """Every row of every table as text; sealed columns and hashes as hexadecimal digits."""
    with psycopg.connect(database) as conn:
        tables = conn.execute(
            """
            SELECT tablename FROM pg_tables
            WHERE schemaname = 'public' AND tablename NOT IN ('locality', 'pin_code', 'district')
            """
        ).fetchall()
        rows = [
            row[0]
            for (table,) in tables
            for row in conn.execute(sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(table))).fetchall()
        ]
        payloads = conn.execute("SELECT coalesce(convert_from(payload, 'UTF8'), '') FROM pgqueuer").fetchall()
    return "\n".join([*rows, *(row[0] for row in payloads)])
