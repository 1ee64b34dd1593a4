"""The printed certificate: what it states, in two languages, beside its QR codes; as a PDF or as a picture."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from opencowin.certificates.checks import signable
from opencowin.certificates.model import CertificateStatement, DoseStatement, Facility, Format, IssuerProfile
from opencowin.certificates.profile import languages, printed_texts, read_branding, read_profile
from opencowin.kit.documents import DocumentRenderer, in_two_languages
from opencowin.kit.pack import CountryPack
from opencowin.kit.qr import Code, qr_code, qr_png, qr_svg
from opencowin.registry import Gender, genders

TEMPLATE = Path(__file__).with_name("certificate.typ")
LEVELS: Mapping[Format, str] = MappingProxyType(
    {
        Format.DIVOC: "M",
        Format.EU_DCC: "Q",
        Format.WHO_DDCC: "Q",
        Format.SMART_HEALTH_CARD: "L",
        Format.ICAO_VDS_NC: "L",
    }
)
"""Error correction: as much as the size on the page allows."""


@lru_cache(maxsize=1)
def _renderer() -> DocumentRenderer:
    return DocumentRenderer(TEMPLATE)


class Paper(StrEnum):
    """As what a page is drawn."""

    PDF = "pdf"
    PNG = "png"


def render_certificate(
    pack: CountryPack,
    statement: CertificateStatement,
    payloads: Mapping[Format, str],
    language: str,
    paper: Paper = Paper.PDF,
) -> bytes:
    """The certificate as one A4 page, PDF or picture, labelled in this language and, smaller, in a second one."""
    tidy = signable(statement)
    main, second = languages(pack, language)
    labels = {"texts": printed_texts(pack, main), "second": printed_texts(pack, second)}
    look = read_branding(pack)
    sexes = {one.name: _in_both(one, main, second) for one in genders(pack)}
    shown = replace(tidy, sex=sexes.get(tidy.sex, tidy.sex))
    data = certificate_data(shown, payloads, read_profile(pack)) | labels | in_two_languages(main, second)
    data |= {"ink": look.ink}
    pictures: dict[str, str | Code] = {form.value: qr_code(text, LEVELS[form]) for form, text in payloads.items()}
    if look.logo:
        pictures["logo"] = look.logo
    if paper is Paper.PNG:
        return _renderer().picture(data, pictures)
    return _renderer().render(data, pictures, tidy.issued_at)


def _in_both(thing: Gender, main: str, second: str) -> str:
    ours, other = (thing.names.get(language, thing.name) for language in (main, second))
    return ours if ours == other else f"{ours} ({other})"


def code_svg(form: Format, text: str) -> str:
    """A form's QR code as SVG."""
    return qr_svg(text, LEVELS[form])


def code_png(form: Format, text: str) -> bytes:
    """A form's QR code as PNG."""
    return qr_png(text, LEVELS[form])


def certificate_data(
    statement: CertificateStatement, payloads: Mapping[Format, str], profile: IssuerProfile
) -> dict[str, object]:
    """What the template shows, as text: dates are written day-month-year."""
    return {
        "certificate_id": statement.certificate_id,
        "stage": statement.stage.value,
        "issuer": profile.name,
        "verify_url": profile.info_url,
        "issued_on": _day(statement.issued_at.date()),
        "facts": _facts(statement),
        "doses": [_dose(dose) for dose in statement.doses],
        "codes": [form.value for form in payloads],
    }


def _facts(statement: CertificateStatement) -> list[dict[str, str]]:
    born = _day(statement.birth_date) if statement.birth_date else str(statement.birth_year)
    facts = {
        "name": statement.name,
        "born": born,
        "sex": statement.sex,
        "identity": statement.identity,
        "travel_document": statement.travel_document,
        "reference": statement.beneficiary_reference,
        "certificate_id": statement.certificate_id,
    }
    return [{"label": label, "value": value} for label, value in facts.items() if value]


def _dose(dose: DoseStatement) -> dict[str, str]:
    return {
        "number": str(dose.number),
        "total": str(dose.total),
        "given_on": _day(dose.given_on),
        "vaccine": dose.vaccine.name,
        "manufacturer": dose.vaccine.manufacturer,
        "batch": dose.batch,
        "facility": _place(dose.facility),
        "vaccinator": dose.vaccinator,
    }


def _place(facility: Facility) -> str:
    parts = (facility.name, facility.district, facility.state, facility.postal_code)
    return ", ".join(part for part in parts if part)


def _day(day: date) -> str:
    return day.strftime("%d-%m-%Y")
