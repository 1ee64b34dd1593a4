"""Claims as facts: what a provider tells of a person, in the registry's words. Pure."""

import base64
from dataclasses import dataclass
from datetime import date, datetime

from opencowin.identity import Provider
from opencowin.kit.floor import Floor
from opencowin.registry import InvalidName, Proof, clean_name
from opencowin.web.national_id.tokens import Claims, subject_of

PSEUDONYM = "national_id.pseudonym"
"""Purpose of the keyed hash that stands for a person whose number the provider keeps to itself."""
PSEUDONYM_LETTERS = 20


@dataclass(frozen=True, slots=True)
class Told:
    """What a sign-in brings: the subject, the number it proves, and the person."""

    subject: str
    mobile: str | None
    proof: Proof


def told(floor: Floor, provider: Provider, claims: Claims) -> Told:
    """The facts among checked claims; what is missing or cannot be read is left empty."""
    names, subject = provider.claims, subject_of(claims)
    born = _text(claims, names.birth_date)
    document_type, number = _document(floor, provider, claims, subject)
    birth_date, birth_year = _birth(provider, born)
    return Told(
        subject=subject,
        mobile=_text(claims, names.mobile) or None if claims.get(names.mobile_verified) is True else None,
        proof=Proof(
            provider=provider.id,
            document_type_id=document_type,
            document_number=number,
            name=_name(_text(claims, names.name)),
            birth_year=birth_year,
            birth_date=birth_date,
            gender_id={word.casefold(): one for word, one in provider.genders.items()}.get(
                _text(claims, names.gender).casefold()
            ),
        ),
    )


def _text(claims: Claims, name: str | None) -> str:
    """A claim's text; one that comes in several languages (`name#hi`) gives the first."""
    if name is None:
        return ""
    given = claims.get(name)
    if given is None:
        given = next((value for key, value in claims.items() if key.startswith(f"{name}#")), "")
    return given.strip() if isinstance(given, str) else ""


def _name(text: str) -> str:
    try:
        return clean_name(text)
    except InvalidName:
        return ""


def _birth(provider: Provider, text: str) -> tuple[date | None, int | None]:
    """The date and the year; OpenID Connect lets a provider tell the year alone."""
    if len(text) == 4 and text.isascii() and text.isdecimal():
        return None, int(text)
    try:
        born = datetime.strptime(text, provider.birth_date_format).date()  # noqa: DTZ007  a date has no zone
    except ValueError:
        return None, None
    return born, born.year


def _document(floor: Floor, provider: Provider, claims: Claims, subject: str) -> tuple[int | None, str]:
    """The type and number of the identity document, or the pseudonym that stands for one."""
    number, kind = _text(claims, provider.claims.document_number), _text(claims, provider.claims.document_kind)
    document = provider.documents.get(kind, provider.document)
    if number and Proof(provider.id, document, number).document(floor):
        return document, number
    if provider.pseudonym_document is None:
        return None, ""
    digest = floor.keyring.index(f"{provider.issuer}\x00{subject}", PSEUDONYM)
    return provider.pseudonym_document, base64.b32encode(digest).decode()[:PSEUDONYM_LETTERS]
