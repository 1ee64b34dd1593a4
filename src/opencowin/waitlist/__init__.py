"""The waitlist: a person who found no seat waits in line for one near by; a seat that is free is kept for the next.

FHIR Appointment with status `waitlist`. Priority groups first, then whoever joined first; the seat is held by the
room `scheduling`, so that nobody else can be promised it, and goes on to the next when it is not taken in time.
Owns the tables `waiting` and `waiting_offer`.
"""

from opencowin.waitlist.joining import WaitWish, forget_old, join, leave, waits_of
from opencowin.waitlist.offering import accept, offer_round
from opencowin.waitlist.queries import Kept, Offered, Waiting
from opencowin.waitlist.refusals import NoSeatKept, NotWaiting

__all__ = [
    "Kept",
    "NoSeatKept",
    "NotWaiting",
    "Offered",
    "WaitWish",
    "Waiting",
    "accept",
    "forget_old",
    "join",
    "leave",
    "offer_round",
    "waits_of",
]
