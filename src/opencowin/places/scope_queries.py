"""SQL of those who look after places: what is below one, and changes of centres. One function, one statement."""

from collections.abc import Sequence

from opencowin.kit.db import Connection, fetch_all, run
from opencowin.places.model import Centre, NewCentre, Within
from opencowin.places.queries import CENTRES


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


async def change_centre(  # noqa: PLR0917 (the columns of one row)
    conn: Connection, district_id: int, centre_id: int, new: NewCentre, latitude: float, longitude: float
) -> int:
    """Change what is known of a centre."""
    return await run(
        conn,
        """
        UPDATE centre SET name = %(name)s, address = %(address)s, block_name = %(block)s, pin_code = %(pin)s,
               latitude = %(latitude)s, longitude = %(longitude)s, opens_at = %(opens)s, closes_at = %(closes)s,
               is_paid = %(paid)s, operator = %(operator)s, kind = %(kind)s
        WHERE district_id = %(district)s AND centre_id = %(centre)s
        """,
        district=district_id,
        centre=centre_id,
        name=new.name.strip(),
        address=new.address.strip(),
        block=new.block_name.strip(),
        pin=new.pin_code.strip(),
        latitude=latitude,
        longitude=longitude,
        opens=new.opens_at,
        closes=new.closes_at,
        paid=new.is_paid,
        operator=new.operator.value,
        kind=new.kind.value,
    )


async def reopen_centre(conn: Connection, district_id: int, centre_id: int) -> bool:
    """Open a centre again; False when it is open."""
    touched = await run(
        conn,
        """
        UPDATE centre SET closed_at = NULL
        WHERE district_id = %(district)s AND centre_id = %(centre)s AND closed_at IS NOT NULL
        """,
        district=district_id,
        centre=centre_id,
    )
    return touched == 1


async def centres_in(
    conn: Connection,
    districts: Sequence[int] | None,
    centre_id: int | None,
    *,
    text: str,
    closed: bool,
    start: int,
    rows: int,
) -> list[Centre]:
    """Centres of some districts by name; of all districts without any named."""
    return await fetch_all(
        conn,
        Centre,
        CENTRES
        + """
        WHERE (%(districts)s::int[] IS NULL OR c.district_id = ANY (%(districts)s))
          AND (%(centre)s::int IS NULL OR c.centre_id = %(centre)s) AND (c.closed_at IS NOT NULL) = %(closed)s
          AND (%(text)s = '' OR strpos(lower(c.name || ' ' || c.block_name || ' ' || c.pin_code), lower(%(text)s)) > 0)
        ORDER BY c.name, c.centre_id LIMIT %(rows)s OFFSET %(start)s
        """,
        districts=None if districts is None else list(districts),
        centre=centre_id,
        text=text,
        closed=closed,
        start=start,
        rows=rows,
    )
