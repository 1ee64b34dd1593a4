"""What an e-mail address looks like, where one is asked for."""

import re

LONGEST = 200
_EMAIL = re.compile(r"[^@\s<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def is_email(written: str) -> bool:
    """Whether messages can be sent there, as far as its form tells."""
    return len(written) <= LONGEST and _EMAIL.fullmatch(written) is not None
