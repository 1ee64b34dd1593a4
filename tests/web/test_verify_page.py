"""The page that checks certificates: genuine ones, and every way in which one is not."""

import io
import json
import re

import httpx
import pypdfium2
import pytest
from PIL import Image
from pydantic import ValidationError

from opencowin.kit.settings import Settings
from opencowin.web.pages.assets import asset_link
from tests.papers import read_qr_codes
from tests.surface import Surface
from tests.web.clinic import Clinic, a_home, beside

pytestmark = pytest.mark.anyio
PEOPLE = {"Accept": "text/html"}


async def check(platform: Surface, text: str = "", file: bytes | None = None, lang: str = "en") -> httpx.Response:
    files = {"file": ("c", file, "application/octet-stream")} if file is not None else None
    path = f"/verify?lang={lang}"
    return await platform.http.post(path, data={"text": text}, files=files or {"file": ("", b"")}, headers=PEOPLE)


def heading(answer: httpx.Response) -> str:
    return str(re.findall(r"<h1>(.*?)</h1>", answer.text)[0])


@pytest.fixture
async def paper(clinic: Clinic) -> bytes:
    """The PDF of a certificate of the platform."""
    home = await a_home(clinic.platform)
    assert (await clinic.vaccinate(home.first)).status_code == 200
    path = "/v2/registration/certificate/public/download"
    answer = await clinic.platform.get(path, home.token, beneficiary_reference_id=home.first)
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_a_genuine_certificate_is_read_from_its_pdf_its_picture_and_its_text(
    clinic: Clinic, paper: bytes
) -> None:
    platform = clinic.platform
    from_pdf = await check(platform, file=paper)
    assert heading(from_pdf) == "This certificate is genuine"
    assert "Asha Kumari" in from_pdf.text
    assert from_pdf.headers["cache-control"] == "no-store"
    texts = read_qr_codes(paper)
    assert texts
    for text in texts:
        assert heading(await check(platform, text)) == "This certificate is genuine"
    assert heading(await check(platform, file=photo(paper))) == "This certificate is genuine"


def photo(paper: bytes) -> bytes:
    """The paper photographed: turned a little, as JPEG, with the camera's orientation beside it."""
    page = pypdfium2.PdfDocument(io.BytesIO(paper))[0].render(scale=200 / 72).to_pil()
    turned = page.rotate(4, expand=True, fillcolor="white").rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    turned.convert("RGB").save(out, "JPEG", quality=80, exif=exif)
    return out.getvalue()


async def test_one_altered_letter_is_seen(clinic: Clinic, paper: bytes) -> None:
    for text in read_qr_codes(paper):
        at = len(text) // 2
        altered = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        assert heading(await check(clinic.platform, altered)) in {
            "This certificate was altered",
            "This is not a certificate that can be read here",
        }


async def test_what_is_no_certificate_is_told_apart(platform: Surface) -> None:
    assert heading(await check(platform, "OCW1;abc;1")) == "This is not a certificate that can be read here"
    nothing = await check(platform)
    assert (nothing.status_code, "file-fault" in nothing.text) == (400, True)
    rubbish = await check(platform, file=b"\x00\x01rubbish")
    assert (rubbish.status_code, "no picture and no PDF" in rubbish.text) == (400, True)
    broken = await check(platform, file=b"%PDF-1.7 and nothing more")
    assert (broken.status_code, "no picture and no PDF" in broken.text) == (400, True)
    white = io.BytesIO()
    Image.new("L", (300, 300), 255).save(white, "PNG")
    blank = await check(platform, file=white.getvalue())
    assert (blank.status_code, "No QR code was found" in blank.text) == (400, True)


async def test_what_the_page_loads_before_the_camera_is_asked_for_is_small(platform: Surface) -> None:
    """The page with all that its worker keeps, as it comes over the wire; but for keys and list, which are data."""
    spent, packed = 0, {"Accept-Encoding": "gzip"}
    worker = await platform.http.get("/verify/worker.js", headers=packed)
    files = json.loads(re.findall(r"const FILES = (\[.*?\]);", worker.text)[0])
    assert not [name for name in files if "zxing" in name]
    for path in ("/verify?lang=ml", "/verify/worker.js", "/verify/app.webmanifest", *files):
        answer = await platform.http.get(path, headers=packed)
        assert answer.status_code == 200, path
        spent += int(answer.headers["content-length"])
    assert spent <= 23_000, spent
    assert worker.headers["service-worker-allowed"] == "/verify"


async def test_the_worker_keeps_every_script_of_the_page_and_is_another_when_one_changes(platform: Surface) -> None:
    worker = (await platform.http.get("/verify/worker.js")).text
    needed, found = ["verify.js"], set[str]()
    while needed:
        name = needed.pop()
        found.add(asset_link(name))
        script = (await platform.http.get(asset_link(name))).text
        links = re.findall(r'"(\./([\w.]+)\?v=\w+)"', script)
        assert len(links) == script.count('"./'), f"{name} names a file without its mark"
        needed += [other for _, other in links if "zxing" not in other and asset_link(other) not in found]
    assert found <= set(json.loads(re.findall(r"const FILES = (\[.*?\]);", worker)[0]))


async def test_keys_are_sent_again_only_when_they_changed(platform: Surface) -> None:
    first = await platform.http.get("/verify/keys.json")
    told = {"issuers", "signers", "cards", "seals", "status", "vaccines", "cvx", "others", "country"}
    assert set(first.json()) == told
    assert '"d"' not in first.text, "no private number"
    again = await platform.http.get("/verify/keys.json", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


async def test_a_picture_made_to_fill_the_memory_is_not_opened(platform: Surface) -> None:
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    answer = await check(platform, file=bomb.getvalue())
    assert (answer.status_code, "no picture and no PDF" in answer.text) == (400, True)
    large = await check(platform, file=b"%PDF" + bytes(9_100_000))
    assert large.status_code == 413


async def test_other_sites_show_the_checker_in_a_frame_and_no_other_page(platform: Surface) -> None:
    anywhere, elsewhere = await platform.http.get("/verify/embed?lang=hi"), await platform.http.get("/verify")
    assert "frame-ancestors *" in anywhere.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in elsewhere.headers["content-security-policy"]
    assert "<script" not in anywhere.text
    assert "set-cookie" not in anywhere.headers
    assert 'action="/verify/embed?lang=hi"' in anywhere.text
    async with beside(platform, checker_frames=("https://rail.example", "https://*.hotel.example")) as chosen:
        policy = (await chosen.http.get("/verify/embed")).headers["content-security-policy"]
    assert policy.endswith("frame-ancestors https://rail.example https://*.hotel.example")
    with pytest.raises(ValidationError):
        Settings(checker_frames=("https://rail.example; script-src *",))


async def test_the_frame_says_what_the_page_says_and_stays_within_itself(clinic: Clinic, paper: bytes) -> None:
    for file, status, told in ((paper, 200, "This certificate is genuine"), (b"nothing", 400, "Check a certificate")):
        answer = await clinic.platform.http.post("/verify/embed", files={"file": ("c", file, "application/pdf")})
        assert (answer.status_code, heading(answer)) == (status, told)
        assert "frame-ancestors *" in answer.headers["content-security-policy"]
        ways = set(re.findall(r'(?:href|action)="(/[^"?]*)', answer.text)) - {"/"}
        assert {way for way in ways if not way.startswith("/static/")} == {"/verify/embed"}
    assert (await clinic.platform.http.post("/verify/embed", data={"text": ""})).status_code == 400
