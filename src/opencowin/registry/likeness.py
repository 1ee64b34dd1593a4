"""Likeness: how a name sounds, whatever the script and spelling, so that two records of one person are noticed.

What is kept of it is a keyed hash: two records can be told to be alike, and nothing can be read. It is coarse on
purpose, since a person compares what it finds.
"""

import re
import unicodedata
from datetime import date

from opencowin.kit.crypto import Keyring
from opencowin.kit.indic import romanise

LIKENESS, BIRTH_LIKENESS = "beneficiary.likeness", "beneficiary.birth_likeness"
SAME_SOUND = (
    ("chh", "c"),
    ("ksh", "ks"),
    ("ch", "c"),
    ("sh", "s"),
    ("kh", "k"),
    ("gh", "g"),
    ("jh", "j"),
    ("th", "t"),
    ("dh", "d"),
    ("ph", "p"),
    ("bh", "b"),
    ("zh", "l"),
    ("gy", "g"),
    ("gny", "g"),
    ("jn", "g"),
    ("ao", "av"),
    ("au", "av"),
    ("x", "ks"),
    ("f", "p"),
    ("z", "j"),
    ("w", "v"),
    ("q", "k"),
    ("c", "s"),
)
"""Spellings of one sound, or of sounds that one script has and another lacks; the longer first."""
PERSO_ARABIC = str.maketrans(
    dict(zip("بپتٹثجحخدڈذرڑزژسشصضطظغفقکكگلمنںوہھهیيے", "bpttsjhkddjrrjjsssjtjgpkkkglmnnvhhhiii", strict=True))
    | {"چ": "s", "ا": "a", "آ": "a", "ع": "a", "ء": "", "ئ": "i", "ؤ": "v"}
)


def sound(name: str) -> str:
    """The skeleton of a name: its words without initials, sorted, each its consonants in one spelling."""
    latin = romanise(name).translate(PERSO_ARABIC)
    bare = "".join(one for one in unicodedata.normalize("NFKD", latin.casefold()) if not unicodedata.combining(one))
    words = [word for word in re.split(r"[^\w]+", bare) if word]
    whole = [word for word in words if len(word) > 1] or words
    return " ".join(sorted(_skeleton(word) for word in whole))


def likeness(keyring: Keyring, name: str, birth_year: int, gender_id: int) -> bytes:
    """The keyed hash of how a name sounds, with birth year and gender."""
    return keyring.index(f"{sound(name)}\x00{birth_year}\x00{gender_id}", LIKENESS)


def birth_likeness(keyring: Keyring, name: str, born: date | None, gender_id: int) -> bytes | None:
    """The same with the whole date of birth; None where it is not known."""
    if born is None:
        return None
    return keyring.index(f"{sound(name)}\x00{born.isoformat()}\x00{gender_id}", BIRTH_LIKENESS)


def _skeleton(word: str) -> str:
    for spelling, letter in SAME_SOUND:
        word = word.replace(spelling, letter)
    first = {"e": "i", "o": "u", "y": "i"}.get(word[0], word[0])
    ends_in_i = word[-1] in "iye" and len(word) > 1
    inner = re.sub(r"[aeiouyh]", "", word[1:])
    inner = re.sub(r"m(?=[^pb]|$)", "n", inner)
    return re.sub(r"(.)\1+", r"\1", first + inner) + ("i" if ends_in_i else "")
