"""SQL of scopes: the places below one. One function, one statement."""

from opencowin.kit.db import Connection, fetch_all
from opencowin.places.model import Within


async def places_within(
    conn: Connection, state_id: int | None, district_id: int | None, centre_id: int | None
) -> list[Within]:
    """A place and every place below it: the nation, states, districts, centres."""
    return await fetch_all(
        conn,
        Within,
        """
        SELECT state_id, district_id, centre_id FROM (
            SELECT NULL::integer AS state_id, NULL::integer AS district_id, NULL::integer AS centre_id
            UNION ALL SELECT state_id, NULL, NULL FROM state
            UNION ALL SELECT state_id, district_id, NULL FROM district
            UNION ALL SELECT d.state_id, c.district_id, c.centre_id FROM centre c JOIN district d USING (district_id)
        ) every
        WHERE (%(state)s::integer IS NULL OR state_id = %(state)s)
          AND (%(district)s::integer IS NULL OR district_id = %(district)s)
          AND (%(centre)s::integer IS NULL OR centre_id = %(centre)s)
        """,
        state=state_id,
        district=district_id,
        centre=centre_id,
    )
