"""The printed page: read back by a QR reader and a PDF reader, in every script that a name may have."""

import io
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp

from opencowin.certificates import EVERYDAY
from opencowin.certificates.divoc import verify_divoc
from opencowin.certificates.model import CertificateStatement, Format, Stage
from opencowin.certificates.pdf import render_certificate
from opencowin.certificates.profile import languages, printed_texts
from opencowin.certificates.signing import sign_all
from opencowin.kit.documents import DocumentRenderer, in_two_languages, shipped_marks
from opencowin.kit.glyphs import legible
from opencowin.kit.qr import qr_code, qr_svg
from tests.certificates.made import NOW, PACK, PROFILE, dose, issuer, read_eu, signer_certificate, statement
from tests.papers import QR_ONLY

LANGUAGES = [str(one["code"]) for one in PACK.toml("country.toml")["language"]]


def payloads(what: CertificateStatement) -> Mapping[Format, str]:
    return {one.format: one.text for one in sign_all(what, issuer()) if one.format in EVERYDAY}


def printed(what: CertificateStatement, language: str = "en") -> bytes:
    return render_certificate(PACK, what, payloads(what), language)


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    assert len(document) == 1
    return str(document[0].get_textpage().get_text_bounded())


def read_codes(pdf: bytes, dpi: int) -> list[zxingcpp.Barcode]:
    page = pypdfium2.PdfDocument(io.BytesIO(pdf))[0].render(scale=dpi / 72, grayscale=True)
    picture = memoryview(bytes(page.buffer)).cast("B", (page.height, page.stride))
    return list(zxingcpp.read_barcodes(picture, formats=QR_ONLY, text_mode=zxingcpp.TextMode.Plain))


def codes_on(pdf: bytes, dpi: int) -> set[str]:
    return {code.text for code in read_codes(pdf, dpi)}


@pytest.mark.parametrize("dpi", [150, 300])
@pytest.mark.parametrize("language", LANGUAGES)
def test_both_codes_are_read_from_the_page_and_verify(language: str, dpi: int) -> None:
    found = codes_on(printed(statement(), language), dpi)
    european = next(text for text in found if text.startswith("HC1:"))
    (w3c,) = found - {european}
    assert verify_divoc(w3c, PROFILE, [issuer().signing(Format.DIVOC).signer.public_key]).name == statement().name
    assert read_eu(european, [signer_certificate()], NOW).name == statement().name


def test_the_page_states_person_doses_and_stage() -> None:
    text = text_of(printed(statement(name="Asha Devi", stage=Stage.PROVISIONAL, doses=(dose(1),))))
    for stated in ("Asha Devi", "1984", "12345678901234", "04-03-2021", "COVISHIELD", "4120Z021", "Provisional"):
        assert stated in text


def test_a_page_is_tagged_in_its_language_and_the_same_each_time() -> None:
    what = statement()
    signed = payloads(what)
    pdf = render_certificate(PACK, what, signed, "hi")
    assert b"/MarkInfo" in pdf
    assert b"pdfuaid:part" in pdf
    assert re.search(rb"/Lang\s*\(hi\)", pdf)
    assert pdf == render_certificate(PACK, what, signed, "hi")


@pytest.mark.parametrize("language", LANGUAGES)
def test_four_doses_with_long_names_stay_on_one_page(language: str) -> None:
    many = tuple(dose(number, total=4, batch="BATCH-1234567890") for number in range(1, 5))
    text_of(printed(statement(name="श्रीमती " + "क्षितिजज्ञानेश्वरी " * 4, doses=many), language))


@pytest.mark.parametrize("name", ["สมชาย", "王芳", "🙂", "\U000e0041x"])
def test_a_name_in_a_script_without_a_font_is_printed_in_latin_letters(name: str) -> None:
    assert text_of(printed(statement(name=name, family_name="Known")))


def test_words_that_can_be_drawn_stay_as_they_are() -> None:
    assert legible("श्रीमती Müller అనూష محمد 王芳", shipped_marks()) == "श्रीमती Müller అనూష محمد Wangfang"


@pytest.mark.parametrize("name", ['#panic("x")', "*bold* _x_ $y$", '"quoted" \\ #sys.inputs'])
def test_a_name_is_never_template_code(name: str) -> None:
    assert "".join(name.split()) in "".join(text_of(printed(statement(name=name))).split())


def test_an_unknown_language_falls_back_to_the_packs_own() -> None:
    assert languages(PACK, "xx") == ("en", "hi")
    assert languages(PACK, "hi") == ("hi", "en")


def test_every_language_has_every_text() -> None:
    keys = {language: set(printed_texts(PACK, language)) for language in LANGUAGES}
    assert keys["en"] >= {stage.value for stage in Stage} | {f"code_{form.value}" for form in Format}
    assert {language: keys["en"] ^ has for language, has in keys.items() if has != keys["en"]} == {}
    slips = {language: set(PACK.toml("slip.toml")["texts"][language]) for language in LANGUAGES}
    assert {language: slips["en"] ^ has for language, has in slips.items() if has != slips["en"]} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_can_be_drawn_with_the_shipped_fonts(language: str) -> None:
    texts = [*printed_texts(PACK, language).values(), *PACK.toml("slip.toml")["texts"][language].values()]
    words = [word for text in texts for word in ([text] if isinstance(text, str) else text)]
    assert [word for word in words if legible(word, shipped_marks()) != word] == []


@pytest.mark.parametrize(("language", "direction"), [("pa", "ltr"), ("ur", "rtl"), ("as", "ltr")])
def test_a_paper_runs_in_the_direction_of_its_language(language: str, direction: str) -> None:
    assert in_two_languages(language, "en")["direction"] == direction
    place = {
        code.text.startswith("HC1:"): code.position.top_left.x
        for code in read_codes(printed(statement(), language), 150)
    }
    w3c, european = place[False], place[True]
    assert (w3c < european) == (direction == "ltr")


def test_co_wins_code_carries_the_zip_as_text_in_bytes() -> None:
    text = payloads(statement())[Format.DIVOC]
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    (found,) = zxingcpp.read_barcodes(code.to_image(scale=3), text_mode=zxingcpp.TextMode.Plain)
    assert found.text == text
    assert int(json.loads(str(found.extra).replace("'", '"'))["Version"]) <= 34


def test_a_code_too_long_is_an_error() -> None:
    with pytest.raises(ValueError, match="too long"):
        qr_svg("x" * 5000)


def test_the_appointment_slip_is_one_page_with_its_code() -> None:
    words = ["title", "number", "date", "slot", "vaccine", "dose", "centre", "people", "name", "reference", "document"]
    words += ["secret_code", "bring", "qr_alt"]
    labels = {word: word.title() for word in words}
    data = {
        **in_two_languages("en", "hi"),
        "texts": labels,
        "second": labels,
        "issuer": "Ministry",
        "number": "8F3K-22QD",
        "date": "24-11-2026",
        "slot": "09:00AM-11:00AM",
        "vaccine": "COVISHIELD",
        "dose": "1",
        "centre": {"name": "PHC Rampur Kalan", "address": "Gautam Buddha Nagar"},
        "people": [{"name": "Asha", "reference": "12345678901234", "document": "XXXX", "secret_code": "1234"}],
        "bring": ["Identity document"],
        "bring_second": ["पहचान पत्र"],
    }
    template = Path(__file__).parents[2] / "src/opencowin/scheduling/slip.typ"
    pdf = DocumentRenderer(template).render(data, {"qr": qr_code("8F3K-22QD")}, NOW)
    assert "PHC Rampur Kalan" in text_of(pdf)
    assert codes_on(pdf, 150) == {"8F3K-22QD"}
