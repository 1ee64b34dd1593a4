"""What stays private: a whole journey leaves no name, number, code, token or key in any log line or table."""

import io
import logging
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import structlog
from psycopg import sql

from opencowin.kit.actor import Permission
from opencowin.kit.db import transaction
from opencowin.kit.logs import configure_logs
from tests.builders import mobile, pan
from tests.surface import Surface
from tests.web.clinic import GENERATE, MORNING, VALIDATE, Clinic, a_key, another, code_for, hashed, refused

pytestmark = pytest.mark.anyio

NAMES = ("Ghanashyama Venkataraghavan", "Padmavathamma Chandrashekharan", "Xerxesbhai Contractorwala")
LOUD = (
    "",
    "opencowin",
    "psycopg",
    "psycopg.pool",
    "pgqueuer",
    "uvicorn",
    "uvicorn.error",
    "asyncio",
    "fastapi",
    "starlette",
)
CALLERS_OWN = ("httpx", "httpcore")
NEW, DELETE = "/v2/registration/beneficiary/new", "/v2/registration/beneficiary/delete"


@dataclass
class Secrets:
    """What the journey must not leave behind: long ones, and short ones that chance alone could repeat once."""

    long: list[str] = field(default_factory=list)
    otps: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)

    def found_in(self, text: str) -> list[str]:
        """Those that stand in a text. Of short codes only all together count: one may be part of a time by chance."""
        found = [secret for secret in self.long if secret.casefold() in text.casefold()]
        for short in (self.otps, self.codes):
            there = [code for code in short if re.search(rf"(?<!\d){code}(?!\d)", text)]
            found += there if len(there) == len(short) else []
        return found


@pytest.fixture
def heard() -> Iterator[io.StringIO]:
    """All that is logged meanwhile, as JSON lines, every logger at its loudest but for the test's own HTTP client."""
    root, before = logging.getLogger(), structlog.get_config()
    kept, level, levels = list(root.handlers), root.level, {name: logging.getLogger(name).level for name in LOUD}
    heard, terminal = io.StringIO(), sys.stderr
    sys.stderr = heard
    try:
        configure_logs("DEBUG")
        structlog.configure(**{**structlog.get_config(), "cache_logger_on_first_use": False})
        for name in LOUD:
            logging.getLogger(name).setLevel(logging.DEBUG)
        for name in CALLERS_OWN:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        yield heard
    finally:
        sys.stderr = terminal
        structlog.configure(**before)
        root.handlers[:] = kept
        for name, one in levels.items():
            logging.getLogger(name).setLevel(one)
        root.setLevel(level)


async def sign_in(platform: Surface, number: str, secrets: Secrets) -> str:
    txn_id = (await platform.post(GENERATE, {"mobile": number})).json()["txnId"]
    code = await code_for(platform, number)
    refused(await platform.post(VALIDATE, {"otp": hashed(another(code)), "txnId": txn_id}), 400, "USRAUT0014")
    confirmed = await platform.post(VALIDATE, {"otp": hashed(code), "txnId": txn_id})
    token = str(confirmed.json()["token"])
    secrets.otps.append(code)
    secrets.long += [number, hashed(code), token]
    return token


async def register(platform: Surface, token: str, name: str, secrets: Secrets) -> str:
    document = pan()
    reference = await platform.register(token, name, 1990, document)
    secrets.long += [name, *name.split(), document]
    secrets.codes.append((await platform.household(token))[reference]["secret_code"])
    return reference


async def consent(clinic: Clinic, number: str, name: str, secrets: Secrets) -> None:
    platform, key = clinic.platform, await a_key(clinic.platform, Permission.VACCINATION_STATUS)
    asked = {"mobile_number": number, "full_name": name}
    txn_id = (await platform.partner("POST", "/v3/vaccination/generateOTP", key, json=asked)).json()["txnId"]
    code = await code_for(platform, number, after=secrets.otps[-1])
    body = {"otp": hashed(code), "txnId": txn_id}
    confirmed = await platform.partner("POST", "/v3/vaccination/confirmOTP", key, json=body)
    token = confirmed.json()["token"]
    headers = {"x-api-key": key, "Authorization": f"Bearer {token}"}
    assert (await platform.http.get("/api/v3/vaccination/status", headers=headers)).status_code == 200
    secrets.otps.append(code)
    secrets.long += [key, token, hashed(code)]


async def journey(clinic: Clinic) -> Secrets:
    """From the first one-time password to the certificate, with what goes wrong on the way."""
    platform, secrets, number = clinic.platform, Secrets(long=[clinic.key, "Sister Mary"]), mobile()
    token = await sign_in(platform, number, secrets)
    one, two = [await register(platform, token, name, secrets) for name in NAMES[:2]]
    taken = await sign_in(platform, mobile(), secrets)
    document = next(secret for secret in secrets.long if re.fullmatch(r"[A-Z]{5}\d{4}[A-Z]", secret))
    facts = {"name": NAMES[2], "birth_year": "1980", "gender_id": 1, "photo_id_type": 6, "consent_version": "1"}
    refused(await platform.post(NEW, {**facts, "photo_id_number": document}, taken), 409, "BENREG0002")
    refused(await platform.post(NEW, {**facts, "photo_id_number": f"{document}9"}, taken), 400, "BENREG0022")
    secrets.long += NAMES[2].split()
    wish = {"dose": 1, "session_id": clinic.today, "slot": MORNING, "beneficiaries": [one, two]}
    booking = (await platform.post("/v2/appointment/schedule", wish, token)).json()["appointment_id"]
    slip = "/v2/appointment/appointmentslip/download"
    assert (await platform.get(slip, token, appointment_id=booking)).status_code == 200
    await clinic.find(one, secret_code=secrets.codes[0])
    await clinic.find(two, secret_code="0000" if secrets.codes[1] != "0000" else "0001")
    await platform.partner(
        "GET", "/v2/vaccinator/beneficiaries/findByMobile", clinic.key, params={"mobile_number": number}
    )
    assert (await clinic.vaccinate(one)).status_code == 200
    await platform.sms(number, containing="certificate")
    path = "/v2/registration/certificate/download"
    assert (await platform.get(path, token, beneficiary_reference_id=one)).content.startswith(b"%PDF-")
    await consent(clinic, number, NAMES[0], secrets)
    await platform.http.post("/api/open/v1/sessions", json={}, auth=("anita.rao", "a secret password"))
    secrets.long += ["a secret password"]
    cancel = {"appointment_id": booking, "beneficiariesToCancel": [two]}
    assert (await platform.post("/v2/appointment/cancel", cancel, token)).status_code == 204
    assert (await platform.post(DELETE, {"beneficiary_reference_id": two}, token)).status_code == 204
    return secrets


async def dumped(platform: Surface) -> dict[str, set[str]]:
    """Every table with its rows as text; bytes as the letters that they would be."""
    found = {}
    async with transaction(platform.pool) as conn:
        await conn.execute("SET LOCAL bytea_output = 'escape'")
        tables = await (await conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).fetchall()
        for (table,) in tables:
            rows = await conn.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table)))
            found[table] = {row for (row,) in await rows.fetchall()}
    return found


async def test_no_log_line_names_anybody(clinic: Clinic, heard: io.StringIO) -> None:
    secrets = await journey(clinic)
    text = heard.getvalue()
    assert text.count('"event":"request"') > 15
    assert "/v2/registration/beneficiary/new" in text
    assert '"pgqueuer' in text
    assert secrets.found_in(text) == []
    logging.getLogger("pgqueuer").debug("%s", " ".join([secrets.long[0], *secrets.codes]))
    assert set(secrets.found_in(heard.getvalue())) == {secrets.long[0], *secrets.codes}


async def test_a_defect_is_logged_by_its_place_and_not_by_its_message(platform: Surface, heard: io.StringIO) -> None:
    secrets = Secrets()
    token = await sign_in(platform, mobile(), secrets)
    body = {"beneficiary_reference_id": "10000000000001"}
    async with transaction(platform.pool) as conn:
        await conn.execute("ALTER TABLE beneficiary RENAME TO beneficiary_away")
    try:
        refused(await platform.post(DELETE, body, token), 500, "GERR001")
    finally:
        async with transaction(platform.pool) as conn:
            await conn.execute("ALTER TABLE beneficiary_away RENAME TO beneficiary")
    (line,) = [one for one in heard.getvalue().splitlines() if '"unexpected error"' in one]
    assert '"error":"UndefinedTable"' in line
    assert "members.py:" in line
    assert "does not exist" not in heard.getvalue()
    assert secrets.found_in(heard.getvalue()) == []


async def test_no_table_holds_what_is_sealed_in_plain(clinic: Clinic) -> None:
    before = await dumped(clinic.platform)
    secrets = await journey(clinic)
    written = {table: "\n".join(rows - before[table]) for table, rows in (await dumped(clinic.platform)).items()}
    assert "vaccination_status" in written["otp"]
    assert any("B-1" in text and "COVISHIELD" in text for table, text in written.items() if table.startswith("dose"))
    assert len([text for text in written.values() if text]) > 15
    leaks = {table: found for table, text in written.items() if (found := secrets.found_in(text))}
    assert leaks == {}
