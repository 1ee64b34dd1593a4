"""Certificates checked at a door without a network: on the device, in the server's words, and nothing of them kept."""

import asyncio
import base64
import hashlib
import io
import json
import re
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from typing import Any

import base45
import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from PIL import Image
from playwright.async_api import Browser, Page, Request

from opencowin.certificates import Format, Verdict
from opencowin.certificates.canon import canonical_credential, canonical_proof
from opencowin.certificates.divoc import sign_divoc
from opencowin.certificates.published import jwk
from opencowin.certificates.signing import sign_all
from opencowin.web.pages import verify
from opencowin.web.pages.assets import asset_link
from tests.browser import gates
from tests.browser.chromium import FLAGS, MISSING, find_chromium
from tests.browser.handed_over import NAME, Paper, film, hand_over, opened, packed, png
from tests.browser.opening import complete, set_watch, visiting, watch
from tests.browser.world import Visitor, World
from tests.certificates import made
from tests.certificates.vectors import PROOF, mapped, refused
from tests.unit.test_certificates_formats import MAKERS, UNSEEN

pytestmark = pytest.mark.anyio
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
FRAMED = '<iframe sandbox="allow-forms" src="{}" title="Check" width="400" height="800"></iframe>'
PICTURE: Any = {"name": "c.png", "mimeType": "image/png"}
HEADING = "#verdict h2"
SAID = "#device [role=status]"
SCAN = "#device button"


@pytest.fixture(scope="session")
async def papers(world: World) -> list[Paper]:
    """One certificate of every kind, in every form."""
    return await hand_over(world)


@asynccontextmanager
async def at_the_door(browser: Browser, world: World, language: str = "en", **options: Any) -> AsyncIterator[Page]:
    """The page opened once with a network, which is then cut; the reader of QR codes was asked for before."""
    async with visiting(browser, world, Visitor.NOBODY, **options) as context:
        page = await context.new_page()
        await set_watch(page, world)
        await page.goto(f"/verify?lang={language}")
        await complete(page)
        await page.click(SCAN)
        await said(page, "data-nocamera")
        await context.set_offline(True)
        yield page


async def said(page: Page, which: str) -> str:
    """What the page says, once it is this text of the page's own."""
    text = await page.get_attribute("#device", which)
    assert text
    await page.locator(SAID, has_text=text).wait_for()
    return text


def note(asked: list[str], request: Request) -> None:
    """Write down what the page asks for."""
    asked.append(request.url)


async def choose(page: Page, content: bytes, kind: str = "image/png") -> None:
    """Choose a file and have it checked."""
    await page.set_input_files("#file", {"name": "code", "mimeType": kind, "buffer": content})
    await page.click("#check button.main")


async def hand(page: Page, paper: Paper) -> str:
    """Choose the picture of a code; the heading of the verdict."""
    await page.evaluate("() => document.querySelector('#verdict').replaceChildren()")
    await choose(page, png(paper.text))
    await page.wait_for_selector(HEADING)
    return await page.inner_text(HEADING)


async def by_the_server(page: Page, world: World, paper: Paper) -> tuple[str, str]:
    """Heading and facts as the server words them."""
    files = {"file": ("code.png", png(paper.text), "image/png")}
    language = await page.get_attribute("html", "lang")
    answer = await world.surface.http.post(f"/verify?lang={language}", files=files, headers={"Accept": "text/html"})
    told = re.search(r"<h1>(.*?)</h1>", answer.text)
    assert told
    facts = re.search(r"<dl .*?</dl>", answer.text, re.DOTALL)
    return told[1], plain(facts[0] if facts else "")


def plain(html: str) -> str:
    """What is read of a piece of a page."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


@pytest.mark.parametrize("language", ["en", "hi"])
async def test_without_a_network_the_device_says_what_the_server_says(
    browser: Browser, world: World, papers: list[Paper], language: str
) -> None:
    async with at_the_door(browser, world, language) as page:
        await page.reload()
        assert {paper.verdict for paper in papers} == set(Verdict) - {Verdict.UNREADABLE, Verdict.CANNOT_CHECK}
        for paper in [*papers, Paper(Format.DIVOC, Verdict.UNREADABLE, "a shop's receipt")]:
            shown = await hand(page, paper)
            kind = await page.get_attribute("#verdict [data-verdict]", "data-verdict")
            assert kind == paper.verdict, paper
            facts = await page.evaluate("() => document.querySelector('#verdict dl')?.outerHTML ?? ''")
            assert (shown, plain(facts)) == await by_the_server(page, world, paper)
        assert await kept_of_it(page) == []
        gates.judge(*await gates.scripts(page), *await gates.axe(page), *await gates.reflow(page))


async def kept_of_it(page: Page) -> list[str]:
    """Where the page or its worker kept anything of a person."""
    kept = await page.evaluate(
        """async () => {
            const texts = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie];
            texts.push(...(await indexedDB.databases()).map(({ name }) => name));
            for (const name of await caches.keys()) {
                const cache = await caches.open(name);
                for (const request of await cache.keys()) {
                    texts.push(`${request.url} ${await (await cache.match(request)).text()}`);
                }
            }
            return texts;
        }"""
    )
    assert any("/verify/keys.json" in text for text in kept), "what is kept is looked at"
    return [text[:80] for text in kept if NAME in text or "12345678901" in text or "did:opencowin" in text]


async def test_the_page_opens_again_in_a_new_tab_and_tells_how_old_its_keys_are(browser: Browser, world: World) -> None:
    async with visiting(browser, world, Visitor.NOBODY) as context:
        page = await context.new_page()
        await page.goto("/verify?lang=hi")
        await complete(page)
        await page.close()
        await context.set_offline(True)
        again = await context.new_page()
        await again.clock.install()
        await again.goto("/verify?lang=hi")
        await complete(again)
        assert "2 मिनट" in await again.inner_text("#device .note")
        with pytest.raises(Exception, match="ERR_INTERNET_DISCONNECTED"):
            await again.goto("/find")


async def test_a_new_release_takes_the_place_of_the_old_one(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are kept instead of the old ones, and the page in the languages in which it was opened."""
    async with visiting(browser, world, Visitor.NOBODY) as context:
        page = await context.new_page()
        for language in ("hi", "en"):
            await page.goto(f"/verify?lang={language}")
            await complete(page)
        before = await page.evaluate(CACHES)
        monkeypatch.setattr(verify, "KEPT_FILES", (*verify.KEPT_FILES, "near.js"))
        verify.worker_source.cache_clear()
        await page.evaluate("async () => { (await navigator.serviceWorker.ready).update(); }")
        async with asyncio.timeout(20):
            while (after := await page.evaluate(CACHES))[0] in {before[0], "two"}:
                await page.wait_for_timeout(50)
    verify.worker_source.cache_clear()
    assert set(before[1]) | {asset_link("near.js")} == set(after[1]) | {"/verify"}
    assert {"/verify?lang=hi", "/verify?lang=en"} <= set(after[1])


CACHES = """async () => {
    const [name, ...others] = (await caches.keys()).filter((one) => one !== "verify-trust");
    const kept = others.length ? [] : await (await caches.open(name)).keys();
    return [others.length ? "two" : name, kept.map(({ url }) => url.replace(location.origin, ""))];
}"""


async def test_old_keys_and_an_old_list_are_said_to_be_old(browser: Browser, world: World, papers: list[Paper]) -> None:
    async with at_the_door(browser, world) as page:
        for hours, told, old in ((3, "3 hours", False), (100, "4 days", True)):
            await page.add_init_script(f"{{ const now = Date.now; Date.now = () => now() + {hours} * 3600000; }}")
            await page.reload()
            await complete(page)
            assert await hand(page, papers[0])
            note = await page.inner_text("#device .note")
            assert (told in note, "too old" in note) == (True, old), note


async def test_what_is_pasted_is_checked_and_the_last_verdict_does_not_stay(
    browser: Browser, world: World, papers: list[Paper]
) -> None:
    async with at_the_door(browser, world) as page:
        await page.click("summary >> text=paste")
        for paper in papers[:2]:
            cowin = paper.form is Format.DIVOC
            text = f"B64:{base64.b64encode(paper.text.encode('latin-1')).decode()}" if cowin else paper.text
            await page.fill("#text", text)
            await page.click("#check button.main")
            await page.locator(HEADING, has_text="This certificate is genuine").wait_for()
        await page.fill("#text", "")
        blank = io.BytesIO()
        Image.new("L", (300, 300), 255).save(blank, "PNG")
        await choose(page, blank.getvalue())
        await said(page, "data-nocode")
        assert not await page.is_visible(HEADING)
        await choose(page, b"%PDF-1.7", "application/pdf")
        await said(page, "data-server")


async def test_what_the_device_cannot_read_goes_to_the_server(
    browser: Browser, world: World, papers: list[Paper]
) -> None:
    """Without a reader of its own, and without scripts, the page does what it always did."""
    for options in ({}, {"java_script_enabled": False}):
        async with visiting(browser, world, Visitor.NOBODY, **options) as context:
            page = await context.new_page()
            asked: list[str] = []
            page.on("request", partial(note, asked))
            await page.goto("/verify")
            assert await page.is_visible(SCAN) == (not options)
            await choose(page, png(papers[0].text))
            await page.locator("h1", has_text="This certificate is genuine").wait_for()
            assert NAME in await page.inner_text("dl")
            assert not [url for url in asked if "zxing" in url], "nothing large is loaded unasked"


DETECTOR = """window.BarcodeDetector = class {
    static async getSupportedFormats() { return ["qr_code"]; }
    async detect() { return [{ rawValue: %s }]; }
};"""


@pytest.fixture(scope="module")
async def filming(
    browser: Browser, papers: list[Paper], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Browser]:
    """A Chromium whose camera is held before a genuine certificate."""
    seen = film(papers[0].text, tmp_path_factory.mktemp("film") / "camera.y4m")
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    program = find_chromium()
    assert program, MISSING
    running = await browser.browser_type.launch(
        executable_path=program, args=[*FLAGS, *camera, f"--use-file-for-fake-video-capture={seen}"]
    )
    yield running
    await running.close()


@pytest.mark.parametrize("detected", ["nothing: there is no detector", "all", "bytes lost"])
async def test_the_camera_reads_a_code(filming: Browser, world: World, papers: list[Paper], detected: str) -> None:
    """Chromium has no detector on Linux; one that is made up here gives, or loses, a zip's bytes."""
    async with visiting(filming, world, Visitor.NOBODY) as context:
        page = await context.new_page()
        watched, asked = watch(page, world.address), list[str]()
        await set_watch(page, world)
        page.on("request", partial(note, asked))
        if not detected.startswith("nothing"):
            text = papers[0].text if detected == "all" else papers[0].text.replace("\x00", "")
            await page.add_init_script(DETECTOR % json.dumps(text))
        await page.goto("/verify")
        await complete(page)
        await page.click(SCAN)
        await page.wait_for_selector(HEADING)
        assert await page.inner_text(HEADING) == "This certificate is genuine"
        assert NAME in await page.inner_text("#verdict dl")
        assert await page.locator("video").count() == 0, "the camera is off"
        assert any("zxing" in url for url in asked) == (detected != "all")
        assert watched.complaints == []


async def test_the_camera_can_be_stopped(filming: Browser, world: World) -> None:
    async with visiting(filming, world, Visitor.NOBODY) as context:
        page = await context.new_page()
        await page.add_init_script(DETECTOR.replace("[{ rawValue: %s }]", "[]"))
        await page.goto("/verify?lang=ur")
        await page.click(SCAN)
        await said(page, "data-hold")
        gates.judge(*await gates.axe(page), *await gates.scripts(page), *await gates.reflow(page))
        await page.click(SCAN)
        await page.wait_for_selector("video", state="detached")
        assert not await page.is_visible(HEADING)


async def test_the_page_canonizes_as_the_server_does(browser: Browser, world: World) -> None:
    async with visiting(browser, world, Visitor.NOBODY) as context:
        page = await context.new_page()
        await page.goto("/verify")
        written = await page.evaluate(
            """async ([address, documents]) => {
                const { canonicalCredential, NotMappable } = await import(address);
                return Promise.all(documents.map((document) => canonicalCredential(document)
                    .catch((odd) => { if (!(odd instanceof NotMappable)) throw odd; return null; })));
            }""",
            [asset_link("canon.js"), [*mapped(), *refused()]],
        )
        assert written == [*map(canonical_credential, mapped()), *([None] * len(refused()))]


ED25519 = '{"alg":"EdDSA","b64":false,"crit":["b64"]}'
JUDGE = """async ([address, text, trust]) => {
    const { judge } = await import(address);
    const rest = { vaccines: { COVISHIELD: "Serum" }, revoked: new Uint8Array() };
    return (await judge([text], { ...rest, ...trust })).verdict;
}"""


async def test_kinds_of_signatures_that_others_use_are_checked_too(browser: Browser, world: World) -> None:
    """Ed25519 of Co-WIN's form, PS256 of the European one; where a browser lacks a kind it says so."""
    key, numbers = ed25519.Ed25519PrivateKey.generate(), RSA.public_key().public_numbers()
    document = mapped()[0] | {"proof": PROOF}
    document["evidence"][0]["manufacturer"] = "Serum"
    head = base64.urlsafe_b64encode(ED25519.encode()).rstrip(b"=").decode()
    digests = [
        hashlib.sha256(form.encode()).digest() for form in (canonical_proof(PROOF), canonical_credential(document))
    ]
    document["proof"] = PROOF | {"jws": f"{head}..{unpadded(key.sign(head.encode() + b'.' + b''.join(digests)))}"}
    point = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    issuer = {"issuer": "https://cowin.gov.in/", "method": "did:india", "evidence": "https://cowin.gov.in/vaccine/"}
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": unpadded(point)}
    rsa = {"kty": "RSA", "e": "AQAB", "n": unpadded(numbers.n.to_bytes(256, "big"))}
    trust = {
        "issuers": [issuer | {"keys": [jwk]}],
        "country": "IN",
        "signers": [{"kid": base64.b64encode(b"k" * 8).decode(), "key": rsa}],
    }
    async with visiting(browser, world, Visitor.NOBODY) as context:
        page = await context.new_page()
        await page.goto("/verify")

        async def judged(text: str) -> str:
            return str(await page.evaluate(JUDGE, [asset_link("check.js"), text, trust]))

        assert await judged(packed(document)) == "valid"
        assert await judged(packed(document | {"nonTransferable": "false"})) == "altered"
        assert await judged(by_rsa(b"k" * 8)) == "valid"
        await page.evaluate(
            "() => { crypto.subtle.importKey = async () => { throw new DOMException('', 'NotSupportedError'); }; }"
        )
        assert await judged(packed(document)) == "unsupported"


@asynccontextmanager
async def another_site(*pages: str) -> AsyncIterator[list[str]]:
    """The addresses of a site of another origin with these pages, which frame pages of ours."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        asked = request.split()[1].decode().strip("/")
        content = FRAMED.format(pages[int(asked)]).encode() if asked.isdigit() else b""
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + content)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield [f"http://localhost:{port}/{at}" for at in range(len(pages))]


async def test_another_site_shows_the_checker_in_a_frame(browser: Browser, world: World, papers: list[Paper]) -> None:
    """Sandboxed, in a page of another origin; the page that it comes from refuses to be framed."""
    ours = (f"{world.address}/verify/embed", f"{world.address}/verify")
    async with visiting(browser, world, Visitor.NOBODY) as context, another_site(*ours) as (framed, refused_to):
        page = await context.new_page()
        within = page.frame_locator("iframe")
        await page.goto(framed)
        await within.locator("#file").set_input_files(PICTURE | {"buffer": png(papers[0].text)})
        await within.locator("#check button.main").click()
        await within.locator("h1", has_text="This certificate is genuine").wait_for()
        assert NAME in await within.locator("dl").inner_text()
        await page.goto(refused_to)
        assert await within.locator("#check").count() == 0


async def test_what_the_server_alone_may_know_is_left_to_it(browser: Browser, world: World) -> None:
    """Where it trusts others of a kind, a stranger's key is not called unknown; where it trusts none, it is."""
    whole = made.statement(travel_document="K1234567")
    texts = {one.format: one.text for one in sign_all(whole, made.issuer(1))}
    nobody: dict[str, Any] = {"issuers": [], "signers": [], "cards": {"keys": []}, "seals": []}
    kinds = {
        Format.DIVOC: "credential",
        Format.EU_DCC: "signer",
        Format.WHO_DDCC: "signer",
        Format.SMART_HEALTH_CARD: "card",
        Format.ICAO_VDS_NC: "authority",
    }
    async with visiting(browser, world, Visitor.NOBODY) as context:
        page = await context.new_page()
        await page.goto("/verify")
        for form, kind in kinds.items():
            for others, verdict in (([kind], "unsupported"), (list({*kinds.values()} - {kind}), "unknown_issuer")):
                trust = nobody | {"others": others}
                assert await page.evaluate(JUDGE, [asset_link("check.js"), texts[form], trust]) == verdict, form


async def test_the_edits_that_signatures_do_not_see_are_seen(browser: Browser, world: World) -> None:
    """The list of tests/unit, and each number left out where both are equal."""
    bounds = {"valid_from": date(2021, 6, 10), "valid_until": date(9999, 9, 1)}
    genuine = sign_divoc(made.statement(doses=(made.dose(1, date(2021, 6, 3), **bounds),)), made.issuer()).text
    edited = []
    for edit in UNSEEN.values():
        document = opened(genuine)
        edit(document)
        edited.append(packed(document))
    twice = sign_divoc(made.statement(), made.issuer()).text
    for name in ("dose", "totalDoses"):
        document = opened(twice)
        del document["evidence"][0][name]
        edited.append(packed(document))
    issuer = {
        "issuer": made.PROFILE.issuer,
        "method": made.PROFILE.verification_method,
        "evidence": made.PROFILE.evidence_url,
        "keys": [jwk(made.issuer().signing(Format.DIVOC).signer.public_key)],
    }
    trust = {"issuers": [issuer], "vaccines": MAKERS}
    async with visiting(browser, world, Visitor.NOBODY) as context:
        page = await context.new_page()
        await page.goto("/verify")
        for text in (genuine, twice):
            assert await page.evaluate(JUDGE, [asset_link("check.js"), text, trust]) == "valid"
        for text in edited:
            assert await page.evaluate(JUDGE, [asset_link("check.js"), text, trust]) == "altered", opened(text)


def by_rsa(kid: bytes) -> str:
    """The European form signed by an RSA key (PS256)."""
    protected = cbor2.dumps({1: -37, 4: kid})
    dose = {"dn": 1, "sd": 2, "dt": "2021-06-03", "ci": "URN:UVCI:01:IN:X/1#A", "mp": "Covishield"}
    claims = {
        1: "IN",
        4: 4_000_000_000,
        6: 1_622_000_000,
        -260: {1: {"v": [dose], "nam": {"fnt": "DEVI"}, "dob": "1984"}},
    }
    body = cbor2.dumps(claims)
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
    signed = cbor2.dumps(["Signature1", protected, b"", body])
    signature = RSA.sign(signed, pss, hashes.SHA256())
    cose = cbor2.dumps(cbor2.CBORTag(18, [protected, {}, body, signature]))
    return f"HC1:{base45.b45encode(zlib.compress(cose)).decode()}"


def unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
