"""A mark of a secret code: enough to notice most slips of the pen without a line, too little to find the code."""

from hashlib import sha256

MARKS = 16
"""How many marks there are: each stands for about 625 of the 10,000 codes, so that a list of marks is no list of codes.

It hangs on nothing but reference and code, so that collecting a person's lists of many days tells nothing more.
"""


def code_mark(reference_id: int, secret_code: str) -> int:
    """The mark of a person's secret code, as tablets count it too: four bits of SHA-256 over `reference:code`."""
    return sha256(f"{reference_id}:{secret_code}".encode()).digest()[0] % MARKS
