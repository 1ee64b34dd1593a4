"""Weekly templates: what a centre holds in a usual week, made into drafts for the weeks that are wanted."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID, uuid5

from opencowin.kit.actor import Actor, NotPermitted, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.places import Centre, in_scope, read_centre
from opencowin.programme import current_programme
from opencowin.scheduling import template_queries
from opencowin.scheduling.calendar import read_planning_rules
from opencowin.scheduling.model import NewSession, begins
from opencowin.scheduling.planning import Made, draft_session, week_of
from opencowin.scheduling.refusals import NoSuchTemplate, SessionInPast, TemplateIncomplete, TooManyWeeks
from opencowin.scheduling.sessions import check_session
from opencowin.scheduling.templates_model import Template

MOST_WEEKS = 12
MOST_DAYS_AHEAD = 90
LONGEST_TEMPLATE_NAME = 80


async def save_template(conn: Connection, floor: Floor, actor: Actor, template: Template) -> None:
    """Save a template; what it was made into stays as it is.

    Raises NotPermitted, UnknownCentre, TemplateIncomplete, NoSuchTemplate and what `check_session` raises.
    """
    centre = await _centre(conn, actor, template.centre_id)
    days = sorted(set(template.weekdays))
    opens = (template.bookable_days, template.bookable_time)
    if (opens[0] is None) != (opens[1] is None) or not 0 <= (opens[0] or 0) <= MOST_DAYS_AHEAD:
        raise TemplateIncomplete(field="bookable_days")
    if not days or not 1 <= days[0] <= days[-1] <= 7 or not 0 < len(template.name.strip()) <= LONGEST_TEMPLATE_NAME:
        raise TemplateIncomplete(field="weekdays")
    tidy = replace(template, district_id=centre.district_id, weekdays=tuple(days), name=template.name.strip())
    some_day = floor.clock.today() + timedelta(days=1)
    check_session(floor.clock, _session(floor, tidy, some_day), centre, await current_programme(conn))
    if not await template_queries.save_template(conn, tidy, floor.clock.now(), actor.actor_id):
        raise NoSuchTemplate(field="template_id")
    subject, detail = ("session_template", tidy.template_id), {"centre": centre.centre_id, "weekdays": days}
    await record(conn, actor, "scheduling.save_template", subject=subject, reason="planned", detail=detail)


async def end_template(conn: Connection, floor: Floor, actor: Actor, template_id: UUID) -> None:
    """A template is not used any more. Raises NoSuchTemplate, NotPermitted."""
    template = await read_template(conn, actor, template_id)
    await template_queries.end_template(conn, template.district_id, template_id, floor.clock.now())
    subject = ("session_template", template_id)
    await record(conn, actor, "scheduling.end_template", subject=subject, reason="ended")


async def templates_of(conn: Connection, actor: Actor, centre_id: int) -> list[Template]:
    """The templates of a centre. Raises NotPermitted, UnknownCentre."""
    centre = await _centre(conn, actor, centre_id)
    return await template_queries.templates(conn, centre.district_id, centre_id)


async def read_template(conn: Connection, actor: Actor, template_id: UUID) -> Template:
    """A template. Raises NoSuchTemplate, NotPermitted."""
    template = await template_queries.template(conn, template_id)
    if template is None:
        raise NoSuchTemplate(field="template_id")
    await _centre(conn, actor, template.centre_id)
    return template


async def make_weeks(  # noqa: PLR0917 (said in one breath: this template, so many weeks from then, published then)
    conn: Connection,
    floor: Floor,
    actor: Actor,
    template_id: UUID,
    monday: date,
    weeks: int,
    at: datetime | None = None,
    *,
    days_off: frozenset[date] = frozenset(),
) -> Made:
    """Draft a template's sessions for weeks from that of `monday` on. Doing it again makes none a second time.

    Holidays of the country, `days_off`, days that are over and days that have one are left out.
    Raises NoSuchTemplate, NotPermitted, TooManyWeeks, CentreClosed and what `draft_session` raises.
    """
    template = await read_template(conn, actor, template_id)
    if not 0 < weeks <= MOST_WEEKS:
        raise TooManyWeeks(field="weeks", most=MOST_WEEKS)
    holidays, first = read_planning_rules(floor.pack), week_of(monday)
    days = [first + timedelta(days=7 * week + day - 1) for week in range(weeks) for day in template.weekdays]
    made, skipped = [], 0
    for day in days:
        if holidays.is_holiday(day) or day in days_off:
            skipped += 1
            continue
        key, wanted = uuid5(template_id, str(day)), _session(floor, template, day)
        try:
            session_id, new = await draft_session(conn, floor, actor, wanted, at, key)
        except SessionInPast:
            skipped += 1
            continue
        if not new:
            skipped += 1
            continue
        await template_queries.set_origin(conn, template.district_id, session_id, template_id)
        made.append(session_id)
    return Made(made, skipped)


def _session(floor: Floor, template: Template, day: date) -> NewSession:
    hours = template.reserved_hours
    midnight = begins(floor.clock, day, datetime.min.time())
    return NewSession(
        centre_id=template.centre_id,
        held_on=day,
        vaccine_id=template.vaccine_id,
        min_age=template.min_age,
        max_age=template.max_age,
        fee=template.fee,
        slots=template.slots,
        doses=template.doses,
        round=template.round,
        closed=template.closed,
        reserved_for=template.reserved_for,
        bookable_from=_opens(floor, template, day),
        opens_to_all_at=None if hours is None or not template.reserved_for else midnight - timedelta(hours=hours),
    )


def _opens(floor: Floor, template: Template, day: date) -> datetime | None:
    if template.bookable_days is None or template.bookable_time is None:
        return None
    return begins(floor.clock, day - timedelta(days=template.bookable_days), template.bookable_time)


async def _centre(conn: Connection, actor: Actor, centre_id: int) -> Centre:
    actor.require(Permission.PUBLISH_SESSIONS)
    centre = await read_centre(conn, centre_id)
    if not await in_scope(conn, actor, district_id=centre.district_id, centre_id=centre_id):
        raise NotPermitted
    return centre
