"""Notifications: what people are told by message, in their language, once for each cause. FHIR Communication.

Texts come from the country pack, gateways from the operator's file. A message is written when its job runs; the
dispatcher hands it on by the first gateway that takes it, one-time passwords first; where no channel is set up it
waits, and `opencowin doctor` says so. Owns the tables `message`, `gateway_day`, `gateway_receipt`,
`reminder`, `reminder_day` and `device`.
"""

from opencowin.notifications.channels import Channel, Delivery, NoChannel, OutboxChannel, Outcome
from opencowin.notifications.devices import DeviceInvalid, PushAddress, TooManyDevices, add_device, end_device
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
from opencowin.notifications.reminding import DOSE_DUE, REMINDED, DoseDue, remind
from opencowin.notifications.reminding import forget_old as forget_reminders
from opencowin.notifications.routing import Router, router_of
from opencowin.notifications.sending import Scribe, forget_old, latest_message, waiting, write
from opencowin.notifications.templates import Template, Texts, read_texts

__all__ = [
    "DOSE_DUE",
    "REMINDED",
    "Carriage",
    "Channel",
    "Delivery",
    "DeviceInvalid",
    "DoseDue",
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
    "PushAddress",
    "Quiet",
    "Receipt",
    "Router",
    "Scribe",
    "Template",
    "Texts",
    "TooManyDevices",
    "Waiting",
    "add_device",
    "dispatch",
    "end_device",
    "forget_old",
    "forget_reminders",
    "hand_on",
    "handlers",
    "latest_message",
    "note_receipt",
    "read_carriage",
    "read_texts",
    "remind",
    "router_of",
    "sms_parts",
    "waiting",
    "write",
]
