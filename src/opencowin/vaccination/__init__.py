"""Vaccination: doses given and what followed them. FHIR Immunization and AdverseEvent; WHO "dose" and "AEFI".

A dose given is a clinical fact, with or without an appointment: no rule refuses it, whatever does not fit is kept as a
flag. Owns the tables `dose` and `adverse_event`.
"""

from opencowin.vaccination.adverse_events import AdverseEvent, Severity, report_adverse_event
from opencowin.vaccination.doses import DOSE_RECORDED, DoseRecorded, record_dose
from opencowin.vaccination.model import (
    Dose,
    DoseFlag,
    DoseState,
    GivenDose,
    VaccinationStatus,
    facts_of,
    status,
)
from opencowin.vaccination.reading import doses_of, doses_of_account, due, vaccinator_name
from opencowin.vaccination.refusals import (
    DateInFuture,
    DoseNumberOutOfRange,
    NoSuchDose,
    TextUnreadable,
    UnknownVaccine,
)

__all__ = [
    "DOSE_RECORDED",
    "AdverseEvent",
    "DateInFuture",
    "Dose",
    "DoseFlag",
    "DoseNumberOutOfRange",
    "DoseRecorded",
    "DoseState",
    "GivenDose",
    "NoSuchDose",
    "Severity",
    "TextUnreadable",
    "UnknownVaccine",
    "VaccinationStatus",
    "doses_of",
    "doses_of_account",
    "due",
    "facts_of",
    "record_dose",
    "report_adverse_event",
    "status",
    "vaccinator_name",
]
