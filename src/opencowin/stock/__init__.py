"""Stock: the batches that centres have received, and which of their doses are allotted to which session.

FHIR Medication.batch and SupplyDelivery; WHO "vaccine lot". A dose is allotted once: soonest-expiring batches first,
never more of a batch than was received. Owns the tables `batch` and `session_batch`.
"""

from opencowin.stock.batches import NewBatch, batches_at, receive_batch
from opencowin.stock.bulk import BulkAllotment, BulkBatch, receive_and_allot
from opencowin.stock.model import Allotment, Batch
from opencowin.stock.refusals import BatchDiffers, BatchExpired, BatchIncomplete, NotEnoughStock
from opencowin.stock.sessions import allot, allotted_to, give_back

__all__ = [
    "Allotment",
    "Batch",
    "BatchDiffers",
    "BatchExpired",
    "BatchIncomplete",
    "BulkAllotment",
    "BulkBatch",
    "NewBatch",
    "NotEnoughStock",
    "allot",
    "allotted_to",
    "batches_at",
    "give_back",
    "receive_and_allot",
    "receive_batch",
]
