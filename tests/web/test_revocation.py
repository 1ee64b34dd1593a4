"""Revoking over HTTP and by command, checking by program, and the list that is carried away."""

import asyncio
import io
import json
import os
import subprocess
import zipfile
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from opencowin.identity import Role
from opencowin.kit.actor import Permission, Place
from tests.commands import commands
from tests.papers import read_qr_codes
from tests.surface import Surface
from tests.web.clinic import Clinic, a_home, a_key, beside, refused, value
from tests.web.test_staff import place_of, staff
from tests.web.test_verify_page import check, heading

pytestmark = pytest.mark.anyio
LIST = "/.well-known/status/revoked.jws"
WHY = {"reason": "issued for the wrong person"}


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate as its holder has it."""

    number: str
    texts: list[str]


@pytest.fixture
async def paper(clinic: Clinic) -> Paper:
    home = await a_home(clinic.platform)
    assert (await clinic.vaccinate(home.first)).status_code == 200
    path = "/v2/registration/certificate/public/download"
    answer = await clinic.platform.get(path, home.token, beneficiary_reference_id=home.first)
    texts = read_qr_codes(answer.content)
    return Paper((await verdict(clinic.platform, texts[0]))["certificate"]["certificate_id"], texts)


async def verdict(platform: Surface, text: str) -> Any:
    answer = await platform.post("/v1/verify", {"text": text})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


async def ask(platform: Surface, who: tuple[str, str], number: str, what: str = "revoke") -> httpx.Response:
    return await platform.http.post(f"/api/open/v1/certificates/{number}/{what}", json=WHY, auth=who)


async def test_programs_are_told_what_a_certificate_says(platform: Surface, paper: Paper) -> None:
    assert len(paper.texts) == 2
    for text in paper.texts:
        told = await verdict(platform, text)
        assert told["result"] == "valid"
        stated = told["certificate"]
        assert (stated["certificate_id"], stated["name"], stated["dose"]) == (paper.number, "Asha Kumari", 1)
    assert await verdict(platform, "a shop's receipt") == {"result": "unreadable", "certificate": None}


async def test_what_programs_send_wrongly_is_a_problem_detail(platform: Surface) -> None:
    for body in ({}, {"text": ""}, {"text": "x" * 20_001}, {"text": 5}, {"text": "x", "more": 1}):
        answer = await platform.post("/v1/verify", body)
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert (answer.status_code, problem["status"], problem["code"]) == (400, 400, "USRRES0001")
        assert problem["title"]
    assert "errorCode" in (await platform.post("/open/v1/sessions", {})).json(), "elsewhere it is Co-WIN's body"


async def test_checking_by_program_has_a_rate(platform: Surface) -> None:
    async with beside(platform, api_calls_per_5_minutes=2) as narrow:
        for _ in range(2):
            assert (await narrow.post("/v1/verify", {"text": "x"})).status_code == 200
        over = await narrow.post("/v1/verify", {"text": "x"})
    assert (over.status_code, over.headers["content-type"]) == (429, "application/problem+json")
    assert int(over.headers["retry-after"]) > 0


async def test_an_officer_revokes_and_every_way_of_checking_says_so(clinic: Clinic, paper: Paper) -> None:
    platform, here = clinic.platform, await place_of(clinic)
    officer = await staff(platform, Role.DISTRICT_OFFICER, here)
    done = await ask(platform, officer, paper.number)
    assert done.status_code == 200, done.text
    assert (done.json()["certificate_id"], done.json()["already"]) == (paper.number, False)
    for text in paper.texts:
        assert await verdict(platform, text) == {"result": "revoked", "certificate": None}
        shown = await check(platform, text)
        assert heading(shown) == "This certificate was revoked"
        assert "Asha" not in shown.text
        assert heading(await check(platform, text, lang="hi")) == "यह प्रमाणपत्र निरस्त कर दिया गया है"
    assert (await ask(platform, officer, paper.number)).json()["already"]
    again = await ask(platform, officer, paper.number, "reissue")
    assert again.status_code == 200, again.text
    assert again.json()["certificate_id"] != paper.number


async def test_those_who_may_not_revoke_do_not(clinic: Clinic, paper: Paper) -> None:
    platform, here = clinic.platform, await place_of(clinic)
    door = replace(here, centre_id=clinic.centre.centre_id)
    vaccinator = await staff(platform, Role.VACCINATOR, door)
    refused(await ask(platform, vaccinator, paper.number), 403, "KIT0002")
    elsewhere = await staff(platform, Role.DISTRICT_OFFICER, Place(here.state_id, (here.district_id or 0) + 1))
    refused(await ask(platform, elsewhere, paper.number), 400, "CERTIFICATE00031")
    path = f"/open/v1/certificates/{paper.number}/revoke"
    key = await a_key(platform, Permission.VACCINATE)
    refused(await platform.partner("POST", path, key, json=WHY), 403, "KIT0002")
    right = await a_key(platform, Permission.REVOKE_CERTIFICATES, place=here)
    refused(await platform.partner("POST", path, right, json={"reason": "no"}), 400, "USRRES0001")
    assert (await verdict(platform, paper.texts[0]))["result"] == "valid"
    assert (await platform.partner("POST", path, right, json=WHY)).status_code == 200


async def test_the_list_is_fetched_by_anybody_and_again_only_when_it_changed(clinic: Clinic, paper: Paper) -> None:
    platform = clinic.platform
    first = await platform.http.get(LIST, headers={"Origin": "https://elsewhere.example"})
    assert (first.status_code, first.headers["content-type"]) == (200, "application/jose")
    assert first.headers["access-control-allow-origin"] == "*"
    assert first.headers["cache-control"] == "public, max-age=300"
    tag = {"If-None-Match": first.headers["etag"]}
    assert (await platform.http.get(LIST, headers=tag)).status_code == 304
    officer = await staff(platform, Role.NATION_OFFICER, Place())
    await ask(platform, officer, paper.number)
    second = await platform.http.get(LIST, headers=tag)
    assert second.status_code == 200
    assert second.text.count(".") == 2
    described = (await platform.http.get("/openapi.json")).json()["paths"][LIST]["get"]["responses"]
    assert "application/jose" in described["200"]["content"]


async def test_each_form_of_a_revoked_certificate_costs_few_bytes(platform: Surface) -> None:
    """What docs/adr/0010 says of the size: 16 bytes for each form, 28.5 as written and 20.4 as they travel."""

    async def size() -> tuple[int, int]:
        plain = await platform.http.get(LIST, headers={"Accept-Encoding": "identity"})
        packed = await platform.http.get(LIST, headers={"Accept-Encoding": "gzip"})
        return len(plain.content), int(packed.headers["content-length"])

    before = await size()
    how_many = 1000
    await value(
        platform,
        """
        WITH one AS (SELECT certificate_id FROM certificate LIMIT 1), made AS (
            INSERT INTO revocation_mark (mark, certificate_id)
            SELECT substr(sha256(('mark' || n)::bytea), 1, 16), certificate_id FROM one, generate_series(1, %(n)s) n
            RETURNING 1)
        SELECT count(*) FROM made
        """,
        n=how_many,
    )
    plain, packed = (round((now - then) / how_many, 1) for now, then in zip(await size(), before, strict=True))
    assert (plain <= 28.6, packed <= 20.6) == (True, True), (plain, packed)


async def test_an_operator_revokes_and_replaces_by_command(clinic: Clinic, paper: Paper, database: str) -> None:
    platform = clinic.platform
    settings = {"DATA_DIR": str(platform.floor.settings.data_dir), "DATABASE_URL": database, "DEMO": "true"}
    outside = {name: text for name, text in os.environ.items() if not name.startswith("OPENCOWIN_")}
    environment = {**outside, **{f"OPENCOWIN_{name}": text for name, text in settings.items()}, "COLUMNS": "200"}

    async def run(*words: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(commands().run, ("certificates", *words), environment)

    done = await run("revoke", paper.number, "--reason", WHY["reason"])
    assert (done.returncode, f"Certificate {paper.number} is revoked" in done.stdout) == (0, True), done.stderr
    assert (await verdict(platform, paper.texts[0]))["result"] == "revoked"
    issued = await run("reissue", paper.number, "--reason", "name corrected")
    assert (issued.returncode, "stands in its place" in issued.stdout) == (0, True), issued.stderr
    unknown = await run("revoke", "123", "--reason", WHY["reason"])
    assert (unknown.returncode, "no certificate with this number" in unknown.stderr) == (1, True)


async def test_an_edit_that_keeps_the_signature_is_called_altered(platform: Surface, paper: Paper) -> None:
    """Dose 1 of 2 is made 2 of 1; what the rest of such edits come to is in tests/unit."""
    text = next(one for one in paper.texts if not one.startswith("HC1:"))
    assert await verdict(platform, swapped(text)) == {"result": "altered", "certificate": None}
    assert heading(await check(platform, swapped(text))) == "This certificate was altered"


def swapped(text: str) -> str:
    with zipfile.ZipFile(io.BytesIO(text.encode("latin-1"))) as archive:
        document = json.loads(archive.read("certificate.json"))
    evidence = document["evidence"][0]
    evidence["dose"], evidence["totalDoses"] = evidence["totalDoses"], evidence["dose"]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("certificate.json", json.dumps(document, ensure_ascii=False))
    return out.getvalue().decode("latin-1")
