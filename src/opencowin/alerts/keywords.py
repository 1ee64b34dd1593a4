"""Words that people write by SMS: the English ones everywhere, others as the country pack has them; STOP among them."""

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

from opencowin.alerts.model import CODE_LENGTH, LETTERS
from opencowin.kit.country import PackBroken
from opencowin.kit.floor import Floor
from opencowin.kit.pack import CountryPack

FILE = "keywords.toml"


class Keyword(StrEnum):
    """What a word asks for; each is its own English word."""

    FIND = "find"
    BOOK = "book"
    ALERT = "alert"
    STATUS = "status"
    MOVE = "move"
    CANCEL = "cancel"
    CERTIFICATE = "certificate"
    REGISTER = "register"
    LANGUAGE = "language"
    HELP = "help"
    STOP = "stop"
    YES = "yes"


def words_of(text: str) -> list[str]:
    """The words of a text as they are compared: without capitals, punctuation and invisible joiners."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    seen = (letter for letter in plain if unicodedata.category(letter) != "Cf")
    return "".join(letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in seen).split()


def keyword_of(floor: Floor, word: str) -> Keyword | None:
    """What a word asks for, in whatever language. Raises PackBroken."""
    found = words_of(word)
    return read_keywords(floor.pack).get(found[0]) if len(found) == 1 else None


def yes_code(floor: Floor, text: str) -> str | None:
    """The code of the seat that a text takes, or "" for the one that is kept; None where it says something else."""
    first, *rest = words_of(text) or [""]
    if len(rest) <= 1 and read_keywords(floor.pack).get(first) is Keyword.YES:
        return rest[0].upper() if rest else ""
    return None


def stop_code(floor: Floor, text: str) -> str | None:
    """The code of the alert that a text ends, or "" for all of them; None where it asks for something else.

    STOP alone, or with one word more; run together only with what may be a code.
    """
    first, *rest = words_of(text) or [""]
    if len(rest) <= 1 and read_keywords(floor.pack).get(first) is Keyword.STOP:
        return rest[0].upper() if rest else ""
    together = re.fullmatch(rf"{Keyword.STOP}([{LETTERS}]{{{CODE_LENGTH}}})", first, re.IGNORECASE)
    return together[1].upper() if together and not rest else None


@lru_cache(maxsize=8)
def read_keywords(pack: CountryPack) -> Mapping[str, Keyword]:
    """All words of a country pack by what they are compared as. Raises PackBroken where one means two things."""
    found = {words_of(one.value)[0]: one for one in Keyword}
    if not (pack.folder / FILE).is_file():
        return found
    for language, listed in pack.toml(FILE).items():
        for name, words in listed.items():
            if name not in set(Keyword):
                raise PackBroken(problem=f"[{language}] {name} is nothing that can be asked for", file=FILE)
            for word in words:
                keys = words_of(word)
                if len(keys) != 1:
                    raise PackBroken(problem=f"[{language}] {name}: {word!r} is not one word", file=FILE)
                if found.setdefault(keys[0], Keyword(name)) is not Keyword(name):
                    raise PackBroken(problem=f"[{language}] {word!r} means two things", file=FILE)
    return found
