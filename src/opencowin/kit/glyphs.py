"""Which characters a font can draw, and text rewritten so that every character in it can be drawn."""

import re
import struct
from collections.abc import Iterable
from pathlib import Path

from anyascii import anyascii

from opencowin.kit.indic import romanise

JOINERS = frozenset("\u200c\u200d")
"""Steer how neighbours join; shaping consumes them."""


def covered(fonts: Iterable[Path]) -> frozenset[str]:
    """The characters that at least one of these TrueType fonts draws."""
    return frozenset(chr(code) for font in fonts for code in _code_points(font.read_bytes()))


def legible(text: str, drawn: frozenset[str]) -> str:
    """The text with each word that cannot be drawn in Latin letters, and what then still cannot as a question mark."""
    if drawn.issuperset(text):
        return text
    return re.sub(r"\S+", lambda word: _legible_word(word.group(), drawn), text)


def _legible_word(word: str, drawn: frozenset[str]) -> str:
    if all(mark in drawn or mark in JOINERS for mark in word):
        return word
    return "".join(mark if mark in drawn else "?" for mark in anyascii(romanise(word)).title()) or "?"


def _code_points(font: bytes) -> Iterable[int]:
    """The basic plane's code points of a font, from its character map in format 4 (OpenType, `cmap`)."""
    (tables,) = struct.unpack_from(">H", font, 4)
    entries = (struct.unpack_from(">4sIII", font, 12 + 16 * place) for place in range(tables))
    start = next(offset for tag, _, offset, _ in entries if tag == b"cmap")
    (maps,) = struct.unpack_from(">H", font, start + 2)
    for place in range(maps):
        _, _, offset = struct.unpack_from(">HHI", font, start + 4 + 8 * place)
        if struct.unpack_from(">H", font, start + offset) == (4,):
            return _segments(font, start + offset)
    raise ValueError("the font has no character map in format 4")


def _segments(font: bytes, at: int) -> list[int]:
    (doubled,) = struct.unpack_from(">H", font, at + 6)
    count = doubled // 2
    last = struct.unpack_from(f">{count}H", font, at + 14)
    first = struct.unpack_from(f">{count}H", font, at + 16 + doubled)
    spans = zip(first, last, strict=True)
    return [code for low, high in spans for code in range(low, high + 1) if code != 0xFFFF]
