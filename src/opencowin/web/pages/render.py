"""Renders pages: one set of templates, the reader's language and way of writing numbers, and strict headers."""

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_currency, format_decimal
from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from opencowin.kit.country import Country, Direction, HelpDesk, Language
from opencowin.kit.errors import Refusal
from opencowin.kit.i18n import ENGLISH
from opencowin.web.pages import visits
from opencowin.web.pages.assets import asset_link
from opencowin.web.site import language_of, site_of

OWN_FILES = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'"
SAFE = {
    "Content-Security-Policy": f"{OWN_FILES}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Vary": "Accept-Language",
}
SCRIPTED = "script-src 'self'; connect-src 'self'"
NO_BREAK = "\N{NO-BREAK SPACE}"
TO = f"{NO_BREAK}\N{EN DASH}\N{WORD JOINER}{NO_BREAK}"
ISOLATED = "\u2066{}\u2069"
"""Left-to-right isolate, pop: Unicode's words for a run with a direction of its own."""
HTML_OUT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}
"""What a route that answers a page says of it in the API's description."""


@lru_cache(maxsize=1)
def templates() -> Environment:
    """The templates; an unknown name in one is an error."""
    return Environment(
        loader=ChoiceLoader(
            [
                PackageLoader("opencowin.web.pages"),
                PrefixLoader(
                    {
                        "console": PackageLoader("opencowin.web.console"),
                        "centre": PackageLoader("opencowin.web.centre_app"),
                    }
                ),
            ]
        ),
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
        self.request = request
        self._catalogues, self._country = site.catalogues, site.floor.country
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

    @property
    def help(self) -> HelpDesk:
        """Whom people call."""
        return self._country.help

    def text(self, message: str, **values: object) -> str:
        """A text of the catalogue, its placeholders filled in; markup, as `name` gives it, stays markup."""
        text = self._catalogues.text(message, self.language.code)
        marked = any(isinstance(value, Markup) for value in values.values())
        return (escape(text) if marked else text).format(**values)

    def counting(self, one: str, many: str, count: int, **values: object) -> str:
        """A text that counts, in the form that the language has for this count; `{count}` in it is the count."""
        text = self._catalogues.counting(one, many, count, self.language.code)
        return text.format(count=self.number(count), **values)

    def foreign(self, name: str) -> Markup:
        """The attributes of what a name stands in: those of English where the page is not and the name is."""
        own = self.language.code == ENGLISH or not name.isascii()
        return Markup("" if own else ' lang="en" dir="ltr"')  # noqa: S704 (nothing in it is anybody's)

    def name(self, name: str) -> Markup:
        """A proper name, marked for voices and fonts where it is known in English only."""
        attributes = self.foreign(name)
        return Markup("<span{}>{}</span>").format(attributes, name) if attributes else Markup("{}").format(name)

    def refusal(self, refusal: Refusal) -> str:
        """What a refusal says, filled in."""
        return self._catalogues.refusal(refusal, self.language.code)

    @property
    def signed_in(self) -> bool:
        """Whether somebody is signed in."""
        return visits.visit_of(self.request).signed_in

    @property
    def signed_in_until(self) -> str:
        """The time of day at which the visit ends unless another page is opened."""
        return self.clock_time(visits.ends_at(self.request).timetz())

    @property
    def seconds_left(self) -> int:
        """Seconds until the visit ends unless another page is opened."""
        return visits.seconds_left(self.request)

    @property
    def chosen_by_hand(self) -> bool:
        """Whether the address names the language, so that the next address must name it too."""
        return "lang" in self.request.query_params

    def form_token(self) -> str:
        """What a form carries to show that it is ours."""
        return visits.form_token(self.request)

    def clock_time(self, at: time) -> str:
        """A time of day on one line; among words that run from right to left its own parts keep their order."""
        return self._whole(str(format_time(at, "short", locale=self.locale)))

    def span(self, begins: time, ends: time) -> str:
        """From one time of day to another, on one line."""
        return f"{self.clock_time(begins)}{TO}{self.clock_time(ends)}"

    def weekday(self, day: date) -> str:
        """A day of the coming weeks: weekday, day and month."""
        return str(format_skeleton("MMMEd", day, locale=self.locale))

    def decimal(self, amount: float) -> str:
        """A measure with one decimal at most."""
        return str(format_decimal(amount, format="#,##0.#", locale=self.locale))

    def money(self, amount: Decimal) -> str:
        """A price in the country's currency, as `clock_time` keeps it whole; without fractions that are nothing."""
        form, exact = f"\N{CURRENCY SIGN}{self._country.number_format}", amount != amount.to_integral_value()
        return self._whole(
            str(
                format_currency(
                    amount,
                    self._country.currency.code,
                    format=f"{form}.00" if exact else form,
                    locale=self.locale,
                    currency_digits=False,
                )
            )
        )

    def number(self, amount: int) -> str:
        """A count, grouped as the country groups its digits."""
        return str(format_decimal(amount, format=self._country.number_format, locale=self.locale))

    def local(self, at: datetime) -> datetime:
        """An instant on the country's clock."""
        return site_of(self.request).floor.clock.local(at)

    def short(self, amount: int) -> str:
        """A count in the country's large numbers, to three figures: 21.1 crore, 3.5 lakh, 48,000."""
        for large in self._country.large_numbers:
            if amount >= large.amount and (word := large.words.get(self.language.code)):
                share = Decimal(amount) / large.amount
                digits = max(0, 2 - share.adjusted())
                form = f"{self._country.number_format}.{'#' * digits}"
                return f"{format_decimal(share, format=form, locale=self.locale)}{NO_BREAK}{word}"
        return self.number(amount)

    def day(self, day: date, form: str = "long") -> str:
        """A date in words."""
        return str(format_date(day, form, locale=self.locale))

    def instant(self, at: datetime) -> str:
        """A day and time of day, on the country's clock."""
        return f"{format_date(at, 'long', locale=self.locale)}, {self.clock_time(at.timetz())}"

    def link(self, path: str, **query: object) -> str:
        """A link that keeps a language which was chosen by hand; None leaves a parameter out."""
        if "lang" in self.request.query_params:
            query["lang"] = self.language.code
        given = {name: value for name, value in query.items() if value is not None}
        return path + (f"?{urlencode(given)}" if given else "")

    def here_in(self, language: Language) -> str:
        """This page in another language."""
        return str(self.request.url.include_query_params(lang=language.code).replace(scheme="", netloc=""))

    def _whole(self, text: str) -> str:
        """The text on one line, its parts in their order also among words that run from right to left."""
        text = text.replace(" ", NO_BREAK)
        return text if self.language.direction is Direction.LEFT_TO_RIGHT else ISOLATED.format(text)

    def _choose(self) -> Language:
        offered = {language.code: language for language in self.offered}
        asked = self.request.query_params.get("lang", "")
        code = asked if asked in offered else language_of(self.request)
        return offered.get(code) or offered[ENGLISH]


def page(
    reader: Reader,
    template: str,
    status: int = 200,
    *,
    scripts: tuple[str, ...] = (),
    policy: str = SCRIPTED,
    **data: object,
) -> Response:
    """A page of this template for this reader; it may run our own scripts of these names, and no others.

    `policy` is what a page with scripts may do beyond what every page may.
    """
    wanted = (*scripts, "visit.js") if reader.signed_in else scripts
    html = html_of(reader, template, layout="page.html", scripts=[asset_link(name) for name in wanted], **data)
    answer = HTMLResponse(html, status, {**SAFE, "Content-Language": reader.language.code})
    if wanted:
        answer.headers["Content-Security-Policy"] = f"{SAFE['Content-Security-Policy']}; {policy}"
    return visits.keep(reader.request, answer)


def framed_page(reader: Reader, template: str, status: int = 200, *, sites: Sequence[str], **data: object) -> Response:
    """A page that other sites show in a frame; without sites named, any. It runs no script and knows of no visit."""
    html = html_of(reader, template, layout="framed.html", scripts=(), **data)
    policy = f"{OWN_FILES}; frame-ancestors {' '.join(sites) or '*'}"
    return HTMLResponse(
        html, status, {**SAFE, "Content-Language": reader.language.code, "Content-Security-Policy": policy}
    )


def html_of(reader: Reader, template: str, **data: object) -> str:
    """The page that a template makes for a reader."""
    frame = {
        "reader": reader,
        "_": reader.text,
        "ngettext": reader.counting,
        "demo": reader.demo,
        "asset": asset_link,
    }
    return templates().get_template(template).render(**frame, **data)


def _locale(country: Country, language: Language) -> Locale:
    try:
        return Locale.parse(f"{language.code}_{country.code}")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(language.code)
