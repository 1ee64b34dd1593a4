"""Notifications: what people are told by message, in their language, once for each cause. FHIR Communication.

Texts come from the country pack, gateways from the operator's file. A message is written when its job runs; the
dispatcher hands it on by the first gateway that takes it, one-time passwords first; where no channel is set up it
waits, and `opencowin doctor` says so. Owns the tables `message`, `gateway_day` and `gateway_receipt`.
"""

from opencowin.notifications.channels import Channel, Delivery, NoChannel, OutboxChannel, Outcome
from opencowin.notifications.dispatching import dispatch, hand_on
from opencowin.notifications.gateways import Carriage, Gateway, Kind, Quiet, read_carriage
from opencowin.notifications.handlers import handlers
from opencowin.notifications.model import (
    Draft,
    Medium,
    Message,
    MessageState,
    OnlyInDemoMode,
    Outgoing,
    Priority,
    Receipt,
    Waiting,
    sms_parts,
)
from opencowin.notifications.receipts import note_receipt
from opencowin.notifications.routing import Router, router_of
from opencowin.notifications.sending import Scribe, forget_old, latest_message, waiting, write
from opencowin.notifications.templates import Template, Texts, read_texts

__all__ = [
    "Carriage",
    "Channel",
    "Delivery",
    "Draft",
    "Gateway",
    "Kind",
    "Medium",
    "Message",
    "MessageState",
    "NoChannel",
    "OnlyInDemoMode",
    "OutboxChannel",
    "Outcome",
    "Outgoing",
    "Priority",
    "Quiet",
    "Receipt",
    "Router",
    "Scribe",
    "Template",
    "Texts",
    "Waiting",
    "dispatch",
    "forget_old",
    "hand_on",
    "handlers",
    "latest_message",
    "note_receipt",
    "read_carriage",
    "read_texts",
    "router_of",
    "sms_parts",
    "waiting",
    "write",
]
