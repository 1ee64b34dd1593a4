"""Announces dated rules: a new version beside the old ones, never an edit, never for a day that has begun.

A booking made before the announcement keeps the rule that it was made under, but for a stop for safety.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from opencowin.kit.actor import Actor, NotPermitted, Permission, Place
from opencowin.kit.audit import record
from opencowin.kit.country import PackBroken
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.programme import pack as files
from opencowin.programme import queries
from opencowin.programme.model import DatedRule, Group, Opening, Programme, Step
from opencowin.programme.queries import AnnouncedRule
from opencowin.programme.refusals import RuleInvalid, RuleRetroactive, RuleUnexplained
from opencowin.programme.service import current_programme

LONGEST_SOURCE = 200
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleWish:
    """A rule as an officer wishes it: an opening when it names a group, else a step."""

    valid_from: date
    valid_until: date | None = None
    withdrawn: bool = False
    stop: bool = False
    """A stop for safety: it also holds for bookings made before."""
    source: str
    doses: tuple[int, ...]
    group_id: str = ""
    vaccines: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    min_days: int = 0
    max_days: int | None = None


async def draft_rule(
    conn: Connection, floor: Floor, actor: Actor, wish: RuleWish, sent: UUID | None = None
) -> tuple[Programme, Opening | Step]:
    """The rule of a wish and the programme as it would be with it; nothing is written.

    Raises NotPermitted (also for a state that does more than narrow), RuleUnexplained, RuleRetroactive, RuleInvalid.
    """
    actor.require(Permission.MANAGE_RULES)
    rules = await current_programme(conn)
    rule = _rule(floor, actor, wish, _rule_id(sent or uuid4()))
    _permit(actor, rules, rule)
    if not 3 <= len(wish.source.strip()) <= LONGEST_SOURCE:
        raise RuleUnexplained(field="source", most=LONGEST_SOURCE)
    first = floor.clock.today() if wish.stop else floor.clock.today() + _DAY
    if rule.valid_from < first:
        raise RuleRetroactive(field="valid_from", first=first)
    return _with(rules, rule), rule


async def announce_rule(conn: Connection, floor: Floor, actor: Actor, wish: RuleWish, sent: UUID | None = None) -> str:
    """Add the rule to the live programme; its id. With the id of a form, sent twice it is one.

    Raises what `draft_rule` raises.
    """
    actor.require(Permission.MANAGE_RULES)
    if sent and await queries.is_announced(conn, _rule_id(sent), actor.actor_id):
        return _rule_id(sent)
    programme, rule = await draft_rule(conn, floor, actor, wish, sent)
    kind = "opening" if isinstance(rule, Opening) else "step"
    body = next(one for one in files.dump(programme)[1][kind] if one["rule_id"] == rule.rule_id)
    stored = AnnouncedRule(kind, body, actor.actor_id, floor.clock.now())
    await queries.insert_rule(conn, programme.programme_id, stored)
    await queries.rules_changed(conn, programme.programme_id)
    detail: Mapping[str, Any] = {"kind": kind, "from": body["valid_from"], "withdrawn": rule.withdrawn}
    subject = ("rule", rule.rule_id)
    await record(conn, actor, "programme.announce_rule", subject=subject, reason=rule.source, detail=detail)
    return rule.rule_id


def groups_to_announce(actor: Actor, rules: Programme) -> list[Group]:
    """The groups about which the actor may announce rules: the nation about all, a state about those it may narrow."""
    if Permission.MANAGE_RULES not in actor.permissions or actor.place.district_id is not None:
        return []
    return [one for one in rules.groups.values() if actor.place == Place() or one.states_may_narrow]


def _rule_id(sent: UUID) -> str:
    return f"officer-{sent.hex[:12]}"


def _rule(floor: Floor, actor: Actor, wish: RuleWish, rule_id: str) -> Opening | Step:
    """Decided tomorrow, so that no booking of today is judged by it; a stop is decided now and spares none."""
    today = floor.clock.today()
    dated: dict[str, Any] = {
        "rule_id": rule_id,
        "decided_on": today if wish.stop else today + _DAY,
        "valid_from": wish.valid_from,
        "valid_until": wish.valid_until,
        "honours_bookings": not wish.stop,
        "withdrawn": wish.withdrawn or wish.stop,
        "source": wish.source.strip(),
    }
    if wish.group_id:
        where = actor.place.state_id
        return Opening(**dated, group_id=wish.group_id, doses=wish.doses, vaccines=wish.vaccines, state_id=where)
    if len(wish.vaccines) != 1 or len(wish.doses) != 1:
        raise RuleInvalid(field="vaccines")
    (vaccine_id,), (dose,) = wish.vaccines, wish.doses
    return Step(
        **dated, vaccine_id=vaccine_id, dose=dose, after=wish.after, min_days=wish.min_days, max_days=wish.max_days
    )


def _permit(actor: Actor, rules: Programme, rule: Opening | Step) -> None:
    if actor.place == Place():
        return
    mine = {group.group_id for group in groups_to_announce(actor, rules)}
    if not isinstance(rule, Opening) or rule.group_id not in mine or not rule.withdrawn:
        raise NotPermitted


def _with(rules: Programme, rule: Opening | Step) -> Programme:
    """The programme with one rule more, checked as a country pack is."""
    grown = (
        replace(rules, openings=(*rules.openings, rule))
        if isinstance(rule, Opening)
        else replace(rules, steps=(*rules.steps, rule))
    )
    try:
        return files.load(*files.dump(grown))
    except PackBroken as no:
        raise RuleInvalid(field=_field(rule)) from no


def _field(rule: DatedRule) -> str:
    return "valid_until" if rule.valid_until and rule.valid_until < rule.valid_from else "doses"
