"""Notifications: what people are told by message, in their language, once for each cause. FHIR Communication.

Texts come from the country pack. A message is written when its job runs and handed to a channel; where no channel is
set up it waits, and `opencowin doctor` says so. Owns the table `message`.
"""

from opencowin.notifications.channels import Channel, Delivery, NoChannel, OutboxChannel, channel_of
from opencowin.notifications.handlers import handlers
from opencowin.notifications.model import Draft, Message, MessageState, OnlyInDemoMode, Outgoing, Waiting
from opencowin.notifications.sending import deliver, latest_message, send_left_behind, waiting
from opencowin.notifications.templates import Template, Texts, read_texts

__all__ = [
    "Channel",
    "Delivery",
    "Draft",
    "Message",
    "MessageState",
    "NoChannel",
    "OnlyInDemoMode",
    "OutboxChannel",
    "Outgoing",
    "Template",
    "Texts",
    "Waiting",
    "channel_of",
    "deliver",
    "handlers",
    "latest_message",
    "read_texts",
    "send_left_behind",
    "waiting",
]
