"""What a country pack says of the country as a whole: languages, clock, money, and how its numbers are written."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from opencowin.kit.errors import Invalid
from opencowin.kit.named import Named
from opencowin.kit.pack import CountryPack

_SEPARATORS = re.compile(r"[\s().\-\u00ad\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2066-\u2069]+")


class PackBroken(Invalid):
    """The country pack cannot be used: {problem} in {file}."""

    code = "KIT0003"


class InvalidMobile(Invalid):
    """This is not a mobile number: write it as {how_to_write}."""

    code = "KIT0004"


class InvalidPostalCode(Invalid):
    """This is not a {name}: write it as {how_to_write}."""

    code = "KIT0005"


class Direction(StrEnum):
    """Which way a language is written."""

    LEFT_TO_RIGHT = "ltr"
    RIGHT_TO_LEFT = "rtl"


@dataclass(frozen=True, slots=True)
class Language:
    """A language that the country's people read: `hi`, "Hindi", "हिन्दी", `hi_IN`, left to right."""

    code: str
    name: str
    own_name: str
    locale: str
    direction: Direction


@dataclass(frozen=True, slots=True)
class Currency:
    """The country's money."""

    code: str
    symbol: str
    decimals: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """A box in degrees around the country."""

    south: float
    west: float
    north: float
    east: float

    def contain(self, latitude: float, longitude: float) -> bool:
        """Whether the point lies in the box."""
        return self.south <= latitude <= self.north and self.west <= longitude <= self.east


@dataclass(frozen=True, slots=True)
class MobileRule:
    """How the country's mobile numbers look: nationally by `pattern`, abroad after `country_prefix`."""

    country_prefix: str
    trunk_prefix: str
    pattern: str
    how_to_write: str
    how_to_write_l: Mapping[str, str] = field(default_factory=dict)

    def normalise(self, number: str | int) -> str:
        """The national digits of a number as people write it, in any script. Raises InvalidMobile."""
        text = _SEPARATORS.sub("", _western_digits(str(number)))
        for prefix in self._prefixes(text):
            national = text.removeprefix(prefix)
            if text.startswith(prefix) and re.fullmatch(self.pattern, national, re.ASCII):
                return national
        raise InvalidMobile(field="mobile", how_to_write=Named(self.how_to_write, self.how_to_write_l))

    def international(self, national: str) -> str:
        """The number as it is dialled from abroad, for gateways."""
        return self.country_prefix + national

    def _prefixes(self, text: str) -> tuple[str, ...]:
        if text.startswith("+"):
            return (self.country_prefix,)
        bare = self.country_prefix.removeprefix("+")
        return ("", bare, "00" + bare, self.trunk_prefix)


@dataclass(frozen=True, slots=True)
class PostalCodeRule:
    """What a postal code looks like, and what it is called."""

    name: str
    pattern: str
    how_to_write: str
    name_l: Mapping[str, str] = field(default_factory=dict)
    how_to_write_l: Mapping[str, str] = field(default_factory=dict)

    def normalise(self, code: str | int) -> str:
        """The code without spaces, in Western digits and capitals. Raises InvalidPostalCode."""
        text = _SEPARATORS.sub("", _western_digits(str(code))).upper()
        if re.fullmatch(self.pattern, text, re.ASCII):
            return text
        hint = Named(self.how_to_write, self.how_to_write_l)
        raise InvalidPostalCode(field="pin_code", name=Named(self.name, self.name_l), how_to_write=hint)


@dataclass(frozen=True, slots=True)
class HelpDesk:
    """Whom people call, and the law by which they complain about their data."""

    helpline: str = ""
    emergency: str = ""
    data_protection_law: str = ""


@dataclass(frozen=True, slots=True)
class LargeNumber:
    """A number that the country counts in, with its word by language: so many crore, so many million."""

    amount: int
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Country:
    """One country, as its pack's `country.toml` describes it."""

    name: str
    names: Mapping[str, str]
    code: str
    code3: str
    numeric_code: str
    zone: ZoneInfo
    date_format: str
    number_format: str
    bounds: Bounds
    currency: Currency
    mobile: MobileRule
    postal_code: PostalCodeRule
    nationality: Mapping[str, str]
    languages: tuple[Language, ...]
    default_language: str
    help: HelpDesk = HelpDesk()
    large_numbers: tuple[LargeNumber, ...] = ()
    """The largest first."""

    def normalise_mobile(self, number: str | int) -> str:
        """The national digits of a mobile number. Raises InvalidMobile."""
        return self.mobile.normalise(number)

    def language(self, tag: str) -> Language | None:
        """The language of a code, a locale or a tag (`hi`, `hi_IN`, `hi-IN`); None if the country does not list it."""
        code = re.split("[-_]", tag.strip().lower(), maxsplit=1)[0]
        return next((language for language in self.languages if language.code == code), None)


def read_country(pack: CountryPack) -> Country:
    """The country that the pack describes. Raises PackBroken, which names what is missing or wrong."""
    try:
        return _parse(pack.toml("country.toml"))
    except KeyError as missing:
        raise PackBroken(problem=f"{missing.args[0]!r} is missing", file="country.toml") from missing
    except (TypeError, ValueError, re.error, ZoneInfoNotFoundError) as wrong:
        raise PackBroken(problem=str(wrong), file="country.toml") from wrong


def _parse(said: dict[str, Any]) -> Country:
    languages = tuple(
        Language(one["code"], one["name"], one["own_name"], one["locale"], Direction(one["direction"]))
        for one in said["language"]
    )
    if said["default_language"] not in {language.code for language in languages}:
        raise ValueError(f"default_language {said['default_language']!r} is not among the languages")
    for rule in ("mobile", "postal_code"):
        re.compile(said[rule]["pattern"])
    return Country(
        name=said["name"],
        names={said["default_language"]: said["name"], **said["names"]},
        code=said["code"],
        code3=said["code3"],
        numeric_code=said["numeric_code"],
        zone=ZoneInfo(said["time_zone"]),
        date_format=said["date_format"],
        number_format=said.get("number_format", "#,##0"),
        bounds=Bounds(**said["bounds"]),
        currency=Currency(**said["currency"]),
        mobile=MobileRule(**said["mobile"]),
        postal_code=PostalCodeRule(**said["postal_code"]),
        nationality=dict(said["nationality"]),
        languages=languages,
        default_language=said["default_language"],
        help=HelpDesk(**said.get("help", {})),
        large_numbers=_large_numbers(said.get("large_number", [])),
    )


def _large_numbers(said: Sequence[Mapping[str, Any]]) -> tuple[LargeNumber, ...]:
    numbers = (LargeNumber(int(one["amount"]), dict(one["words"])) for one in said)
    return tuple(sorted(numbers, key=lambda one: -one.amount))


def _western_digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in text)
