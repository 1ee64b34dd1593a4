"""Alerts: people who want to be told of free seats, and whom a session is told of, by lot and a few for each seat.

FHIR Subscription. A session that was published, or seats that were given back, meet all subscriptions in one
statement. Nobody is told twice of one session, and at no time are many more told than there are seats: the others
hear in a later round, if seats are left. Owns the tables `subscription`, `alert` and `alert_round`.
"""

from opencowin.alerts.keywords import Keyword, keyword_of, read_keywords, stop_code, words_of, yes_code
from opencowin.alerts.matching import AlertRound, alert_round, forget_old, next_rounds, nobody_waits
from opencowin.alerts.model import LETTERS, MOST_KM, NewSubscription, Subscription
from opencowin.alerts.queries import Alerted
from opencowin.alerts.refusals import (
    NoSuchSubscription,
    RadiusInvalid,
    TooManySubscriptions,
    UnknownPin,
    UnknownVaccine,
    WhereMissing,
)
from opencowin.alerts.subscribing import stop_by_reply, stop_for, subscribe, subscriptions_of, unsubscribe

__all__ = [
    "LETTERS",
    "MOST_KM",
    "AlertRound",
    "Alerted",
    "Keyword",
    "NewSubscription",
    "NoSuchSubscription",
    "RadiusInvalid",
    "Subscription",
    "TooManySubscriptions",
    "UnknownPin",
    "UnknownVaccine",
    "WhereMissing",
    "alert_round",
    "forget_old",
    "keyword_of",
    "next_rounds",
    "nobody_waits",
    "read_keywords",
    "stop_by_reply",
    "stop_code",
    "stop_for",
    "subscribe",
    "subscriptions_of",
    "unsubscribe",
    "words_of",
    "yes_code",
]
