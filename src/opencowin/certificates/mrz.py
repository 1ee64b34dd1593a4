"""Names in the machine-readable form of ICAO 9303: capitals A to Z and the filler `<`, from any script."""

import re
import unicodedata

from anyascii import anyascii

from opencowin.kit.indic import romanise

LONGEST = 80
"""Characters that the certificate schema allows in a standardised name."""

# ICAO 9303 part 3, section 6: where the recommended form is not simply the letter without its mark.
EXPANDED = str.maketrans(
    {"Ä": "AE", "Æ": "AE", "Å": "AA", "Ö": "OE", "Ø": "OE", "Œ": "OE", "Ü": "UE", "ẞ": "SS", "ß": "SS", "Þ": "TH"}
    | {"Ð": "D", "Đ": "D", "Ł": "L", "Ħ": "H", "Ŧ": "T", "Ŋ": "N", "ĸ": "Q", "Ĳ": "IJ", "İ": "I", "ı": "I"}
)


def machine_readable(name: str) -> str:
    """`Łukasz Müller-Straße` → `LUKASZ<MUELLER<STRASSE`; empty where nothing of the name can be written so."""
    latin = romanise(unicodedata.normalize("NFC", name)).upper().translate(EXPANDED)
    plain = anyascii(latin).upper()
    # An apostrophe is left out, every other separator becomes one filler.
    joined = re.sub(r"[^A-Z]+", "<", re.sub(r"['`]", "", plain))
    return joined.strip("<")[:LONGEST].rstrip("<")


def latin_name(name: str) -> str:
    """A name that a reader abroad can read: as it is where it is Latin, else as a passport writes it."""
    letters = [mark for mark in name if mark.isalpha()]
    if letters and all(unicodedata.name(mark, "").startswith("LATIN") for mark in letters):
        return name
    return machine_readable(name).replace("<", " ")
