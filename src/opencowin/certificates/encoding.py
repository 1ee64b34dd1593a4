"""Bytes as text in the ways that certificates use: base64url without padding, and Bitcoin's base 58."""

import base64
import binascii

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def unpadded(raw: bytes) -> str:
    """Base64url without the padding, as in a JSON Web Signature."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_unpadded(text: str) -> bytes:
    """The bytes of base64url with or without padding. Raises ValueError where it is none."""
    plain = text.rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
    except binascii.Error as odd:
        raise ValueError("not base64url") from odd


def base58(raw: bytes) -> str:
    """Base 58; a leading zero byte becomes a `1`."""
    number, text = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = BASE58[digit] + text
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + text


def from_base58(text: str) -> bytes:
    """The bytes of base 58. Raises ValueError where it is none."""
    number = 0
    for mark in text:
        number = number * 58 + BASE58.index(mark)
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
