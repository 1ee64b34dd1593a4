"""SQL that tells what is on record in the rooms below, set by set: what a check asks, and what an undo must leave."""

from collections.abc import Sequence
from uuid import UUID

from opencowin.kit.db import Connection, fetch_value
from opencowin.registry import Person
from opencowin.vaccination import UnknownVaccine


def unknown_vaccine(written: str) -> UnknownVaccine:
    """The refusal of a vaccine that the programme does not have."""
    return UnknownVaccine(vaccine_id=written[:60])


async def centres_on_record(conn: Connection, district_ids: Sequence[int]) -> set[tuple[str, str, str]]:
    """The open centres of these districts: district, postal code and name, in small letters."""
    cursor = await conn.execute(
        """
        SELECT district_id::text, lower(pin_code), name FROM centre
        WHERE district_id = ANY (%(districts)s) AND closed_at IS NULL
        """,
        {"districts": list(district_ids)},
    )
    return {(row[0], row[1], row[2].casefold()) for row in await cursor.fetchall()}


async def centre_is_used(conn: Connection, district_id: int, centre_id: int) -> bool:
    """Whether a centre has sessions, stock, staff or doses."""
    return bool(
        await fetch_value(
            conn,
            """
            SELECT EXISTS (SELECT FROM session WHERE district_id = %(district)s AND centre_id = %(centre)s)
                OR EXISTS (SELECT FROM stock_movement WHERE source = 'centre:' || %(centre)s::text)
                OR EXISTS (SELECT FROM stock_movement WHERE target = 'centre:' || %(centre)s::text)
                OR EXISTS (SELECT FROM staff WHERE centre_id = %(centre)s)
                OR EXISTS (SELECT FROM dose WHERE district_id = %(district)s AND centre_id = %(centre)s)
            """,
            district=district_id,
            centre=centre_id,
        )
    )


async def session_is_used(conn: Connection, session_id: UUID) -> bool:
    """Whether somebody has, or had until it was over, an appointment in a session, or got a dose there."""
    return bool(
        await fetch_value(
            conn,
            """
            SELECT EXISTS (
                SELECT FROM appointment JOIN session_directory USING (district_id, session_id)
                WHERE session_id = %(session)s AND state IN ('booked', 'given', 'missed'))
                OR EXISTS (
                SELECT FROM session_directory d JOIN session s USING (district_id, session_id)
                    JOIN dose ON dose.district_id = s.district_id AND dose.given_on = s.held_on
                WHERE d.session_id = %(session)s AND dose.session_id = %(session)s)
            """,
            session=session_id,
        )
    )


async def known_references(conn: Connection, reference_ids: Sequence[int]) -> set[int]:
    """Which of these references name somebody."""
    cursor = await conn.execute(
        """
        SELECT reference_id FROM beneficiary_reference JOIN beneficiary USING (account_id, beneficiary_id, reference_id)
        WHERE reference_id = ANY (%(references)s) AND deleted_at IS NULL
        """,
        {"references": list(reference_ids)},
    )
    return {row[0] for row in await cursor.fetchall()}


async def person_is_known_otherwise(conn: Connection, person: Person, group_id: str) -> bool:
    """Whether a person has a dose, or is on another list."""
    return bool(
        await fetch_value(
            conn,
            """
            SELECT EXISTS (
                SELECT FROM dose
                WHERE account_id = %(account)s AND beneficiary_id = %(beneficiary)s AND state <> 'revoked')
                OR EXISTS (
                SELECT FROM beneficiary WHERE account_id = %(account)s AND beneficiary_id = %(beneficiary)s
                  AND priority_groups <> ARRAY[%(group)s])
            """,
            account=person.account_id,
            beneficiary=person.beneficiary_id,
            group=group_id,
        )
    )
