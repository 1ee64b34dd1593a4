"""Feeds: programs of others are told what changes for people who look for a seat, by calls to an address of theirs.

FHIR Subscription, for programs. What is told stands in the journal of `scheduling`; a webhook has a cursor in it, is
called with what follows, and again and again until it takes it. Owns the table `webhook`.
"""

from opencowin.feeds.addresses import AddressUnusable, look_up
from opencowin.feeds.hooks import (
    MOST_PLACES,
    NewWebhook,
    NoSuchWebhook,
    TooManyWebhooks,
    Webhook,
    WebhookMade,
    add_webhook,
    end_webhook,
    replay_webhook,
    webhooks_of,
)
from opencowin.feeds.sending import WEBHOOK_OFF, WebhookOff, call_webhooks
from opencowin.feeds.signing import signed, verified
from opencowin.feeds.telling import written

__all__ = [
    "MOST_PLACES",
    "WEBHOOK_OFF",
    "AddressUnusable",
    "NewWebhook",
    "NoSuchWebhook",
    "TooManyWebhooks",
    "Webhook",
    "WebhookMade",
    "WebhookOff",
    "add_webhook",
    "call_webhooks",
    "end_webhook",
    "look_up",
    "replay_webhook",
    "signed",
    "verified",
    "webhooks_of",
    "written",
]
