"""Renders pages: one set of templates, the reader's language and way of writing numbers, and strict headers."""

import hashlib
from datetime import date, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from opencowin.kit.country import Country, Language
from opencowin.kit.i18n import ENGLISH
from opencowin.web.site import language_of, site_of

SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Vary": "Accept-Language",
}
HTML_OUT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}
"""What a route that answers a page says of it in the API's description."""
STYLE = (files("opencowin.web.pages") / "site.css").read_bytes()
STYLE_MARK = hashlib.sha256(STYLE).hexdigest()[:12]


@lru_cache(maxsize=1)
def templates() -> Environment:
    """The templates; an unknown name in one is an error."""
    return Environment(
        loader=PackageLoader("opencowin.web.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )


class Reader:
    """Who reads a page: the language, and what texts, numbers and dates are in it."""

    def __init__(self, request: Request) -> None:
        site = site_of(request)
        self._request, self._catalogues, self._country = request, site.catalogues, site.floor.country
        self.demo = site.floor.settings.demo
        self.language = self._choose()
        self.locale = _locale(self._country, self.language)

    @property
    def offered(self) -> list[Language]:
        """The country's languages that pages are translated into."""
        written = {ENGLISH, *self._catalogues.by_language}
        return [language for language in self._country.languages if language.code in written]

    @property
    def country(self) -> str:
        """The country's name."""
        return self._country.names.get(self.language.code) or self._country.name

    def text(self, message: str, **values: object) -> str:
        """A text of the catalogue, its placeholders filled in."""
        return self._catalogues.text(message, self.language.code).format(**values)

    def number(self, amount: int) -> str:
        """A count, grouped as the country groups its digits."""
        return str(format_decimal(amount, format=self._country.number_format, locale=self.locale))

    def day(self, day: date, form: str = "long") -> str:
        """A date in words."""
        return str(format_date(day, form, locale=self.locale))

    def instant(self, at: datetime) -> str:
        """A day and time of day, on the country's clock."""
        return f"{format_date(at, 'long', locale=self.locale)}, {format_time(at.timetz(), 'short', locale=self.locale)}"

    def link(self, path: str, **query: object) -> str:
        """A link that keeps a language which was chosen by hand; None leaves a parameter out."""
        if "lang" in self._request.query_params:
            query["lang"] = self.language.code
        given = {name: value for name, value in query.items() if value is not None}
        return path + (f"?{urlencode(given)}" if given else "")

    def here_in(self, language: Language) -> str:
        """This page in another language."""
        return str(self._request.url.include_query_params(lang=language.code).replace(scheme="", netloc=""))

    def _choose(self) -> Language:
        offered = {language.code: language for language in self.offered}
        asked = self._request.query_params.get("lang", "")
        code = asked if asked in offered else language_of(self._request)
        return offered.get(code) or offered[ENGLISH]


def page(reader: Reader, template: str, status: int = 200, **data: object) -> Response:
    """A page of this template for this reader."""
    html = (
        templates()
        .get_template(template)
        .render(reader=reader, _=reader.text, style_mark=STYLE_MARK, demo=reader.demo, **data)
    )
    return HTMLResponse(html, status, {**SAFE, "Content-Language": reader.language.code})


def _locale(country: Country, language: Language) -> Locale:
    try:
        return Locale.parse(f"{language.code}_{country.code}")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(language.code)
