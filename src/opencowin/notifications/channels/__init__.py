"""Channels: what hands messages on, one module for each way. Nothing here writes to the database.

It is a part of the room `notifications`: FHIR calls what is handed on a Communication. It owns no tables.
"""

from opencowin.notifications.channels.delivery import Channel, Delivery, Outcome
from opencowin.notifications.channels.outbox import NoChannel, OutboxChannel

__all__ = ["Channel", "Delivery", "NoChannel", "OutboxChannel", "Outcome"]
