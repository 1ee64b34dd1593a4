"""The printed page as an archive and a screen reader need it: what PDF/A-2a and PDF/UA-1 ask, read by another library.

The checks are those that a mistake of the template could break; what the compiler itself guarantees it refuses to
compile without.
"""

import io
from collections.abc import Iterator
from typing import Any

import pikepdf
import pytest

from opencowin.certificates.model import Format
from opencowin.certificates.pdf import render_certificate
from opencowin.certificates.signing import SIGNERS
from tests.certificates.made import PACK, dose, issuer, statement


def opened(language: str) -> pikepdf.Pdf:
    what = statement(doses=(dose(1), dose(2)))
    texts = {form: SIGNERS[form](what, issuer()).text for form in (Format.DIVOC, Format.EU_DCC)}
    return pikepdf.open(io.BytesIO(render_certificate(PACK, what, texts, language)))


def nodes(node: Any) -> Iterator[Any]:
    """Every element of the structure tree beneath this one."""
    below = node.get("/K", [])
    for one in below if isinstance(below, pikepdf.Array) else [below]:
        if isinstance(one, pikepdf.Dictionary) and "/S" in one:
            yield one
            yield from nodes(one)


def fonts(pdf: pikepdf.Pdf) -> Iterator[Any]:
    for one in pdf.objects:
        if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/FontDescriptor":
            yield one


@pytest.mark.parametrize("language", ["hi", "ta", "ur"])
def test_a_page_says_which_standards_it_keeps_and_keeps_them(language: str) -> None:
    with opened(language) as pdf:
        assert pdf.check_pdf_syntax() == []
        with pdf.open_metadata() as said:
            assert (said["pdfaid:part"], said["pdfaid:conformance"], said["pdfuaid:part"]) == ("2", "A", "1")
            assert said["dc:title"]
        root = pdf.Root
        assert str(root.Lang) == language
        assert root.MarkInfo.Marked
        assert root.ViewerPreferences.DisplayDocTitle
        assert [str(one.S) for one in root.OutputIntents] == ["/GTS_PDFA1"]
        assert not pdf.is_encrypted
        embedded = [[key for key in ("/FontFile", "/FontFile2", "/FontFile3") if key in font] for font in fonts(pdf)]
        assert embedded
        assert all(embedded)


def test_what_is_tagged_says_what_it_is() -> None:
    with opened("hi") as pdf:
        tagged = list(nodes(pdf.Root.StructTreeRoot))
        kinds = [str(one.S) for one in tagged]
        assert kinds.count("/H1") == 1
        figures = [one for one in tagged if one.S == "/Figure"]
        assert len(figures) == 2  # the logo says nothing that the issuer's name does not
        assert all(str(one.Alt) for one in figures)
        tables = [one for one in tagged if one.S == "/Table"]
        assert tables
        assert all(any(inner.S == "/TH" for inner in nodes(table)) for table in tables)
