"""Reports: the public dashboard's figures, folded from counted changes within seconds. FHIR MeasureReport.

A request reads roll-ups only, never the tables that are being written. Historic series are imported and kept apart.
Owns the tables `report_daily`, `report_total`, `report_hourly`, `report_freshness`,
`report_batch_signal`, `history_series` and `history_figure`.
"""

from opencowin.reports.board import BoardDay, BoardHour, LiveBoard, live_board
from opencowin.reports.folding import fold, forget_old_hours
from opencowin.reports.history import (
    History,
    HistoryDay,
    NoSuchLayout,
    NoSuchSeries,
    all_series,
    history_day,
    import_history,
    known_states,
    layout_called,
    read_history,
    remove_history,
)
from opencowin.reports.open_data import DailyRow, daily_doses, site_doses
from opencowin.reports.public import public_report
from opencowin.reports.public_shape import PublicReport
from opencowin.reports.scope import Scope, Territory, UnknownState
from opencowin.reports.signal_queries import BatchSignal
from opencowin.reports.signals import batch_signals, find_signals
from opencowin.reports.small_counts import HIDDEN_BELOW, consistent, hide_small, unless_small
from opencowin.reports.vaccinations import VaccinationReport, doses_on, doses_so_far, vaccination_report

__all__ = [
    "HIDDEN_BELOW",
    "BatchSignal",
    "BoardDay",
    "BoardHour",
    "DailyRow",
    "History",
    "HistoryDay",
    "LiveBoard",
    "NoSuchLayout",
    "NoSuchSeries",
    "PublicReport",
    "Scope",
    "Territory",
    "UnknownState",
    "VaccinationReport",
    "all_series",
    "batch_signals",
    "consistent",
    "daily_doses",
    "doses_on",
    "doses_so_far",
    "find_signals",
    "fold",
    "forget_old_hours",
    "hide_small",
    "history_day",
    "import_history",
    "known_states",
    "layout_called",
    "live_board",
    "public_report",
    "read_history",
    "remove_history",
    "site_doses",
    "unless_small",
    "vaccination_report",
]
