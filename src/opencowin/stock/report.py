"""What became of vaccine: received, given, wasted by reason and lost, by place and vaccine, from the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from opencowin.kit.actor import Actor, NotPermitted, Permission, Place
from opencowin.kit.db import Connection, fetch_all
from opencowin.places import Within, places_within
from opencowin.stock.stores import Store, Tier


class Level(StrEnum):
    """What a line of the report is about."""

    STATE = "state"
    DISTRICT = "district"
    CENTRE = "centre"


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


def level_of(place: Place) -> Level:
    """The places below a scope."""
    if place.district_id is not None or place.centre_id is not None:
        return Level.CENTRE
    return Level.STATE if place.state_id is None else Level.DISTRICT


async def use_of_doses(conn: Connection, actor: Actor, place: Place, first: datetime, after: datetime) -> list[Usage]:
    """What became of vaccine from `first` until before `after` in the places below one. Raises NotPermitted."""
    if not actor.permissions & {Permission.PUBLISH_SESSIONS, Permission.VACCINATE}:
        raise NotPermitted
    level = level_of(place)
    inside = await places_within(conn, place)
    return await fetch_all(
        conn,
        Usage,
        _USAGE,
        first=first,
        after=after,
        accounts=[_store_of(one).account for one in inside],
        places=[_line_of(one, level) or 0 for one in inside],
    )


def _store_of(one: Within) -> Store:
    if one.centre_id is not None:
        return Store(Tier.CENTRE, one.centre_id)
    if one.district_id is not None:
        return Store(Tier.DISTRICT, one.district_id)
    return Store(Tier.NATION) if one.state_id is None else Store(Tier.STATE, one.state_id)


def _line_of(one: Within, level: Level) -> int | None:
    return {Level.STATE: one.state_id, Level.DISTRICT: one.district_id, Level.CENTRE: one.centre_id}[level]


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
