"""The draw: seats of chosen sessions are allotted by lot among those who entered, not to who came first.

FHIR Appointment, proposed and then booked. An officer opens a draw over sessions of a district and commits to a seed;
households state the sessions that they would take; after the closing a public number and the seed give the order
within each priority group, which anybody can compute again from the published list. Owns the tables `draw`,
`draw_session`, `draw_seat`, `draw_entry`, `draw_member` and `draw_list`.
"""

from opencowin.draw.closing import close_due
from opencowin.draw.drawing import carry_out
from opencowin.draw.entering import MOST_PREFERENCES, EntryWish, enter, entries_of, withdraw
from opencowin.draw.model import DRAW_LOST, Draw, DrawLost, DrawState, Entry, NewDraw, Outcome, Tally
from opencowin.draw.opening import cancel_draw, open_draw, reveal
from opencowin.draw.reading import draw_of, draws_in, forget_old, published_list, results, sessions_of, tally_of
from opencowin.draw.refusals import (
    AlreadyEntered,
    DifferentDoses,
    DrawIncomplete,
    DrawNotOpen,
    DrawOver,
    NoSuchDraw,
    NoSuchEntry,
    NotToReveal,
    NumberInvalid,
    PreferencesInvalid,
)

__all__ = [
    "DRAW_LOST",
    "MOST_PREFERENCES",
    "AlreadyEntered",
    "DifferentDoses",
    "Draw",
    "DrawIncomplete",
    "DrawLost",
    "DrawNotOpen",
    "DrawOver",
    "DrawState",
    "Entry",
    "EntryWish",
    "NewDraw",
    "NoSuchDraw",
    "NoSuchEntry",
    "NotToReveal",
    "NumberInvalid",
    "Outcome",
    "PreferencesInvalid",
    "Tally",
    "cancel_draw",
    "carry_out",
    "close_due",
    "draw_of",
    "draws_in",
    "enter",
    "entries_of",
    "forget_old",
    "open_draw",
    "published_list",
    "results",
    "reveal",
    "sessions_of",
    "tally_of",
    "withdraw",
]
