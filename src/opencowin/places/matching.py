"""Recognises the same place under two spellings; pure, for names of one state at a time."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from opencowin.kit.pack import CountryPack
from opencowin.places.source import PLACES_FILE

LIKE_ENOUGH = 0.8
AHEAD = 0.05
"""A near match needs this likeness, and to be this much ahead of every other candidate on both sides."""

_SOUNDS = {"th": "t", "dh": "d", "bh": "b", "kh": "k", "gh": "g", "sh": "s", "ph": "f"}
_SOUNDS |= {"ee": "i", "oo": "u", "ou": "u", "w": "v", "z": "j", "y": "i"}


class How(StrEnum):
    """How two names were found to be one, from sure to doubtful."""

    EXACT = "exact"
    ALIAS = "alias"
    PART = "part"
    NEAR = "near"


@dataclass(frozen=True, slots=True)
class Spelling:
    """What a pack knows of its names: words without meaning, words that tell apart, words and names that are one.

    `words` and `same` lead from a variant to what is kept for comparison.
    """

    noise: frozenset[str]
    telling: frozenset[str]
    words: Mapping[str, str]
    same: Mapping[str, str]

    def telling_words(self, name: str) -> frozenset[str]:
        """The words of a name that tell it from its neighbours."""
        return self.telling.intersection(self.words_of(name))

    def words_of(self, name: str) -> list[str]:
        """The words of a name that mean something, each in the variant kept for comparison."""
        return [self.words.get(word, word) for word in plain(name).split() if word not in self.noise]

    def sorted(self, name: str) -> str:
        """The name as it is kept for comparison where the order of words does not matter."""
        key = " ".join(sorted(self.words_of(name)))
        return self.same.get(key, key)

    def joined(self, name: str) -> str:
        """The name as it is kept for comparison where the spaces do not matter."""
        return "".join(self.words_of(name))


@dataclass(frozen=True, slots=True)
class Match:
    """Two positions, in the official list and in ours, that name one place."""

    official: int
    ours: int
    how: How
    likeness: float


def read_spelling(pack: CountryPack) -> Spelling:
    """The pack's knowledge of spellings."""
    said = pack.toml(PLACES_FILE).get("matching", {})
    words = {plain(variant): plain(word) for word, variants in said.get("words", {}).items() for variant in variants}
    bare = Spelling(frozenset(said.get("noise", ())), frozenset(said.get("telling", ())), words, {})
    same = {bare.sorted(name): bare.sorted(names[0]) for names in said.get("same", ()) for name in names}
    return Spelling(bare.noise, bare.telling, words, same)


def plain(name: str) -> str:
    """Small letters without accents, digits, and single spaces for all else."""
    bare = unicodedata.normalize("NFKD", name.replace("&", " and ")).casefold()
    bare = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[\W_]+", " ", bare).split())


def match_names(official: Sequence[str], ours: Sequence[str], spelling: Spelling) -> list[Match]:
    """One-to-one matches; sure ones first, so that a doubtful one never takes a name that a sure one needs."""
    matches: list[Match] = []
    for how, keys in _rounds(spelling):
        left, right = _free(official, (match.official for match in matches)), _free(ours, (m.ours for m in matches))
        pairs = _mutual([keys(official[at]) for at in left], [keys(ours[at]) for at in right])
        matches += [Match(left[one], right[other], how, 1.0) for one, other in pairs]
    left, right = _free(official, (match.official for match in matches)), _free(ours, (m.ours for m in matches))
    matches += _nearest(official, ours, left, right, spelling)
    return sorted(matches, key=lambda match: match.official)


def _rounds(spelling: Spelling) -> Iterator[tuple[How, Callable[[str], frozenset[str]]]]:
    """Each round's name, and the keys of which two names must share one."""
    yield How.EXACT, lambda name: frozenset({plain(name)})
    yield How.ALIAS, lambda name: frozenset({spelling.sorted(name), spelling.joined(name)})
    yield How.PART, lambda name: frozenset(map(spelling.sorted, _parts(name))) - {""}


def _parts(name: str) -> list[str]:
    """The name, and what stands before and in brackets or between commas: "New Town (Old Port)" has two parts."""
    return [name, *re.split(r"[(),/]", name)]


def _free(names: Sequence[str], taken: Iterable[int]) -> list[int]:
    gone = set(taken)
    return [at for at in range(len(names)) if at not in gone]


def _mutual(left: Sequence[frozenset[str]], right: Sequence[frozenset[str]]) -> list[tuple[int, int]]:
    """Pairs that share a key with each other and with nobody else."""
    friends = [[other for other, keys in enumerate(right) if keys & mine] for mine in left]
    wanted = [sum(other in some for some in friends) for other in range(len(right))]
    return [(at, some[0]) for at, some in enumerate(friends) if len(some) == 1 and wanted[some[0]] == 1]


def _nearest(
    official: Sequence[str], ours: Sequence[str], left: Sequence[int], right: Sequence[int], spelling: Spelling
) -> list[Match]:
    """Pairs that are alike enough and clearly more so than either is with any other."""
    table = {(one, other): likeness(official[one], ours[other], spelling) for one in left for other in right}
    found = []
    for (one, other), score in table.items():
        rivals = [rival for pair, rival in table.items() if (pair[0] == one) != (pair[1] == other)]
        if score >= LIKE_ENOUGH and score >= max(rivals, default=0.0) + AHEAD:
            found.append(Match(one, other, How.NEAR, round(score, 2)))
    return found


def likeness(one: str, other: str, spelling: Spelling) -> float:
    """From 0 to 1, of two names; 0 if a telling word is in only one of them, 0.9 if one has all words of the other."""
    if spelling.telling_words(one) != spelling.telling_words(other):
        return 0.0
    few, many = sorted((set(spelling.words_of(one)), set(spelling.words_of(other))), key=len)
    contained = 0.9 if few - spelling.telling and few < many else 0.0
    keys = (spelling.joined(one), spelling.joined(other))
    return max(contained, _alike(*keys), _alike(*map(_sound, keys)))


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _sound(sound: str) -> str:
    """Roughly how it sounds, where transliterations differ: no doubled letters, no aspirates, no final a."""
    for letters, letter in _SOUNDS.items():
        sound = sound.replace(letters, letter)
    return re.sub(r"(.)\1+", r"\1", sound).removesuffix("a")
