"""Stock: the batches that stores hold, every movement of their doses, and what is allotted to which session.

FHIR Medication.batch, SupplyDelivery; WHO "vaccine lot". The ledger is double entry: a dose is in one account at a
time, from the supplier to the arm or the bin. A dose is allotted once: soonest-expiring batches first, never more of a
batch than is there. Owns the tables `batch`, `session_batch`, `vaccine_batch`, `stock_movement`, `stock_balance` and
`stock_consignment`.
"""

from opencowin.stock.batches import NewBatch, batches_at, receive_batch
from opencowin.stock.bulk import BulkAllotment, BulkBatch, receive_and_allot
from opencowin.stock.consignments import Consignment, coming
from opencowin.stock.ledger import Balance, MovementKind, Recorded, VaccineBatch, WasteReason, balances, movements
from opencowin.stock.model import Allotment, Batch
from opencowin.stock.movements import Lot, arrive, count, dispatch, receive, waste
from opencowin.stock.refusals import (
    BatchDiffers,
    BatchExpired,
    BatchIncomplete,
    MovementDiffers,
    NoSuchStore,
    NotEnoughStock,
    NothingMoved,
    NothingOnTheWay,
    NotIssued,
    NotSoManyThere,
    UnknownBatch,
)
from opencowin.stock.sessions import allot, allotted_to, give_back
from opencowin.stock.stores import Store, Tier, in_session, store_named, transit
from opencowin.stock.usage import Used, close_session, issue_to_session

__all__ = [
    "Allotment",
    "Balance",
    "Batch",
    "BatchDiffers",
    "BatchExpired",
    "BatchIncomplete",
    "BulkAllotment",
    "BulkBatch",
    "Consignment",
    "Lot",
    "MovementDiffers",
    "MovementKind",
    "NewBatch",
    "NoSuchStore",
    "NotEnoughStock",
    "NotIssued",
    "NotSoManyThere",
    "NothingMoved",
    "NothingOnTheWay",
    "Recorded",
    "Store",
    "Tier",
    "UnknownBatch",
    "Used",
    "VaccineBatch",
    "WasteReason",
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
    "in_session",
    "issue_to_session",
    "movements",
    "receive",
    "receive_and_allot",
    "receive_batch",
    "store_named",
    "transit",
    "waste",
]
