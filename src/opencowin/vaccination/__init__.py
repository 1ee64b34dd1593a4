"""Vaccination: doses given and what followed them. FHIR Immunization and AdverseEvent; WHO "dose" and "AEFI".

A dose given is a clinical fact, with or without an appointment: no rule refuses it, whatever does not fit is kept as a
flag. Records are corrected, revoked and moved with what they were kept beside them. Owns the tables
`dose`, `dose_change`, `dose_gathered`, `adverse_event`,
`adverse_event_gathered` and `adverse_event_review`.
"""

from opencowin.vaccination.adverse_events import AdverseEvent, Severity, report_adverse_event
from opencowin.vaccination.correcting import (
    DoseCorrection,
    accept_dose,
    check_dose_correction,
    correct_dose,
    recount_doses,
    revoke_dose,
)
from opencowin.vaccination.doses import (
    DOSE_RECORDED,
    DoseRecorded,
    Report,
    import_dose,
    receive_reports,
    record_dose,
    record_received,
)
from opencowin.vaccination.gathering import TwoRecords, gather, move_doses_of, scatter
from opencowin.vaccination.judging import Case, Recorded
from opencowin.vaccination.model import (
    LARGEST_DOSE_NUMBER,
    Dose,
    DoseFlag,
    DoseState,
    GivenDose,
    VaccinationStatus,
    facts_of,
    status,
)
from opencowin.vaccination.reading import doses_of, doses_of_account, doses_of_people, due, vaccinator_name
from opencowin.vaccination.refusals import (
    DateInFuture,
    DoseNumberOutOfRange,
    DoseRevoked,
    FindingsMissing,
    LaterDoseStands,
    NoSuchAdverseEvent,
    NoSuchDose,
    SeriousByWho,
    TextUnreadable,
    UnknownVaccine,
)
from opencowin.vaccination.retracting import retract_dose
from opencowin.vaccination.reviewing import (
    Causality,
    EventFile,
    Findings,
    Outcome,
    ReportedEvent,
    Review,
    ReviewState,
    adverse_events,
    open_event,
    review_event,
)

__all__ = [
    "DOSE_RECORDED",
    "LARGEST_DOSE_NUMBER",
    "AdverseEvent",
    "Case",
    "Causality",
    "DateInFuture",
    "Dose",
    "DoseCorrection",
    "DoseFlag",
    "DoseNumberOutOfRange",
    "DoseRecorded",
    "DoseRevoked",
    "DoseState",
    "EventFile",
    "Findings",
    "FindingsMissing",
    "GivenDose",
    "LaterDoseStands",
    "NoSuchAdverseEvent",
    "NoSuchDose",
    "Outcome",
    "Recorded",
    "Report",
    "ReportedEvent",
    "Review",
    "ReviewState",
    "SeriousByWho",
    "Severity",
    "TextUnreadable",
    "TwoRecords",
    "UnknownVaccine",
    "VaccinationStatus",
    "accept_dose",
    "adverse_events",
    "check_dose_correction",
    "correct_dose",
    "doses_of",
    "doses_of_account",
    "doses_of_people",
    "due",
    "facts_of",
    "gather",
    "import_dose",
    "move_doses_of",
    "open_event",
    "receive_reports",
    "record_dose",
    "record_received",
    "recount_doses",
    "report_adverse_event",
    "retract_dose",
    "review_event",
    "revoke_dose",
    "scatter",
    "status",
    "vaccinator_name",
]
