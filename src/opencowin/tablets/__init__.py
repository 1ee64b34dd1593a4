"""Tablets: what centres' tablets carry away for a day without a connection, and what they send back, each record once.

FHIR Device, and Provenance of what it recorded. A tablet works for one centre and carries the lists of its sessions of
today; it sends doses, what followed them, vials and waste whenever it can. A dose given is never refused: what does not
fit is a flag, and what cannot be used as it is is kept sealed for a human.
Owns the tables `tablet`, `tablet_session` and `tablet_record`.
"""

from opencowin.tablets.carrying import (
    begin_tablet,
    day_list,
    end_tablet,
    end_tablets_of,
    require_at_work,
    sessions_today,
    tablet_of,
)
from opencowin.tablets.closing import settle_left_behind
from opencowin.tablets.envelopes import open_envelope, public_key
from opencowin.tablets.model import (
    Answer,
    AnySent,
    Expected,
    Outcome,
    SentAdverseEvent,
    SentClose,
    SentDose,
    SentUndo,
    SentVials,
    SentWaste,
    SessionToday,
    Tablet,
    TabletFlag,
)
from opencowin.tablets.refusals import (
    CentreNeeded,
    DocumentOfAnother,
    DoseUnknown,
    FileUnreadable,
    NoSessionToday,
    NotWorkingHere,
    TooLateToUndo,
)
from opencowin.tablets.rules import carried_rules
from opencowin.tablets.taking import keep_unread, take

__all__ = [
    "Answer",
    "AnySent",
    "CentreNeeded",
    "DocumentOfAnother",
    "DoseUnknown",
    "Expected",
    "FileUnreadable",
    "NoSessionToday",
    "NotWorkingHere",
    "Outcome",
    "SentAdverseEvent",
    "SentClose",
    "SentDose",
    "SentUndo",
    "SentVials",
    "SentWaste",
    "SessionToday",
    "Tablet",
    "TabletFlag",
    "TooLateToUndo",
    "begin_tablet",
    "carried_rules",
    "day_list",
    "end_tablet",
    "end_tablets_of",
    "keep_unread",
    "open_envelope",
    "public_key",
    "require_at_work",
    "sessions_today",
    "settle_left_behind",
    "tablet_of",
    "take",
]
