"""Messages in the caller's language: gettext catalogues, read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from opencowin.kit.country import Country
from opencowin.kit.errors import Refusal

ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Catalogues:
    """Translations by language code; what a catalogue lacks is answered in English."""

    by_language: Mapping[str, Mapping[str, str]]

    def text(self, message: str, language: str) -> str:
        """The message (its English text is its key) in a language."""
        return self.by_language.get(language, {}).get(message) or message

    def refusal(self, refusal: Refusal, language: str) -> str:
        """What a refusal says, filled in: names in the language, dates as day-month-year."""
        return refusal.fill(self.text(refusal.template(), language), language)


def _entries(catalogue: Catalog) -> dict[str, str]:
    return {
        message.id: message.string
        for message in catalogue
        if isinstance(message.id, str) and isinstance(message.string, str) and message.id and message.string
    }


def read_catalogues() -> Catalogues:
    """All catalogues that ship: `locale/<language>.po`."""
    found: dict[str, Mapping[str, str]] = {}
    for file in (files("opencowin") / "locale").iterdir():
        if file.name.endswith(".po"):
            with file.open("rb") as lines:
                found[file.name.removesuffix(".po")] = _entries(read_po(lines))
    return Catalogues(found)


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
