"""The Indic scripts in Latin letters, spelt as people of these languages spell their names in passports.

Unicode lays nine scripts out alike, 128 code points each, so that one table serves them all. General transliterators
drop the vowel that every consonant carries ("prsad"); here it is written, and left out where speech leaves it out.
"""

import re

FIRST, SCRIPTS, WIDTH = 0x0900, 9, 0x80
"""Devanagari, Bengali, Gurmukhi, Gujarati, Odia, Tamil, Telugu, Kannada, Malayalam."""
SPOKEN_SHORT = {0, 2, 3}
"""Devanagari, Gurmukhi and Gujarati names lose the unwritten vowel within a word also."""
ENDS_SHORT = {0, 1, 2, 3}
"""Bengali loses it at a word's end only; Odia and the southern scripts keep it."""

VOWELS = dict(
    zip(
        range(0x05, 0x15),
        ("a", "a", "i", "i", "u", "u", "ri", "li", "e", "e", "e", "ai", "o", "o", "o", "au"),
        strict=True,
    )
)
SIGNS = dict(
    zip(range(0x3E, 0x4D), ("a", "i", "i", "u", "u", "ri", "ri", "e", "e", "e", "ai", "o", "o", "o", "au"), strict=True)
)
CONSONANTS = dict(
    zip(
        range(0x15, 0x3A),
        (
            "k",
            "kh",
            "g",
            "gh",
            "n",
            "ch",
            "chh",
            "j",
            "jh",
            "n",
            "t",
            "th",
            "d",
            "dh",
            "n",
            "t",
            "th",
            "d",
            "dh",
            "n",
            "n",
            "p",
            "ph",
            "b",
            "bh",
            "m",
            "y",
            "r",
            "r",
            "l",
            "l",
            "zh",
            "v",
            "sh",
            "sh",
            "s",
            "h",
        ),
        strict=True,
    )
) | dict(zip(range(0x58, 0x60), ("q", "kh", "g", "z", "r", "rh", "f", "y"), strict=True))
VIRAMA, NUKTA = 0x4D, 0x3C
SINGULAR = {
    1: {0x4E: "t", 0x70: "r" + "\u0259", 0x71: "v" + "\u0259"},
    8: {0x7A: "n", 0x7B: "n", 0x7C: "r", 0x7D: "l", 0x7E: "l", 0x7F: "k"},
}
"""Letters that only one script has: Bengali's and Assamese's, and Malayalam's consonants without a vowel."""
SHORT = "\u0259"
"""The unwritten vowel, until it is known whether it is spoken."""
V, C = "[aeiou\u0259]", "(?:chh|kh|gh|ch|jh|th|dh|ph|bh|sh|zh|[bcdfghjklmnpqrstvyz])"


def romanise(text: str) -> str:
    """The text with every Indic word in Latin letters; all else stays as it is."""
    return re.sub(r"[\u0900-\u0d7f\u200c\u200d]+", lambda word: _word(word.group()), text)


def _word(word: str) -> str:
    script = next(((ord(mark) - FIRST) // WIDTH for mark in word if ord(mark) < 0x2000), 0)
    written = "".join(_letters([(ord(mark) - FIRST) % WIDTH for mark in word if ord(mark) < 0x2000], script))
    if script in SPOKEN_SHORT:
        written = re.sub(f"({V}{C}){SHORT}(?={C}[aeiou])", r"\1", written)
    if script in ENDS_SHORT:
        written = re.sub(f"(?<=[^{SHORT}]){SHORT}$", "", written)
    return written.replace(SHORT, "a")


def _letters(offsets: list[int], script: int) -> list[str]:
    out: list[str] = []
    for place, offset in enumerate(offsets):
        following = offsets[place + 1] if place + 1 < len(offsets) else None
        if offset in SINGULAR.get(script, {}):
            out.append(SINGULAR[script][offset])
        elif offset in CONSONANTS:
            sounded = CONSONANTS[offset] + ("" if following in SIGNS or following in (VIRAMA, NUKTA) else SHORT)
            out.append(_hindi_gya(offsets, place, script) or sounded)
        elif offset == NUKTA:
            out.append("" if following in SIGNS or following == VIRAMA else SHORT)
        elif offset in VOWELS or offset in SIGNS:
            out.append(VOWELS.get(offset) or SIGNS[offset])
        elif offset in (0x01, 0x02, 0x70):
            out.append("m" if following is not None and CONSONANTS.get(following, "")[:1] in ("p", "b", "m") else "n")
        elif offset == 0x03:
            out.append("h")
        elif 0x66 <= offset <= 0x6F:
            out.append(str(offset - 0x66))
    return out


def _hindi_gya(offsets: list[int], place: int, script: int) -> str | None:
    """ज्ञ, written j + ñ, is said "gya" in the north."""
    if script in SPOKEN_SHORT and offsets[place : place + 3] == [0x1C, VIRAMA, 0x1E]:
        return "g"
    if script in SPOKEN_SHORT and place >= 2 and offsets[place - 2 : place + 1] == [0x1C, VIRAMA, 0x1E]:
        following = offsets[place + 1] if place + 1 < len(offsets) else None
        return "y" if following in SIGNS or following == VIRAMA else "y" + SHORT
    return None
