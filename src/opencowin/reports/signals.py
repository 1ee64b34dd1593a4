"""Batches that stand out by adverse events: a plain test, repeated every few minutes, that tells where to look.

For each batch: severe and serious events after its doses, reported in the last 30 days, against what as many doses of
the vaccine's other batches had. A batch stands out from three events on, when so many or more would come by chance
less than once in a hundred times (Poisson). It is a reason to look, not a finding.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from math import exp

from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection
from opencowin.reports import signal_queries as queries
from opencowin.reports.signal_queries import BatchSignal

WINDOW = timedelta(days=30)
FEWEST_EVENTS = 3
RARER_THAN = 0.01


async def find_signals(conn: Connection, clock: Clock) -> int:
    """Compute them anew; how many batches stand out."""
    now = clock.now()
    batches = await queries.events_by_batch(conn, now - WINDOW)
    events_of_vaccine: Counter[str] = Counter()
    for one in batches:
        events_of_vaccine[one.vaccine_id] += one.events
    given = {one.vaccine_id: one.doses for one in await queries.doses_by_vaccine(conn)}
    found = []
    for one in batches:
        if one.events < FEWEST_EVENTS:
            continue
        doses = await queries.doses_of_batch(conn, one.vaccine_id, one.batch_number)
        others = max(1, given.get(one.vaccine_id, 0) - doses)
        expected = (events_of_vaccine[one.vaccine_id] - one.events) / others * doses
        chance = chance_of(one.events, expected)
        if chance < RARER_THAN:
            found.append(
                BatchSignal(
                    one.vaccine_id, one.batch_number, one.events, doses, expected, chance, one.district_ids, now
                )
            )
    await queries.replace_signals(conn, found)
    return len(found)


async def batch_signals(conn: Connection, district_ids: Sequence[int] | None) -> list[BatchSignal]:
    """The batches that stand out with events in one of these districts (None: anywhere), the rarest first."""
    found = await queries.signals(conn)
    return [one for one in found if district_ids is None or set(one.district_ids) & set(district_ids)]


def chance_of(events: int, expected: float) -> float:
    """How likely so many events or more are where `expected` are usual (Poisson)."""
    term = exp(-expected)
    below = 0.0
    for number in range(events):
        below += term
        term *= expected / (number + 1)
    return max(0.0, 1.0 - below)
