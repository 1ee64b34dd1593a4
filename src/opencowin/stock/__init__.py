"""Stock: the batches that stores hold, every movement of their doses, and what is allotted to which session.

FHIR Medication.batch, SupplyDelivery; WHO "vaccine lot". The ledger is double entry: a dose is in one account at a
time, from the supplier to the arm or the bin. A dose is allotted once: soonest-expiring batches first, never more of a
batch than is there. A batch that is recalled or quarantined is not promised, issued or sent on. Owns the tables
`batch`, `session_batch`, `vaccine_batch`, `stock_movement`, `stock_balance`, `stock_consignment`, `batch_hold`,
`vial_opening` and `cold_chain_reading`.
"""

from opencowin.stock.batches import NewBatch, batches_at, promised_at, receive_batch, shortest_of_stock
from opencowin.stock.bulk import receive_and_allot
from opencowin.stock.bulk_queries import BulkAllotment, BulkBatch
from opencowin.stock.cold_chain import NewReading, Watched, record_temperature
from opencowin.stock.cold_chain_queries import Reading, alarms, readings
from opencowin.stock.consignment_queries import Consignment, coming
from opencowin.stock.exchange import Exchanged, Outcome, give_out, take_in
from opencowin.stock.hold_queries import EVERYWHERE, BatchHold, Touched, holds_in
from opencowin.stock.ledger_model import Balance, MovementKind, Recorded, VaccineBatch, WasteReason
from opencowin.stock.ledger_queries import balances, movements
from opencowin.stock.model import Allotment, Batch, Short
from opencowin.stock.movements import Lot, arrive, count, dispatch, receive, waste
from opencowin.stock.quarantine import NewHold, hold_batch, lift_hold
from opencowin.stock.reconciling import reconcile
from opencowin.stock.refusals import (
    BatchDiffers,
    BatchExpired,
    BatchHeld,
    BatchIncomplete,
    MovementDiffers,
    NoSuchHold,
    NoSuchStore,
    NotEnoughStock,
    NothingMoved,
    NothingOnTheWay,
    NotIssued,
    NotSoManyThere,
    StockReasonMissing,
    TemperatureUnlikely,
    TooManyMovements,
    UnknownBatch,
)
from opencowin.stock.report import Level, level_of, use_of_doses
from opencowin.stock.report_queries import Usage
from opencowin.stock.sessions import allot, allotted_to, give_back
from opencowin.stock.stores import Store, Tier, in_session, require_store, store_named, transit
from opencowin.stock.supply import Supply, read_supply
from opencowin.stock.usage import Used, close_session, issue_to_session, take_back
from opencowin.stock.vial_queries import Opening
from opencowin.stock.vials import Vials, open_now, open_vials, vials_opened

__all__ = [
    "EVERYWHERE",
    "Allotment",
    "Balance",
    "Batch",
    "BatchDiffers",
    "BatchExpired",
    "BatchHeld",
    "BatchHold",
    "BatchIncomplete",
    "BulkAllotment",
    "BulkBatch",
    "Consignment",
    "Exchanged",
    "Level",
    "Lot",
    "MovementDiffers",
    "MovementKind",
    "NewBatch",
    "NewHold",
    "NewReading",
    "NoSuchHold",
    "NoSuchStore",
    "NotEnoughStock",
    "NotIssued",
    "NotSoManyThere",
    "NothingMoved",
    "NothingOnTheWay",
    "Opening",
    "Outcome",
    "Reading",
    "Recorded",
    "Short",
    "StockReasonMissing",
    "Store",
    "Supply",
    "TemperatureUnlikely",
    "Tier",
    "TooManyMovements",
    "Touched",
    "UnknownBatch",
    "Usage",
    "Used",
    "VaccineBatch",
    "Vials",
    "WasteReason",
    "Watched",
    "alarms",
    "allot",
    "allotted_to",
    "arrive",
    "balances",
    "batches_at",
    "close_session",
    "coming",
    "count",
    "dispatch",
    "give_back",
    "give_out",
    "hold_batch",
    "holds_in",
    "in_session",
    "issue_to_session",
    "level_of",
    "lift_hold",
    "movements",
    "open_now",
    "open_vials",
    "promised_at",
    "read_supply",
    "readings",
    "receive",
    "receive_and_allot",
    "receive_batch",
    "reconcile",
    "record_temperature",
    "require_store",
    "shortest_of_stock",
    "store_named",
    "take_back",
    "take_in",
    "transit",
    "use_of_doses",
    "vials_opened",
    "waste",
]
