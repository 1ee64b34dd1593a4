"""Codes by which invited people find a session that is left out of public search."""

import secrets

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
CODE_LENGTH = 8


def new_invitation() -> str:
    """A code for a closed session: eight letters and digits that are not mistaken for each other."""
    return "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
