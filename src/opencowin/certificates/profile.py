"""What a country pack says about certificates: the issuer's words, the printed texts, the vaccines' codes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from opencowin.certificates.issuers import ALGORITHMS
from opencowin.certificates.model import Format, IssuerProfile, VaccineCodes
from opencowin.certificates.signers import Algorithm
from opencowin.kit.country import PackBroken, read_country
from opencowin.kit.pack import CountryPack, two_languages

FILE = "certificate.toml"
INK = "#1b2a41"
COLOUR = re.compile("#[0-9a-fA-F]{6}")


@lru_cache(maxsize=8)
def _read(pack: CountryPack) -> dict[str, Any]:
    return pack.toml(FILE)


@lru_cache(maxsize=8)
def read_profile(pack: CountryPack, address: str = "") -> IssuerProfile:
    """The issuer that the pack describes, at this address. Raises KeyError or TypeError where it lacks a value."""
    said, code = _read(pack), read_country(pack).code3
    return IssuerProfile(**said["issuer"], country_code_3=code, sexes=said["sexes"], address=address)


def read_algorithms(pack: CountryPack) -> dict[Format, Algorithm]:
    """How new keys of each format sign: as the pack chooses, else as is usual. Raises PackBroken."""
    chosen: Mapping[str, str] = _read(pack).get("algorithms", {})
    usual = {form: allowed[0] for form, allowed in ALGORITHMS.items()}
    try:
        return usual | {Format(form): _allowed(Format(form), name) for form, name in chosen.items()}
    except ValueError as odd:
        raise PackBroken(file=FILE, problem=f"algorithms: {odd}") from odd


def _allowed(form: Format, name: str) -> Algorithm:
    if name not in ALGORITHMS[form]:
        raise ValueError(f"{form.value} is signed with {' or '.join(ALGORITHMS[form])}, not {name}")
    return Algorithm(name)


def languages(pack: CountryPack, chosen: str) -> tuple[str, str]:
    """The main and the second language of a certificate: the chosen one where the pack has its texts."""
    return two_languages(_read(pack), chosen)


def printed_texts(pack: CountryPack, language: str) -> Mapping[str, str]:
    """The texts printed on a certificate. Raises KeyError for a language that the pack lacks."""
    texts: Mapping[str, str] = _read(pack)["texts"][language]
    return texts


@dataclass(frozen=True, slots=True)
class Branding:
    """How a country's papers look: its logo (SVG; empty for none) and the colour of headings."""

    logo: str
    ink: str


@lru_cache(maxsize=8)
def read_branding(pack: CountryPack) -> Branding:
    """The pack's logo and colour. Raises PackBroken."""
    said: Mapping[str, str] = _read(pack).get("branding", {})
    ink, file = said.get("ink", INK), said.get("logo", "")
    if not COLOUR.fullmatch(ink):
        raise PackBroken(file=FILE, problem="branding: ink is no colour such as #1b2a41")
    try:
        return Branding(pack.text(file) if file else "", ink)
    except OSError as missing:
        raise PackBroken(file=FILE, problem=f"branding: there is no {file}") from missing


@dataclass(frozen=True, slots=True)
class FormTexts:
    """A form of the certificate in words: what its code is called, and where one shows it."""

    name: str
    use: str


def form_texts(pack: CountryPack, language: str) -> dict[Format, FormTexts]:
    """Every form in a language, or in the pack's first one."""
    texts = printed_texts(pack, languages(pack, language)[0])
    return {form: FormTexts(texts[f"code_{form.value}"], texts[f"use_{form.value}"]) for form in Format}


def vaccine_codes(pack: CountryPack, name: str, manufacturer: str, codes: Mapping[str, str]) -> VaccineCodes:
    """A vaccine as a certificate states it. Where the pack lacks a code, the form that needs it is not issued."""
    return VaccineCodes(
        name=name,
        manufacturer=manufacturer,
        product=codes.get("dcc_mp", ""),
        holder=codes.get("dcc_ma", ""),
        prophylaxis=codes.get("dcc_vp", ""),
        target=str(_read(pack)["target"]),
        icd11=codes.get("icd11", ""),
        target_icd11=str(_read(pack)["target_icd11"]),
        target_seal=str(_read(pack)["target_seal"]),
        cvx=codes.get("cvx", ""),
    )


@lru_cache(maxsize=8)
def read_vaccine_names(pack: CountryPack, system: str) -> Mapping[str, str]:
    """The pack's vaccines by their code in one list."""
    vaccines = pack.toml("vaccines.toml")["vaccine"]
    return {str(one["codes"][system]): str(one["name"]) for one in vaccines if system in one.get("codes", {})}
