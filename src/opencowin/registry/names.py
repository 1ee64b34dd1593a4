"""Names of persons in any script: what is accepted, and the one form in which a name is kept."""

import re
import unicodedata

from opencowin.kit.errors import Invalid

LONGEST_NAME = 100
_PUNCTUATION = " .'-"
_JOINERS = "\u200c\u200d"
"""Zero-width joiners: Indic and Arabic spelling needs them between letters."""
_SAME = str.maketrans({"\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u2010": "-", "\u2011": "-"})


class InvalidName(Invalid):
    """Write the name with letters, spaces, full stops, apostrophes and hyphens only, at most {longest} characters."""

    code = "BENREG0014"


def _belongs(letter: str) -> bool:
    return letter in _PUNCTUATION or letter in _JOINERS or unicodedata.category(letter)[0] in "LM"


def clean_name(name: str) -> str:
    """The name in NFC, its spaces single, its apostrophes and hyphens plain. Raises InvalidName."""
    text = re.sub(r"\s+", " ", unicodedata.normalize("NFC", name).translate(_SAME)).strip()
    starts_well = bool(text) and unicodedata.category(text[0])[0] != "M" and text[0] not in _JOINERS
    has_letter = any(letter.isalpha() for letter in text)
    if starts_well and has_letter and len(text) <= LONGEST_NAME and all(map(_belongs, text)):
        return text
    raise InvalidName(field="name", longest=LONGEST_NAME)


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for capitals and joiners."""
    return _comparable(one) == _comparable(other)


def _comparable(name: str) -> str:
    bare = name.translate(dict.fromkeys(map(ord, _JOINERS)))
    return unicodedata.normalize("NFC", bare.casefold())
