"""Reports: the public dashboard's figures, folded from counted changes within seconds. FHIR MeasureReport.

A request reads roll-ups only, never the tables that are being written. Owns the tables `report_daily`, `report_total`,
`report_hourly` and `report_freshness`.
"""

from opencowin.reports.folding import fold, forget_old_hours
from opencowin.reports.public import public_report
from opencowin.reports.public_shape import PublicReport
from opencowin.reports.scope import Scope, UnknownState
from opencowin.reports.vaccinations import VaccinationReport, doses_so_far, vaccination_report

__all__ = [
    "PublicReport",
    "Scope",
    "UnknownState",
    "VaccinationReport",
    "doses_so_far",
    "fold",
    "forget_old_hours",
    "public_report",
    "vaccination_report",
]
