"""The forms of a certificate: listed with what each is for, for the household alone, believed when checked."""

import io
import json
import re
from typing import Any
from uuid import uuid4

import httpx
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from opencowin.certificates import Format
from tests.builders import mobile
from tests.papers import read_qr_codes
from tests.surface import Surface
from tests.web.clinic import Clinic, a_home
from tests.web.test_citizen_pages import Browser
from tests.web.test_verify_page import check, heading

pytestmark = pytest.mark.anyio
FORMS = "/v2/registration/certificate/forms"


async def forms_of(clinic: Clinic, token: str, reference: str) -> dict[str, dict[str, Any]]:
    answer = await clinic.platform.get(FORMS, token, beneficiary_reference_id=reference)
    assert answer.status_code == 200, answer.text
    return {one["form"]: one for one in answer.json()["forms"]}


async def file_of(clinic: Clinic, token: str, reference: str, form: str, kind: str) -> httpx.Response:
    return await clinic.platform.get(f"{FORMS}/{form}.{kind}", token, beneficiary_reference_id=reference)


async def test_each_form_comes_as_sheet_picture_and_text(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    await clinic.vaccinate(home.first)
    listed = await forms_of(clinic, home.token, home.first)
    assert list(listed) == list(Format)
    assert (listed["icao_vds_nc"]["issued"], listed["icao_vds_nc"]["lacking"]) == (False, "passport")
    for form in [each for each in Format if listed[each]["issued"]]:
        text = listed[form]["payload"]
        sheet = await file_of(clinic, home.token, home.first, form, "pdf")
        assert read_qr_codes(sheet.content) == [text]
        png = await file_of(clinic, home.token, home.first, form, "png")
        (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(png.content)), text_mode=zxingcpp.TextMode.Plain)
        assert code.text == text
        plain = await file_of(clinic, home.token, home.first, form, "txt")
        assert plain.content.decode() == text
        svg = await file_of(clinic, home.token, home.first, form, "svg")
        assert (svg.headers["content-type"], svg.text[:4]) == ("image/svg+xml", "<svg")
        assert {sheet.headers["cache-control"], svg.headers["cache-control"]} == {"no-store"}
        assert heading(await check(clinic.platform, text)) == "This certificate is genuine"
    wallet = await file_of(clinic, home.token, home.first, "smart_health_card", "smart-health-card")
    (jws,) = wallet.json()["verifiableCredential"]
    digits = "".join(f"{ord(mark) - 45:02d}" for mark in jws)
    assert f"shc:/{digits}" == listed["smart_health_card"]["payload"]
    assert wallet.headers["content-type"] == "application/smart-health-card"
    no = await file_of(clinic, home.token, home.first, "divoc", "smart-health-card")
    assert (no.status_code, no.json()["errorCode"]) == (400, "CERTIFICATE00036")
    missing = await file_of(clinic, home.token, home.first, "icao_vds_nc", "pdf")
    assert (missing.status_code, missing.json()["errorCode"]) == (400, "CERTIFICATE00004")
    assert "no passport" in missing.text


async def test_forms_are_for_the_household_alone(clinic: Clinic) -> None:
    home, stranger = await a_home(clinic.platform), await a_home(clinic.platform)
    await clinic.vaccinate(home.first)
    for path in (FORMS, f"{FORMS}/eu_dcc.txt", f"{FORMS}/eu_dcc.pdf"):
        assert (await clinic.platform.get(path, beneficiary_reference_id=home.first)).status_code == 401
        foreign = await clinic.platform.get(path, stranger.token, beneficiary_reference_id=home.first)
        assert (foreign.status_code, foreign.json()["errorCode"]) == (400, "APPOIN0001")


async def test_the_everyday_sheet_comes_as_a_picture_that_is_read(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    await clinic.vaccinate(home.first)
    listed = await forms_of(clinic, home.token, home.first)
    answer = await clinic.platform.get(
        "/v2/registration/certificate/picture", home.token, beneficiary_reference_id=home.first
    )
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(answer.content)), text_mode=zxingcpp.TextMode.Plain)
    assert {code.text for code in found} >= {listed[form]["payload"] for form in ("divoc", "eu_dcc")}
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("image/png", "no-store")


async def a_traveller(browser: Browser, clinic: Clinic) -> tuple[str, str]:
    """Somebody who registered on the pages with a passport, vaccinated; reference and passport."""
    passport = f"Q{uuid4().int % 9_000_000 + 1_000_000}"
    await browser.open("/people/new")
    await browser.sign_in(mobile())
    await browser.open("/people/new")
    await browser.register("Asha Kumari", document="8", number=passport)
    (reference,) = set(re.findall(r"\b\d{14}\b", await browser.open("/people")))
    assert (await clinic.vaccinate(reference)).status_code == 200
    return reference, passport


async def test_a_traveller_finds_every_form_on_the_pages(clinic: Clinic) -> None:
    browser = Browser(clinic.platform)
    reference, passport = await a_traveller(browser, clinic)
    page = await browser.open("/certificates")
    assert f'href="/certificates/{reference}"' in page
    page = await browser.open(f"/certificates/{reference}")
    assert all(f"/certificates/{reference}/{form}.pdf" in page for form in Format)
    assert "For Europe and the countries that joined its system." in page
    seal = await browser._http.get(f"/certificates/{reference}/icao_vds_nc.txt")
    assert json.loads(seal.text)["data"]["msg"]["pid"]["i"] == passport
    everyday = await browser._http.get(f"/certificates/{reference}.pdf")
    travel = await browser._http.get(f"/certificates/{reference}/icao_vds_nc.pdf?lang=hi")
    assert f'href="/certificates/{reference}.png"' in page
    assert (await browser._http.get(f"/certificates/{reference}.png")).content[:4] == b"\x89PNG"
    assert passport not in printed(everyday.content)
    assert passport in printed(travel.content)
    assert "hi" in await browser.open(f"/certificates/{reference}?lang=hi")
    await browser.close()


def printed(pdf: bytes) -> str:
    (page,) = pypdfium2.PdfDocument(io.BytesIO(pdf))
    return str(page.get_textpage().get_text_bounded())


async def test_readers_of_health_cards_find_the_key_where_the_card_says(clinic: Clinic) -> None:
    platform: Surface = clinic.platform
    answer = await platform.http.get("/.well-known/jwks.json", headers={"Origin": "https://reader.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json()["iss"] == platform.floor.settings.address
    assert sum(key["kty"] == "EC" and "x5c" not in key for key in answer.json()["keys"]) >= 1
