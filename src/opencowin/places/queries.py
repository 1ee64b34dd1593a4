"""All SQL of the room `places`: one function, one statement."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import LiteralString

from psycopg.types.json import Jsonb

from opencowin.kit.db import Connection, copy_rows, fetch_all, fetch_one, fetch_value, run
from opencowin.places.model import Centre, District, Locality, NearbyCentre, NewCentre, PinPlace, PlaceNames, State

Row = tuple[object, ...]

DISTRICTS: LiteralString = """
    SELECT d.district_id, d.state_id, s.name AS state_name, d.name, d.names, s.names AS state_names, d.official,
           d.source_key, d.latitude, d.longitude
    FROM district d JOIN state s USING (state_id)
"""
CENTRE_COLUMNS: LiteralString = """
    SELECT c.district_id, c.centre_id, c.name, c.names, c.address, c.block_name, c.pin_code, c.latitude, c.longitude,
           c.opens_at, c.closes_at, c.is_paid, c.operator, c.kind, c.created_at, c.closed_at
"""
CENTRES = CENTRE_COLUMNS + "FROM centre c "


@dataclass(frozen=True, slots=True)
class Numbered:
    """A district's number with what identifies it elsewhere."""

    district_id: int
    state_id: int
    name: str
    official: bool
    source_key: str | None


async def states(conn: Connection) -> list[State]:
    """All states by number."""
    return await fetch_all(conn, State, "SELECT state_id, name, names FROM state ORDER BY state_id")


async def put_states(conn: Connection, ids: list[int], names: list[str], translations: list[dict[str, str]]) -> int:
    """Enter or rename states; translations are merged into those known."""
    return await run(
        conn,
        """
        INSERT INTO state (state_id, name, names)
        SELECT * FROM unnest(%(ids)s::int[], %(names)s::text[], %(translations)s::jsonb[])
        ON CONFLICT (state_id) DO UPDATE SET name = excluded.name, names = state.names || excluded.names
        """,
        ids=ids,
        names=names,
        translations=[Jsonb(one) for one in translations],
    )


async def districts(conn: Connection, state_id: int) -> list[District]:
    """The districts of a state by name."""
    return await fetch_all(
        conn,
        District,
        DISTRICTS + """WHERE d.state_id = %(state_id)s ORDER BY d.name, d.district_id""",
        state_id=state_id,
    )


async def district(conn: Connection, district_id: int) -> District | None:
    """One district."""
    return await fetch_one(
        conn,
        District,
        DISTRICTS + """WHERE d.district_id = %(district_id)s""",
        district_id=district_id,
    )


async def numbered_districts(conn: Connection) -> list[Numbered]:
    """Every district's number, locked against another renumbering."""
    return await fetch_all(
        conn,
        Numbered,
        "SELECT district_id, state_id, name, official, source_key FROM district ORDER BY district_id FOR UPDATE",
    )


async def put_districts(conn: Connection, rows: list[Row]) -> int:
    """Enter districts or bring known ones up to date by number; an official name stays.

    Rows: number, state, name, official, source key, latitude, longitude, names by language."""
    ids, state_ids, names, official, keys, latitudes, longitudes, translations = (
        list(column) for column in zip(*rows, strict=True)
    )
    return await run(
        conn,
        """
        INSERT INTO district (district_id, state_id, name, official, source_key, latitude, longitude, names)
        SELECT * FROM unnest(%(ids)s::int[], %(state_ids)s::int[], %(names)s::text[], %(official)s::bool[],
                             %(keys)s::text[], %(latitudes)s::float8[], %(longitudes)s::float8[],
                             %(translations)s::jsonb[])
        ON CONFLICT (district_id) DO UPDATE
        SET name = CASE WHEN district.official THEN district.name ELSE excluded.name END,
            source_key = excluded.source_key, latitude = excluded.latitude, longitude = excluded.longitude,
            names = district.names || excluded.names
        """,
        ids=ids,
        state_ids=state_ids,
        names=names,
        official=official,
        keys=keys,
        latitudes=latitudes,
        longitudes=longitudes,
        translations=[Jsonb(one) for one in translations],
    )


async def renumber_districts(conn: Connection, old: list[int], new: list[int]) -> int:
    """Give districts other numbers in every table that has one; how many districts it touched."""
    touched: int = await fetch_value(conn, "SELECT district_renumber(%(old)s::int[], %(new)s::int[])", old=old, new=new)
    return touched


async def make_official(conn: Connection, ids: list[int], state_ids: list[int], names: list[str]) -> int:
    """Enter official districts, or give known numbers their official state and name."""
    return await run(
        conn,
        """
        INSERT INTO district (district_id, state_id, name, official)
        SELECT id, state_id, name, true
        FROM unnest(%(ids)s::int[], %(state_ids)s::int[], %(names)s::text[]) AS row (id, state_id, name)
        ON CONFLICT (district_id) DO UPDATE
        SET state_id = excluded.state_id, name = excluded.name, official = true
        """,
        ids=ids,
        state_ids=state_ids,
        names=names,
    )


async def place_names(conn: Connection, district_ids: list[int]) -> list[PlaceNames]:
    """The names of these districts and their states."""
    return await fetch_all(
        conn,
        PlaceNames,
        """
        SELECT d.district_id, d.name AS district_name, d.names AS district_names, s.state_id, s.name AS state_name,
               s.names AS state_names
        FROM district d JOIN state s USING (state_id) WHERE d.district_id = ANY (%(ids)s)
        """,
        ids=district_ids,
    )


async def loaded_source(conn: Connection, country: str) -> str | None:
    """The fingerprint of what is loaded."""
    found: str | None = await fetch_value(
        conn, "SELECT fingerprint FROM place_source WHERE country = %(country)s", country=country
    )
    return found


async def put_source(conn: Connection, country: str, fingerprint: str) -> int:
    """Remember what is loaded."""
    return await run(
        conn,
        """
        INSERT INTO place_source (country, fingerprint) VALUES (%(country)s, %(fingerprint)s)
        ON CONFLICT (country) DO UPDATE SET fingerprint = excluded.fingerprint, loaded_at = now()
        """,
        country=country,
        fingerprint=fingerprint,
    )


async def clear_localities(conn: Connection) -> int:
    """Take all localities out."""
    return await run(conn, "DELETE FROM locality")


async def clear_pin_codes(conn: Connection) -> int:
    """Take all postal codes out."""
    return await run(conn, "DELETE FROM pin_code")


async def copy_localities(conn: Connection, rows: list[Row]) -> int:
    """Load localities. Rows: district, postal code, name, latitude, longitude."""
    return await copy_rows(conn, "COPY locality (district_id, pin_code, name, latitude, longitude) FROM STDIN", rows)


async def copy_pin_codes(conn: Connection, rows: list[Row]) -> int:
    """Load postal codes. Rows: postal code, district, number of localities, latitude, longitude."""
    return await copy_rows(
        conn, "COPY pin_code (pin_code, district_id, localities, latitude, longitude) FROM STDIN", rows
    )


async def analyze_places(conn: Connection) -> int:
    """Tell the planner what was loaded."""
    return await run(conn, "ANALYZE state, district, pin_code, locality")


async def localities(conn: Connection, district_id: int) -> list[Locality]:
    """The localities of a district by postal code and name."""
    return await fetch_all(
        conn,
        Locality,
        """
        SELECT district_id, pin_code, name, latitude, longitude FROM locality
        WHERE district_id = %(district_id)s ORDER BY pin_code, name""",
        district_id=district_id,
    )


async def pin_places(conn: Connection, pin_code: str) -> list[PinPlace]:
    """The districts that a postal code lies in, the one with most localities first."""
    return await fetch_all(
        conn,
        PinPlace,
        """
        SELECT p.pin_code, p.district_id, d.name AS district_name, d.state_id, s.name AS state_name, p.localities,
               p.latitude, p.longitude
        FROM pin_code p JOIN district d USING (district_id) JOIN state s USING (state_id)
        WHERE p.pin_code = %(pin_code)s ORDER BY p.localities DESC, p.district_id
        """,
        pin_code=pin_code,
    )


@dataclass(frozen=True, slots=True)
class KnownPoint:
    """Where a district or a postal code of it lies; `pin_code` is null for the district itself."""

    district_id: int
    pin_code: str | None
    latitude: float
    longitude: float


async def points(conn: Connection, district_ids: list[int]) -> list[KnownPoint]:
    """The points of these districts and of their postal codes, where known."""
    return await fetch_all(
        conn,
        KnownPoint,
        """
        SELECT district_id, pin_code, latitude, longitude FROM pin_code
        WHERE district_id = ANY (%(ids)s) AND latitude IS NOT NULL
        UNION ALL
        SELECT district_id, NULL, latitude, longitude FROM district
        WHERE district_id = ANY (%(ids)s) AND latitude IS NOT NULL
        """,
        ids=district_ids,
    )


async def known_districts(conn: Connection, district_ids: list[int]) -> set[int]:
    """Those of the numbers that are districts."""
    cursor = await conn.execute(
        "SELECT district_id FROM district WHERE district_id = ANY (%(ids)s) FOR KEY SHARE", {"ids": district_ids}
    )
    return {row[0] for row in await cursor.fetchall()}


async def reserve_centre_ids(conn: Connection, count: int) -> list[int]:
    """That many fresh centre numbers, rising."""
    cursor = await conn.execute(
        "SELECT nextval(pg_get_serial_sequence('centre', 'centre_id'))::int FROM generate_series(1, %(count)s)",
        {"count": count},
    )
    return [row[0] for row in await cursor.fetchall()]


async def insert_centre(conn: Connection, centre: NewCentre, latitude: float, longitude: float) -> int:
    """Enter one centre; its number."""
    centre_id: int = await fetch_value(
        conn,
        """
        INSERT INTO centre (district_id, name, names, address, block_name, pin_code, latitude, longitude, opens_at,
                            closes_at, is_paid, operator, kind)
        VALUES (%(district_id)s, %(name)s, %(names)s, %(address)s, %(block_name)s, %(pin_code)s, %(latitude)s,
                %(longitude)s, %(opens_at)s, %(closes_at)s, %(is_paid)s, %(operator)s, %(kind)s)
        RETURNING centre_id
        """,
        **asdict(centre) | {"names": Jsonb(dict(centre.names)), "latitude": latitude, "longitude": longitude},
    )
    return centre_id


async def copy_centres(conn: Connection, rows: list[Row]) -> int:
    """Load centres; `centre_row` makes a row."""
    return await copy_rows(
        conn,
        """
        COPY centre (district_id, centre_id, name, names, address, block_name, pin_code, latitude, longitude, opens_at,
                     closes_at, is_paid, operator, kind) FROM STDIN
        """,
        rows,
    )


def centre_row(centre_id: int, centre: NewCentre, latitude: float, longitude: float) -> Row:
    """The row of `copy_centres`."""
    where = (centre.address, centre.block_name, centre.pin_code, latitude, longitude)
    when = (centre.opens_at, centre.closes_at)
    what = (centre.is_paid, centre.operator.value, centre.kind.value)
    return (centre.district_id, centre_id, centre.name, Jsonb(dict(centre.names)), *where, *when, *what)


async def delete_centre(conn: Connection, district_id: int, centre_id: int) -> int:
    """Remove a centre."""
    return await run(
        conn,
        "DELETE FROM centre WHERE district_id = %(district_id)s AND centre_id = %(centre_id)s",
        district_id=district_id,
        centre_id=centre_id,
    )


async def close_centre(conn: Connection, centre_id: int, at: datetime) -> int:
    """Close an open centre; the number of rows touched."""
    return await run(
        conn,
        "UPDATE centre SET closed_at = %(at)s WHERE centre_id = %(centre_id)s AND closed_at IS NULL",
        centre_id=centre_id,
        at=at,
    )


async def centre(conn: Connection, centre_id: int) -> Centre | None:
    """One centre, open or closed."""
    return await fetch_one(conn, Centre, CENTRES + "WHERE c.centre_id = %(centre_id)s", centre_id=centre_id)


async def centres(conn: Connection, centre_ids: list[int]) -> list[Centre]:
    """These centres, open or closed, by number."""
    return await fetch_all(
        conn, Centre, CENTRES + "WHERE c.centre_id = ANY (%(ids)s) ORDER BY c.centre_id", ids=centre_ids
    )


async def centres_of_district(conn: Connection, district_id: int) -> list[Centre]:
    """The open centres of a district by number."""
    return await fetch_all(
        conn,
        Centre,
        CENTRES + "WHERE c.district_id = %(district_id)s AND c.closed_at IS NULL ORDER BY c.centre_id",
        district_id=district_id,
    )


async def centres_of_pin(conn: Connection, pin_code: str) -> list[Centre]:
    """The open centres with a postal code by number."""
    return await fetch_all(
        conn,
        Centre,
        CENTRES + "WHERE c.pin_code = %(pin_code)s AND c.closed_at IS NULL ORDER BY c.centre_id",
        pin_code=pin_code,
    )


async def centres_near(
    conn: Connection, latitude: float, longitude: float, radius_km: float, limit: int
) -> list[NearbyCentre]:
    """Open centres within the radius, nearest first: a box by the index, then the great-circle distance."""
    return await fetch_all(
        conn,
        NearbyCentre,
        "SELECT * FROM ("  # noqa: S608 - joined from constants
        + CENTRE_COLUMNS
        + """
            , kilometres_between(c.latitude, c.longitude, %(latitude)s, %(longitude)s) AS distance_km
            FROM centre c
            WHERE c.closed_at IS NULL
              AND (point(c.longitude, c.latitude) <@ box_round(%(latitude)s, %(longitude)s, %(radius_km)s)
                   OR point(c.longitude, c.latitude) <@ box_across(%(latitude)s, %(longitude)s, %(radius_km)s))
        ) AS near
        WHERE distance_km <= %(radius_km)s ORDER BY distance_km, centre_id LIMIT %(limit)s
        """,
        latitude=latitude,
        longitude=longitude,
        radius_km=radius_km,
        limit=limit,
    )
