"""The Co-WIN API's manners of writing: dates as DD-MM-YYYY, loose numbers, names in a second language."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from starlette.responses import Response

from opencowin.kit.errors import Invalid

DATE = re.compile(
    r"(?P<day>\d{1,2})(?P<between>[^0-9A-Za-z\s])(?P<month>\d{1,2})(?P=between)(?P<year>\d{4}|\d{2})", re.ASCII
)
REFERENCE = re.compile(r"\d{13,14}", re.ASCII)


class InvalidDate(Invalid):
    """Invalid date: write it as DD-MM-YYYY."""

    code = "USRRES0002"


class InvalidReference(Invalid):
    """Invalid beneficiary reference id: it has 14 digits."""

    code = "USRRES0003"


def parse_date(text: str, field: str = "date") -> date:
    """A date written DD-MM-YYYY, D-M-YYYY or DD-MM-YY, with any one mark between. Raises InvalidDate."""
    match = DATE.fullmatch(text.strip())
    if match is None:
        raise InvalidDate(field=field)
    year = int(match["year"]) + (2000 if len(match["year"]) == 2 else 0)
    try:
        return date(year, int(match["month"]), int(match["day"]))
    except ValueError as wrong:
        raise InvalidDate(field=field) from wrong


def write_date(day: date | None) -> str:
    """A date as DD-MM-YYYY; an absent one as ""."""
    return "" if day is None else day.strftime("%d-%m-%Y")


def parse_reference(text: str) -> int:
    """A beneficiary reference id. Raises InvalidReference."""
    if REFERENCE.fullmatch(text.strip()) is None:
        raise InvalidReference(field="beneficiary_reference_id")
    return int(text)


def _as_text(value: object) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int) else value


def _no_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain NUL")
    return value


PlainText = Annotated[str, AfterValidator(_no_nul)]
"""Text that the database can keep."""

LooseText = Annotated[
    str,
    BeforeValidator(_as_text, json_schema_input_type=str | int | float),
    AfterValidator(_no_nul),
]
"""Text that clients also send as a JSON number, some of them as 2.0."""


class Body(BaseModel):
    """A request body: unknown keys are ignored, as Co-WIN did."""

    model_config = ConfigDict(extra="ignore", str_max_length=2000)


class Answer(BaseModel):
    """An answer; names in a second language (`*_l`) stand beside the English ones when one was asked for."""

    model_config = ConfigDict(extra="allow")


PDF = "application/pdf"
PDF_OUT: dict[int | str, dict[str, Any]] = {200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}}


def pdf_response(pdf: bytes) -> Response:
    """A PDF that no cache may keep; without charset, which some clients trip over."""
    return Response(pdf, media_type=PDF, headers={"Cache-Control": "no-store"})


TTL = Field(24, description="Hours for which the answer may be kept.")


def in_language(key: str, names: Mapping[str, str], english: str, language: str) -> dict[str, str]:
    """`{key_l: name}` in the caller's language, or nothing for English."""
    return {} if language == "en" else {f"{key}_l": names.get(language, english)}
