"""SQL of the report of use: one function, one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from opencowin.kit.db import Connection, fetch_all


@dataclass(frozen=True, slots=True)
class Usage:
    """Doses of one vaccine at one place in a period; `on_hand` is what is there now, sessions' doses included."""

    place_id: int
    """Which state, district or centre, by the level asked for; 0: the store of the place above."""
    vaccine_id: str
    received: int
    sent: int
    given: int
    wasted: int
    by_reason: Mapping[str, int]
    missing: int
    lost_on_the_way: int
    vials_opened: int
    on_hand: int
    soonest_expiry: date | None

    @property
    def wastage(self) -> float | None:
        """The share of doses used up that nobody got, as WHO counts it; None where none were used."""
        used = self.given + self.wasted
        return self.wasted / used if used else None

    @property
    def utilisation(self) -> float | None:
        """The share of doses used up that were given."""
        return None if self.wastage is None else 1 - self.wastage


async def usage(conn: Connection, lines: Sequence[tuple[str, int]], first: datetime, after: datetime) -> list[Usage]:
    """What became of the doses of these stores, summed up by the number that each is given."""
    return await fetch_all(
        conn,
        Usage,
        _USAGE,
        first=first,
        after=after,
        accounts=[account for account, _ in lines],
        places=[line for _, line in lines],
    )


_USAGE = """
    WITH inside AS (
        SELECT * FROM unnest(%(accounts)s::text[], %(places)s::integer[]) AS i (account, place_id)),
    held_by AS (
        SELECT account, account AS store FROM inside
        UNION ALL SELECT DISTINCT m.target, m.source FROM stock_movement m JOIN inside i ON i.account = m.source
                  WHERE m.kind = 'issue'
        UNION ALL SELECT 'transit:' || consignment_id, target FROM stock_consignment JOIN inside ON account = target),
    moved AS (
        SELECT h.store, m.vaccine_id, m.source AS account, m.kind, m.target AS other, -m.doses AS doses
        FROM stock_movement m JOIN held_by h ON h.account = m.source
        WHERE m.recorded_at >= %(first)s AND m.recorded_at < %(after)s
        UNION ALL
        SELECT i.account, m.vaccine_id, m.target, m.kind, m.source, m.doses
        FROM stock_movement m JOIN inside i ON i.account = m.target
        WHERE m.recorded_at >= %(first)s AND m.recorded_at < %(after)s AND m.kind IN ('receipt', 'arrival')),
    sums AS (
        SELECT i.place_id, m.vaccine_id,
               coalesce(sum(doses) FILTER (WHERE kind IN ('receipt', 'arrival') AND doses > 0), 0) AS received,
               coalesce(-sum(doses) FILTER (WHERE kind = 'dispatch'), 0) AS sent,
               coalesce(-sum(doses) FILTER (WHERE kind = 'use'), 0) AS given,
               coalesce(-sum(doses) FILTER (WHERE kind = 'waste'), 0) AS wasted,
               coalesce(-sum(doses) FILTER (WHERE other = 'missing' AND m.account NOT LIKE 'transit:%%'), 0) AS missing,
               coalesce(-sum(doses) FILTER (WHERE other = 'missing' AND m.account LIKE 'transit:%%'), 0) AS lost
        FROM moved m JOIN inside i ON i.account = m.store GROUP BY 1, 2),
    reasons AS (
        SELECT place_id, vaccine_id, jsonb_object_agg(reason, doses) AS by_reason FROM (
            SELECT i.place_id, m.vaccine_id, substr(m.other, 8) AS reason, -sum(m.doses) AS doses
            FROM moved m JOIN inside i ON i.account = m.store WHERE m.kind = 'waste' GROUP BY 1, 2, 3) r GROUP BY 1, 2),
    vials AS (
        SELECT i.place_id, v.vaccine_id, sum(v.vials) AS vials FROM vial_opening v JOIN held_by h USING (account)
        JOIN inside i ON i.account = h.store
        WHERE v.opened_at >= %(first)s AND v.opened_at < %(after)s GROUP BY 1, 2),
    now_there AS (
        SELECT i.place_id, b.vaccine_id, sum(b.doses) AS doses, min(f.expires_on) AS soonest
        FROM stock_balance b JOIN held_by h USING (account) JOIN inside i ON i.account = h.store
        JOIN vaccine_batch f USING (vaccine_id, batch_number)
        WHERE b.doses > 0 AND b.account NOT LIKE 'transit:%%' GROUP BY 1, 2)
    SELECT place_id,
           vaccine_id, coalesce(received, 0)::bigint AS received, coalesce(sent, 0)::bigint AS sent,
           coalesce(given, 0)::bigint AS given, coalesce(wasted, 0)::bigint AS wasted,
           coalesce(by_reason, '{}') AS by_reason, coalesce(missing, 0)::bigint AS missing,
           coalesce(lost, 0)::bigint AS lost_on_the_way, coalesce(vials, 0)::bigint AS vials_opened,
           coalesce(doses, 0)::bigint AS on_hand, soonest AS soonest_expiry
    FROM (SELECT place_id, vaccine_id FROM sums UNION SELECT place_id, vaccine_id FROM now_there) every
    LEFT JOIN sums USING (place_id, vaccine_id) LEFT JOIN reasons USING (place_id, vaccine_id)
    LEFT JOIN vials USING (place_id, vaccine_id) LEFT JOIN now_there USING (place_id, vaccine_id)
    ORDER BY place_id, vaccine_id
"""
