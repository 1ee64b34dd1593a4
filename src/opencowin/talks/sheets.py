"""Sheets: a text split into pages that one SMS or one USSD screen carries, between lines where it can be."""

from collections.abc import Iterator

from opencowin.kit.sms import is_gsm, units

NARROW, WIDE = 160, 70
"""Letters on a page: of the GSM alphabet, or of any."""
MORE = "\n0 >>"


def is_narrow(text: str) -> bool:
    """Whether a page of this text carries 160 letters rather than 70."""
    return is_gsm(text)


def sheets_of(text: str) -> list[str]:
    """The pages of a text; each but the last ends with the key for more."""
    most = NARROW if is_gsm(text) else WIDE
    if units(text) <= most:
        return [text]
    pages = [""]
    for line in _lines(text, most - len(MORE)):
        joined = f"{pages[-1]}\n{line}" if pages[-1] else line
        if units(joined) <= most - len(MORE):
            pages[-1] = joined
        else:
            pages.append(line)
    return [page + MORE for page in pages[:-1]] + pages[-1:]


def _lines(text: str, most: int) -> Iterator[str]:
    """The lines of a text; those that no page holds are broken between words, or within one that is too long."""
    for line in text.split("\n"):
        rest = line
        while units(rest) > most:
            cut = _most_letters(rest, most)
            space = rest.rfind(" ", 1, cut + 1)
            end = space if space > 0 else cut
            yield rest[:end]
            rest = rest[end:].lstrip()
        yield rest


def _most_letters(text: str, most: int) -> int:
    """How many letters of a text a page holds."""
    used = 0
    for at, letter in enumerate(text):
        used += units(letter) if is_gsm(text) else len(letter.encode("utf-16-le")) // 2
        if used > most:
            return at
    return len(text)
