"""Words that staff and partners type: trimmed, composed, and free of what cannot be stored or read."""

import unicodedata

from opencowin.vaccination.refusals import TextUnreadable


def readable(text: str, field: str, longest: int, *, optional: bool = False) -> str:
    """The text, trimmed and NFC-normalised. Raises TextUnreadable, which names the field."""
    cleaned = unicodedata.normalize("NFC", text).strip()
    unreadable = any(unicodedata.category(letter) in {"Cc", "Cs"} and letter not in "\n\t" for letter in cleaned)
    if unreadable or len(cleaned) > longest or not (cleaned or optional):
        raise TextUnreadable(field=field, longest=longest)
    return cleaned
