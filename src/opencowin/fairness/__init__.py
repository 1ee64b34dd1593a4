"""Fairness: a waiting room before a rush, in which asking more often, earlier or from more addresses gains nothing.

Announced by an officer, or opened by load. Who is there before it opens has a place by lot, others follow in order;
a signed ticket tells the place and is checked without the database. Release windows and holds are in the room
`scheduling`, who waits for a seat is in `waitlist`. When codes by SMS are asked for as in an attack, a proof of work is
asked for (ALTCHA). Owns the tables `queue_room` and `queue_ticket`.
"""

from opencowin.fairness.entrance import CHANNEL, Entrance
from opencowin.fairness.joining import join
from opencowin.fairness.model import Room, Standing, Ticket, Wanted, governing, place_of, standing
from opencowin.fairness.proofs import Proofs, spend_proof
from opencowin.fairness.refusals import OpensInPast, PaceWrong, RoomOver, RoomStands, WaitYourTurn, WorkNeeded
from opencowin.fairness.rooms import (
    MOST_PER_MINUTE,
    announce_room,
    change_pace,
    close_room,
    forget_old,
    open_by_load,
    rooms_within,
    tend,
)
from opencowin.fairness.tickets import lot, read_ticket, write_ticket

__all__ = [
    "CHANNEL",
    "MOST_PER_MINUTE",
    "Entrance",
    "OpensInPast",
    "PaceWrong",
    "Proofs",
    "Room",
    "RoomOver",
    "RoomStands",
    "Standing",
    "Ticket",
    "WaitYourTurn",
    "Wanted",
    "WorkNeeded",
    "announce_room",
    "change_pace",
    "close_room",
    "forget_old",
    "governing",
    "join",
    "lot",
    "open_by_load",
    "place_of",
    "read_ticket",
    "rooms_within",
    "spend_proof",
    "standing",
    "tend",
    "write_ticket",
]
