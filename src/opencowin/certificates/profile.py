"""What a country pack says about certificates: the issuer's words, the printed texts, the vaccines' codes."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from opencowin.certificates.model import IssuerProfile, VaccineCodes
from opencowin.kit.pack import CountryPack, two_languages

FILE = "certificate.toml"


@lru_cache(maxsize=8)
def _read(pack: CountryPack) -> dict[str, Any]:
    return pack.toml(FILE)


def read_profile(pack: CountryPack) -> IssuerProfile:
    """The issuer that the pack describes. Raises KeyError or TypeError where it lacks a value."""
    return IssuerProfile(**_read(pack)["issuer"])


def languages(pack: CountryPack, chosen: str) -> tuple[str, str]:
    """The main and the second language of a certificate: the chosen one where the pack has its texts."""
    return two_languages(_read(pack), chosen)


def printed_texts(pack: CountryPack, language: str) -> Mapping[str, str]:
    """The texts printed on a certificate. Raises KeyError for a language that the pack lacks."""
    texts: Mapping[str, str] = _read(pack)["texts"][language]
    return texts


def vaccine_codes(pack: CountryPack, name: str, manufacturer: str, codes: Mapping[str, str]) -> VaccineCodes:
    """A vaccine as a certificate states it. Where the pack has no European code, that form is not issued."""
    return VaccineCodes(
        name=name,
        manufacturer=manufacturer,
        product=codes.get("dcc_mp", ""),
        holder=codes.get("dcc_ma", ""),
        prophylaxis=codes.get("dcc_vp", ""),
        target=str(_read(pack)["target"]),
    )
