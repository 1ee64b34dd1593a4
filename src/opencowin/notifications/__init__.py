"""Notifications: what people are told by message, in their language, once for each cause. FHIR Communication.

Texts come from the country pack, gateways from the operator's file. A message is written when its job runs; the
dispatcher hands it on by the first gateway that takes it, one-time passwords first; where no channel is set up it
waits, and `opencowin doctor` says so. A household is reached by SMS, on its devices, and at addresses that it has
proved; people may write back. Owns the tables `message`, `gateway_day`, `gateway_receipt`, `reminder`, `reminder_day`,
`device`, `household_address`, `address_proof`, `sms_last`, `spare_message` and `chat_line`.
"""

from opencowin.notifications.addresses import (
    AddressInvalid,
    HouseholdAddress,
    ProofWrong,
    TooManyAddresses,
    TooManyProofs,
    WayNotOffered,
    Ways,
    ask_chat,
    ask_proof,
    choose_sms,
    end_address,
    end_for_all,
    forget_proofs,
    prove,
    ways_of,
)
from opencowin.notifications.channels import Channel, Delivery, NoChannel, OutboxChannel, Outcome
from opencowin.notifications.chats import stop_by_mail
from opencowin.notifications.devices import (
    DeviceInvalid,
    PushAddress,
    TooManyDevices,
    add_device,
    end_device,
    end_devices,
    push_key,
)
from opencowin.notifications.dispatching import dispatch, hand_on
from opencowin.notifications.gateways import Carriage, Gateway, Kind, Quiet, read_carriage
from opencowin.notifications.handlers import handlers
from opencowin.notifications.listening import listen
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
from opencowin.notifications.reaching import settle_spares
from opencowin.notifications.receipts import note_receipt
from opencowin.notifications.reminding import DOSE_DUE, REMINDED, DoseDue, remind
from opencowin.notifications.reminding import forget_old as forget_reminders
from opencowin.notifications.routing import Router, router_of
from opencowin.notifications.sending import Scribe, forget_old, latest_message, waiting, write
from opencowin.notifications.stopping import stop_link, stopped_address
from opencowin.notifications.templates import Template, Texts, read_texts

__all__ = [
    "DOSE_DUE",
    "REMINDED",
    "AddressInvalid",
    "Carriage",
    "Channel",
    "Delivery",
    "DeviceInvalid",
    "DoseDue",
    "Draft",
    "Gateway",
    "HouseholdAddress",
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
    "ProofWrong",
    "PushAddress",
    "Quiet",
    "Receipt",
    "Router",
    "Scribe",
    "Template",
    "Texts",
    "TooManyAddresses",
    "TooManyDevices",
    "TooManyProofs",
    "Waiting",
    "WayNotOffered",
    "Ways",
    "add_device",
    "ask_chat",
    "ask_proof",
    "choose_sms",
    "dispatch",
    "end_address",
    "end_device",
    "end_devices",
    "end_for_all",
    "forget_old",
    "forget_proofs",
    "forget_reminders",
    "hand_on",
    "handlers",
    "latest_message",
    "listen",
    "note_receipt",
    "prove",
    "push_key",
    "read_carriage",
    "read_texts",
    "remind",
    "router_of",
    "settle_spares",
    "sms_parts",
    "stop_by_mail",
    "stop_link",
    "stopped_address",
    "waiting",
    "ways_of",
    "write",
]
