"""Talks: finding, booking, moving, cancelling and registering by keypad, over USSD, SMS or voice, in short sessions.

FHIR Communication and its reply. One set of steps for all doors; what a step does is a verb of the room that owns it,
as on the pages. The gateway vouches for the number, whose household is signed in for that talk alone.
Owns the tables `talk` and `text_heard`.
"""

from opencowin.talks.answers import ANSWERED, Answered, open_answer
from opencowin.talks.calling import MissedCall, hear_missed_call
from opencowin.talks.hearing import Call, Chat, Text, forget_old, hear_chat, hear_keypad, hear_text
from opencowin.talks.model import Said
from opencowin.talks.sheets import is_narrow, sheets_of

__all__ = [
    "ANSWERED",
    "Answered",
    "Call",
    "Chat",
    "MissedCall",
    "Said",
    "Text",
    "forget_old",
    "hear_chat",
    "hear_keypad",
    "hear_missed_call",
    "hear_text",
    "is_narrow",
    "open_answer",
    "sheets_of",
]
