"""What centres' tablets call: the shell of their app, and envelopes of a tablet whose PIN is lost."""

import io
import re
from typing import Any
from uuid import uuid4

import httpx
import pytest
from PIL import Image

from opencowin.identity import Role
from opencowin.kit.i18n import read_catalogues
from opencowin.web.centre_app import shell
from opencowin.web.centre_app.texts import TEXTS
from opencowin.web.pages.assets import FOLDERS, asset_link, assets
from tests.rooms.test_tablets import sealed_for
from tests.surface import Surface
from tests.web.clinic import NOBODY, Clinic, a_home, book, open_clinic, value
from tests.web.desks import PASSWORD, appoint, place_of

pytestmark = pytest.mark.anyio
CENTRE = "/api/open/v1/centre/"
SHELL_BYTES = 60_000
ASKED = (r'\b(?:t|button|filled)\("(\w+)"', r'\b(?:field|choice|tick|radios)\("\w+", "(\w+)"')


async def a_tablet(clinic: Clinic) -> dict[str, Any]:
    """What a worker's tablet gets when it is begun, and the list of its session."""
    worker = await appoint(clinic.platform, Role.VACCINATOR, await place_of(clinic.platform, clinic.centre))
    answer = await clinic.platform.http.post(CENTRE + "tablets", json={}, auth=(worker.user_name, PASSWORD))
    assert answer.status_code == 201, answer.text
    begun: dict[str, Any] = answer.json()
    assert (await send(clinic.platform, begun, "lists", sessions=[clinic.today])).status_code == 200
    return begun


async def send(platform: Surface, begun: dict[str, Any], path: str, **body: Any) -> httpx.Response:
    return await platform.http.post(CENTRE + path, json=body, headers={"Authorization": f"Bearer {begun['token']}"})


def a_dose(clinic: Clinic, reference: str) -> dict[str, Any]:
    at = clinic.platform.floor.clock.now()
    facts = {"session": clinic.today, "vaccine": "COVISHIELD", "batch": "B-1", "dose": 1, "reference": int(reference)}
    return {"id": str(uuid4()), "at": at.isoformat(), "kind": "dose", **facts}


async def test_envelopes_are_taken_from_tablets_of_the_same_centre_alone(clinic: Clinic) -> None:
    """By the tablet that sealed them, once; a bad one among them keeps no other back."""
    platform, home = clinic.platform, await a_home(clinic.platform)
    assert (await book(clinic, home, session_id=clinic.today)).status_code == 200
    before, after = await a_tablet(clinic), await a_tablet(clinic)
    dose, point = a_dose(clinic, home.first), before["file_key"]["point"]
    envelope = sealed_for(point, {"token": before["token"], "record": dose})
    strange = [sealed_for(point, {"token": "nobody's", "record": dose}), {"key": "?"}]
    elsewhere = await a_tablet(await open_clinic(platform))
    refused = await send(platform, elsewhere, "envelopes", envelopes=[envelope])
    assert refused.json() == {"outcomes": ["unreadable"]}
    for _ in range(2):
        taken = await send(platform, after, "envelopes", envelopes=[*strange, envelope])
        assert taken.json() == {"outcomes": ["unreadable", "unreadable", "kept"]}
    sender = "SELECT tablet_id FROM tablet_record WHERE record_id = %(id)s"
    assert str(await value(platform, sender, id=dose["id"])) == before["tablet_id"]
    doses = "SELECT count(*) FROM dose WHERE session_id = %(session)s"
    assert await value(platform, doses, session=clinic.today) == 1
    answer = await send(platform, before, "records", records=[dose])
    assert [(one["outcome"], one["reference"]) for one in answer.json()["answers"]] == [("kept", home.first)]


async def test_what_needs_attention_is_said_in_the_language_of_the_tablet(clinic: Clinic) -> None:
    begun, dose = await a_tablet(clinic), a_dose(clinic, NOBODY)
    english, again = [
        await clinic.platform.http.post(
            CENTRE + "records",
            json={"records": [dose]},
            headers={"Authorization": f"Bearer {begun['token']}", "Accept-Language": language},
        )
        for language in ("en", "hi")
    ]
    (first,), (second,) = english.json()["answers"], again.json()["answers"]
    assert (first["outcome"], first["code"]) == (second["outcome"], second["code"]) == ("attention", "APPOIN0001")
    assert first["text"].isascii()
    assert not second["text"].isascii()


async def test_the_app_says_everything_in_every_language(platform: Surface) -> None:
    for language in ("en", *read_catalogues().by_language):
        said = (await platform.http.get("/centre/texts.json", params={"lang": language})).json()
        assert (said["language"], set(said["texts"])) == (language, set(TEXTS))
        assert all(one["name"] and one["hint"] for one in said["documents"])
    assert said["zone"] == platform.floor.clock.zone.key
    again = await platform.http.get("/centre/texts.json")
    tag = {"If-None-Match": again.headers["etag"]}
    assert (await platform.http.get("/centre/texts.json", headers=tag)).status_code == 304


async def test_the_app_is_within_its_budget(platform: Surface) -> None:
    """All that is kept at once, with its page and one language; the reader of QR codes comes once somebody works."""
    packed = {"Accept-Encoding": "gzip"}
    addresses = ["/centre", "/centre/texts.json?lang=ta", *(asset_link(name) for name in shell.KEPT_AT_ONCE)]
    spent = 0
    for address in addresses:
        async with platform.http.stream("GET", address, headers=packed) as answer:
            assert answer.headers["content-encoding"] == "gzip", address
            spent += sum([len(part) async for part in answer.aiter_raw()])
    print(f"{spent:,} bytes")
    assert spent <= SHELL_BYTES


def test_every_text_that_scripts_ask_for_is_there() -> None:
    scripts = [
        one.content.decode() for name, one in assets().items() if name.startswith("centre") and name[-3:] == ".js"
    ]
    asked = {key for script in scripts for one in ASKED for key in re.findall(one, script)}
    assert len(asked) > 120
    assert asked - set(TEXTS) == set()


async def test_the_worker_keeps_every_script_of_the_app(platform: Surface) -> None:
    """None is forgotten: without a line, one that is not kept would end the work."""
    source = (await platform.http.get("/centre/worker.js")).text
    ours = [name for name in assets() if name.startswith("centre") and name != "centre_worker.js"]
    assert len(ours) > 12
    assert [name for name in ours if f"/static/{name}?v={assets()[name].mark}" not in source] == []
    assert "opencowin.web.centre_app" in FOLDERS
    manifest = (await platform.http.get("/centre/app.webmanifest")).json()
    assert (manifest["start_url"], manifest["display"]) == ("/centre", "standalone")
    assert [icon["src"] for icon in manifest["icons"] if icon["src"] not in source] == []


async def test_a_home_screen_finds_the_icons_that_the_manifest_names(platform: Surface) -> None:
    """Each is there with the side it says; a square of 192 and of 512, and one that may be cut to any shape."""
    icons = (await platform.http.get("/centre/app.webmanifest")).json()["icons"]
    drawn = [icon for icon in icons if icon["type"] == "image/png"]
    assert [(icon["sizes"], icon["purpose"]) for icon in drawn] == [
        ("192x192", "any"),
        ("512x512", "any"),
        ("512x512", "maskable"),
    ]
    for icon in drawn:
        answer = await platform.http.get(icon["src"])
        assert answer.headers["content-type"] == "image/png"
        image = Image.open(io.BytesIO(answer.content)).convert("RGBA")
        assert f"{image.width}x{image.height}" == icon["sizes"]
        corner, middle = image.getpixel((0, 0)), image.getpixel((image.width // 2, image.height // 2))
        assert middle == (255, 255, 255, 255)
        assert isinstance(corner, tuple)
        assert corner[3] == (255 if icon["purpose"] == "maskable" else 0), "only a maskable one fills its square"
