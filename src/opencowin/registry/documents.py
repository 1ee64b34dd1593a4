"""Identity documents: which types a country accepts, how a number is checked, made comparable, and masked."""

import importlib
import pkgutil
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import stdnum
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from stdnum.exceptions import ValidationError as NumberRefused

from opencowin.kit.country import PackBroken
from opencowin.kit.errors import Invalid
from opencowin.kit.named import Named, listed
from opencowin.kit.pack import CountryPack

DOCUMENTS_FILE = "identity_documents.toml"
LONGEST_NUMBER = 40
_SEPARATORS = re.compile(r"[\s.\-\u00ad\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060-\u2069\u2212\ufeff]+")
_MODULE = re.compile(r"(stdnum(?:\.[a-z]{2}_?)?)\.([a-z0-9_]+)")


class UnknownDocumentType(Invalid):
    """This type of identity document is not accepted. Choose one of: {choices}."""

    code = "BENREG0020"


class DocumentNumberMissing(Invalid):
    """Write the number of the {document}: {how_to_write}."""

    code = "BENREG0021"


class DocumentNumberInvalid(Invalid):
    """This is not a number of a {document}. Check it on the document and write {how_to_write}."""

    code = "BENREG0022"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentType:
    """A type of identity document, as the country pack describes it."""

    id: int
    name: str
    name_l: Mapping[str, str] = field(default_factory=dict)
    doc_type: str | None = None
    flag: int = 1
    how_to_write: str
    how_to_write_l: Mapping[str, str] = field(default_factory=dict)
    check: str | None = None
    """The python-stdnum module that checks the number, such as `stdnum.xx.name`; or else `pattern`."""
    pattern: str | None = None
    partial: str | None = None
    """The form of a number that shows only a part; accepted, but two persons may share it."""
    unique: bool = True
    """Whether one number belongs to one person: then it registers once."""
    also_ignore: str = ""
    """Characters besides spaces, hyphens and dots that do not count in the number."""
    show_last: int = 4
    offered: bool = True
    """Whether people may choose it; a pseudonym that only a provider of national IDs can give is not offered."""
    travel: bool = False
    """Whether it is shown at borders: certificates for travel may then state its number."""

    @property
    def named(self) -> Named:
        """The type as a text names it."""
        return Named(self.name, self.name_l)


@dataclass(frozen=True, slots=True)
class AcceptedDocument:
    """A number that passed its check: comparable, and masked for answers. Only a unique one identifies a person."""

    type_id: int
    normalised: str
    masked: str
    is_unique: bool


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    document: tuple[DocumentType, ...]


_FILE = TypeAdapter(_File)
_Check = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class DocumentTypes:
    """The identity documents that a country accepts, each with its check."""

    types: Mapping[int, DocumentType]
    _checks: Mapping[int, _Check]

    @classmethod
    def parse(cls, pack: CountryPack) -> Self:
        """The document types of this country pack. Raises PackBroken with what is wrong."""
        types = _read(pack)
        problems = [problem for kind in types for problem in _problems(kind)]
        ids = [kind.id for kind in types]
        problems += [f"document id {number} is used twice" for number in sorted({n for n in ids if ids.count(n) > 1})]
        if problems:
            raise PackBroken(file=DOCUMENTS_FILE, problem="; ".join(problems))
        return cls({kind.id: kind for kind in types}, {kind.id: _check_of(kind) for kind in types})

    def all(self) -> tuple[DocumentType, ...]:
        """Every type that people may choose, in the order of the pack."""
        return tuple(kind for kind in self.types.values() if kind.offered)

    def get(self, type_id: int) -> DocumentType:
        """The type with this id. Raises UnknownDocumentType."""
        if type_id not in self.types:
            choices = listed(kind.named for kind in self.all())
            raise UnknownDocumentType(field="photo_id_type", type_id=type_id, choices=choices)
        return self.types[type_id]

    def accept(self, type_id: int, number: str) -> AcceptedDocument:
        """The document of this type with this number, as people write it, in any script.

        Raises UnknownDocumentType, DocumentNumberMissing, DocumentNumberInvalid.
        """
        kind = self.get(type_id)
        hint = {"document": kind.named, "how_to_write": Named(kind.how_to_write, kind.how_to_write_l)}
        written = comparable(number, kind.also_ignore) if len(number) <= LONGEST_NUMBER else ""
        if not number.strip():
            raise DocumentNumberMissing(field="photo_id_number", **hint)
        if written and kind.partial and re.fullmatch(kind.partial, written, re.ASCII):
            return AcceptedDocument(type_id, written, mask(written, kind.show_last), is_unique=False)
        normalised = self._checks[type_id](written) if written else None
        if normalised is None:
            raise DocumentNumberInvalid(field="photo_id_number", **hint)
        return AcceptedDocument(type_id, normalised, mask(normalised, kind.show_last), is_unique=kind.unique)


def comparable(number: str, also_ignore: str = "") -> str:
    """A number without separators, in capitals, its digits Western, whatever script or width they were typed in."""
    text = _SEPARATORS.sub("", unicodedata.normalize("NFKC", number))
    digits = (str(unicodedata.decimal(letter, letter)) for letter in text if letter not in also_ignore)
    return "".join(digits).upper()


def mask(number: str, show_last: int) -> str:
    """The number with X for all but its last characters; at least half of it is always hidden."""
    shown = min(show_last, len(number) // 2)
    hidden = len(number) - shown
    return "X" * hidden + number[hidden:]


def _read(pack: CountryPack) -> tuple[DocumentType, ...]:
    try:
        tables: dict[str, Any] = pack.toml(DOCUMENTS_FILE)
        return _FILE.validate_python(tables).document
    except FileNotFoundError:
        raise PackBroken(file=DOCUMENTS_FILE, problem="the file is missing") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise PackBroken(file=DOCUMENTS_FILE, problem=str(fault)) from None
    except ValidationError as fault:
        found = (f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in fault.errors(include_url=False))
        raise PackBroken(file=DOCUMENTS_FILE, problem="; ".join(found)) from None


def _problems(kind: DocumentType) -> Iterator[str]:
    if (kind.check is None) == (kind.pattern is None):
        yield f"document {kind.id}: give either check or pattern"
    if kind.check is not None and not _is_number_module(kind.check):
        yield f"document {kind.id}.check: python-stdnum has no module {kind.check}"
    for key, pattern in (("pattern", kind.pattern), ("partial", kind.partial)):
        try:
            re.compile(pattern or "")
        except re.error as fault:
            yield f"document {kind.id}.{key}: {fault}"
    if kind.show_last < 0:
        yield f"document {kind.id}.show_last: must be 0 or more"


def _is_number_module(name: str) -> bool:
    """Whether this names a number format of python-stdnum: a pack can name those, and nothing else, to be imported."""
    match = _MODULE.fullmatch(name)
    if match is None:
        return False
    package, module = match.groups()
    path = list(stdnum.__path__)
    if package != "stdnum":
        country = package.removeprefix("stdnum.")
        path = [f"{folder}/{country}" for folder in path]
    if module not in {found.name for found in pkgutil.iter_modules(path) if not found.ispkg}:
        return False
    return callable(getattr(importlib.import_module(name), "validate", None))


def _check_of(kind: DocumentType) -> _Check:
    """What turns a comparable number into its normal form, or into None when it is not one."""
    if kind.check is None:
        pattern = re.compile(kind.pattern or "", re.ASCII)
        return lambda number: number if pattern.fullmatch(number) else None
    validate: Callable[[str], str] = importlib.import_module(kind.check).validate

    def checked(number: str) -> str | None:
        try:
            return validate(number)
        except NumberRefused:
            return None

    return checked
