"""How long a text is as an SMS: in the GSM alphabet or, where one letter is not in it, in UCS-2 (3GPP TS 23.038)."""

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_DOUBLE = frozenset("^{}\\[~]|€\f")
_ALL = _GSM | _GSM_DOUBLE


def is_gsm(text: str) -> bool:
    """Whether every letter is in the GSM alphabet."""
    return _ALL.issuperset(text)


def units(text: str) -> int:
    """How many of its letters a text takes up; letters of the alphabet's second table count twice."""
    if is_gsm(text):
        return len(text) + sum(map(text.count, _GSM_DOUBLE))
    return len(text.encode("utf-16-le")) // 2
