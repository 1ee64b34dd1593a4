"""SQL of weekly templates: one function, one statement."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from opencowin.kit.db import Connection, fetch_all, fetch_one, run
from opencowin.scheduling.templates_model import Template

TEMPLATES: LiteralString = """
    SELECT district_id, template_id, centre_id, name, weekdays, vaccine_id, min_age, max_age, fee,
           slots AS stored_slots, doses, round, closed, reserved_for, reserved_hours,
           bookable_days, bookable_time
    FROM session_template
"""


async def save_template(conn: Connection, template: Template, at: datetime, by: str) -> bool:
    """Enter a template or change it; False when its id is another centre's."""
    touched = await run(
        conn,
        """
        INSERT INTO session_template AS t (district_id, template_id, centre_id, name, weekdays, vaccine_id, min_age,
            max_age, fee, slots, doses, round, closed, reserved_for, reserved_hours, bookable_days, bookable_time,
            saved_at, saved_by)
        VALUES (%(district)s, %(template)s, %(centre)s, %(name)s, %(weekdays)s, %(vaccine)s, %(min_age)s, %(max_age)s,
                %(fee)s, %(slots)s, %(doses)s, %(round)s, %(closed)s, %(reserved_for)s, %(reserved_hours)s,
                %(bookable_days)s, %(bookable_time)s, %(at)s, %(by)s)
        ON CONFLICT (district_id, template_id) DO UPDATE SET name = excluded.name, weekdays = excluded.weekdays,
            vaccine_id = excluded.vaccine_id, min_age = excluded.min_age, max_age = excluded.max_age,
            fee = excluded.fee, slots = excluded.slots, doses = excluded.doses, round = excluded.round,
            closed = excluded.closed, reserved_for = excluded.reserved_for,
            reserved_hours = excluded.reserved_hours, bookable_days = excluded.bookable_days,
            bookable_time = excluded.bookable_time, saved_at = excluded.saved_at, saved_by = excluded.saved_by
            WHERE t.centre_id = excluded.centre_id AND t.ended_at IS NULL
        """,
        district=template.district_id,
        template=template.template_id,
        centre=template.centre_id,
        name=template.name,
        weekdays=list(template.weekdays),
        vaccine=template.vaccine_id,
        min_age=template.min_age,
        max_age=template.max_age,
        fee=template.fee,
        slots=Jsonb(template.stored_slots),
        doses=template.doses,
        round=template.round,
        closed=template.closed,
        reserved_for=template.reserved_for,
        reserved_hours=template.reserved_hours,
        bookable_days=template.bookable_days,
        bookable_time=template.bookable_time,
        at=at,
        by=by,
    )
    return touched == 1


async def template(conn: Connection, template_id: UUID) -> Template | None:
    """A template that is in use."""
    return await fetch_one(
        conn,
        Template,
        TEMPLATES + """WHERE template_id = %(id)s AND ended_at IS NULL""",
        id=template_id,
    )


async def templates(conn: Connection, district_id: int, centre_id: int) -> list[Template]:
    """The templates of a centre that are in use, by name."""
    return await fetch_all(
        conn,
        Template,
        TEMPLATES
        + """WHERE district_id = %(district)s AND centre_id = %(centre)s AND ended_at IS NULL ORDER BY name""",
        district=district_id,
        centre=centre_id,
    )


async def end_template(conn: Connection, district_id: int, template_id: UUID, now: datetime) -> int:
    """A template is not used any more."""
    return await run(
        conn,
        """
        UPDATE session_template SET ended_at = %(now)s
        WHERE district_id = %(district)s AND template_id = %(template)s AND ended_at IS NULL
        """,
        district=district_id,
        template=template_id,
        now=now,
    )


async def set_origin(conn: Connection, district_id: int, session_id: UUID, template_id: UUID) -> int:
    """Write down from which template a session was made."""
    return await run(
        conn,
        """
        UPDATE session SET template_id = %(template)s WHERE district_id = %(district)s AND session_id = %(session)s
        """,
        district=district_id,
        session=session_id,
        template=template_id,
    )
