"""Stopping: the link in a letter by which whoever reads it there ends what is sent there; it needs no sign-in."""

import base64
import binascii
import re

from opencowin.kit.crypto import SealBroken
from opencowin.kit.floor import Floor
from opencowin.notifications.templates import Template

STOP = "address.stop"
_LOOKS_LIKE_A_CODE = re.compile(r"\d{6}")
"""What texts part: a link must stay whole."""
_NOT_TO_HOUSEHOLDS = frozenset(
    {
        Template.OTP,
        Template.OTP_SPOKEN,
        Template.STAFF_LINK,
        Template.KEY_GRANTED,
        Template.KEY_REFUSED,
        Template.WEBHOOK_OFF,
        Template.ADDRESS_CODE,
    }
)


def is_to_household(template: str) -> bool:
    """Whether a text of this kind goes to an address that a household has proved, and can end."""
    return template not in _NOT_TO_HOUSEHOLDS


def stop_link(floor: Floor, address: str) -> str:
    """Where whoever reads mail at an address ends it."""
    token = ""
    while not token or _LOOKS_LIKE_A_CODE.search(token):
        token = base64.urlsafe_b64encode(floor.keyring.seal(address, STOP)).decode().rstrip("=")
    return f"{floor.settings.address}/messages/off/{token}"


def stopped_address(floor: Floor, token: str) -> str | None:
    """The address that a link is about; None where we never made that link."""
    try:
        return floor.keyring.open(
            base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True), STOP
        )
    except (SealBroken, binascii.Error, ValueError):
        return None
