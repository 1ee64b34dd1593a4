"""The demo: a generated but plausible supply of centres, sessions, stock and staff, on the country's real places.

What it makes is the same for the same seed, day and size; families that fill the crowded sessions register and book by
the same verbs as everybody. It has no FHIR or WHO name, owns no tables, and writes through the rooms' doors only.
"""

from opencowin.demo.crowd import fill
from opencowin.demo.notes import Notes, StaffLogIn, read_notes, write_notes
from opencowin.demo.recipe import NoDemo, Recipe, Size, UnknownSize, read_recipe
from opencowin.demo.supply import Made, Plan, make_supply
from opencowin.demo.team import appoint_staff
from opencowin.demo.vaccinating import Jab, NoStock, NotDueYet, NothingDue, give_due_dose

__all__ = [
    "Jab",
    "Made",
    "NoDemo",
    "NoStock",
    "NotDueYet",
    "Notes",
    "NothingDue",
    "Plan",
    "Recipe",
    "Size",
    "StaffLogIn",
    "UnknownSize",
    "appoint_staff",
    "fill",
    "give_due_dose",
    "make_supply",
    "read_notes",
    "read_recipe",
    "write_notes",
]
