"""Messages in the caller's language: gettext catalogues, read once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from opencowin.kit.country import Country
from opencowin.kit.errors import Refusal

ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Catalogues:
    """Translations by language code; what a catalogue lacks is answered in English."""

    by_language: Mapping[str, Mapping[str, str]]
    """A text that counts stands here by its English plural, in the language's last form."""
    plurals: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """The forms of texts that count, by their English plural, in the order of the language's categories."""

    def text(self, message: str, language: str) -> str:
        """The message (its English text is its key) in a language."""
        return self.by_language.get(language, {}).get(message) or message

    def counting(self, one: str, many: str, count: int, language: str) -> str:
        """The form of a text that a language has for this count; English has `one` and `many`."""
        forms = self.plurals.get(language, {}).get(many)
        return forms[plural_form(language, count)] if forms else one if count == 1 else many

    def refusal(self, refusal: Refusal, language: str) -> str:
        """What a refusal says, filled in: names in the language, dates as day-month-year."""
        if (count := refusal.count) is not None:
            return refusal.fill(self.counting(refusal.one, refusal.template(), count, language), language)
        return refusal.fill(self.text(refusal.template(), language), language)


@cache
def _categories(language: str) -> tuple[str, ...]:
    """A language's plural categories as catalogues order their forms: few first, `other` last."""
    known = Locale.parse(language).plural_form.tags
    return (*(one for one in ("zero", "one", "two", "few", "many") if one in known), "other")


def plural_form(language: str, count: int) -> int:
    """Which of a text's forms a language takes for a count (by the rules of Unicode's CLDR)."""
    return _categories(language).index(Locale.parse(language).plural_form(count))


def _entries(catalogue: Catalog) -> Iterator[tuple[str, str]]:
    for message in catalogue:
        if isinstance(message.id, str) and isinstance(message.string, str) and message.id and message.string:
            yield message.id, message.string
    for many, forms in _plurals(catalogue):
        yield many, forms[-1]


def _plurals(catalogue: Catalog) -> Iterator[tuple[str, tuple[str, ...]]]:
    for message in catalogue:
        if isinstance(message.id, tuple) and isinstance(message.string, tuple | list) and all(message.string):
            yield message.id[1], tuple(message.string)


@cache
def read_catalogues() -> Catalogues:
    """All catalogues that ship: `locale/<language>.po`, read once in a process."""
    texts: dict[str, Mapping[str, str]] = {}
    plurals: dict[str, Mapping[str, tuple[str, ...]]] = {}
    for file in (files("opencowin") / "locale").iterdir():
        if file.name.endswith(".po"):
            language = file.name.removesuffix(".po")
            with file.open("rb") as lines:
                catalogue = read_po(lines)
            texts[language], plurals[language] = dict(_entries(catalogue)), dict(_plurals(catalogue))
    return Catalogues(texts, plurals)


def choose_language(country: Country, wanted: str) -> str:
    """The country's language that an Accept-Language header (`hi_IN`; `hi-IN,hi;q=0.9`) wants most, else English."""
    known = {language.code for language in country.languages}
    ranked: list[tuple[float, str]] = []
    for part in wanted.split(","):
        tag, _, quality = part.strip().partition(";q=")
        code = tag.replace("_", "-").split("-")[0].strip().lower()
        if code in known:
            ranked.append((_quality(quality), code))
    return max(ranked, key=lambda pair: pair[0])[1] if ranked else ENGLISH


def _quality(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
