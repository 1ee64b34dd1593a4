"""The room `places` on a real database: the country loaded, districts renumbered, centres entered and found."""

import math
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from opencowin import places
from opencowin.kit.country import PackBroken
from opencowin.kit.db import Connection, fetch_value
from opencowin.kit.floor import Floor
from opencowin.kit.pack import CountryPack
from opencowin.places.atlas import read_atlas

pytestmark = pytest.mark.anyio

KERALA, ERNAKULAM = 17, 307
NOON = datetime(2021, 7, 5, 12, tzinfo=UTC)


@pytest.fixture
def clinic() -> places.NewCentre:
    return places.NewCentre(
        district_id=ERNAKULAM,
        name="Edappally PHC",
        address="1 Market Road",
        pin_code="682024",
        opens_at=time(9),
        closes_at=time(17),
        latitude=10.0261,
        longitude=76.3083,
        names={"ml": "ഇടപ്പള്ളി"},
    )


async def district_named(conn: Connection, state_id: int, name: str) -> places.District:
    return next(one for one in await places.districts_of(conn, state_id) if one.name == name)


def row(state_id: int, district_id: int, name: str, state: str = "Kerala") -> dict[str, str]:
    return {"state_id": str(state_id), "district_id": str(district_id), "district_name": name, "state_name": state}


async def test_the_country_is_loaded(conn: Connection) -> None:
    states = {one.state_id: one for one in await places.all_states(conn)}
    assert len(states) == 37
    assert (states[KERALA].name, states[KERALA].name_in("hi"), states[KERALA].name_in("xx")) == (
        "Kerala",
        "केरल",
        "Kerala",
    )
    assert len(await places.districts_of(conn, KERALA)) == 14
    assert [one.name for one in await places.districts_of(conn, 8)] == ["Dadra and Nagar Haveli"]
    assert [one.name for one in await places.districts_of(conn, 37)] == ["Daman", "Diu"]
    assert await places.districts_of(conn, 99) == []


async def test_documented_districts_have_their_official_numbers(conn: Connection) -> None:
    found = {number: await places.district(conn, number) for number in (307, 363, 395, 571)}
    assert {number: one.name for number, one in found.items()} == {
        307: "Ernakulam",
        363: "Pune",
        395: "Mumbai",
        571: "Chennai",
    }
    assert all(one.official for one in found.values())
    other = await district_named(conn, KERALA, "Idukki")
    assert not other.official
    assert other.district_id > KERALA * 1000


async def test_an_unknown_district_is_refused(conn: Connection) -> None:
    with pytest.raises(places.UnknownDistrict):
        await places.district(conn, 999_999)


async def test_loading_again_does_nothing(conn: Connection, floor: Floor) -> None:
    assert (await places.load_places(conn, floor.pack)).already_loaded


async def test_points_are_plausible(conn: Connection) -> None:
    pune = await places.district(conn, 363)
    assert pune.latitude == pytest.approx(18.5, abs=0.5)
    assert pune.longitude == pytest.approx(73.9, abs=0.5)
    # The source has this district of Bihar on the spot of its namesake, 900 km away.
    aurangabad = await district_named(conn, 5, "Aurangabad")
    assert aurangabad.longitude == pytest.approx(84.4, abs=0.5)
    assert all(
        one.longitude is not None and one.longitude > 82
        for one in await places.localities_of(conn, aurangabad.district_id)
    )
    assert await fetch_value(conn, "SELECT count(*) FROM district WHERE latitude IS NULL") == 0


async def test_localities_have_written_names(conn: Connection) -> None:
    found = await places.localities_of(conn, ERNAKULAM)
    assert len(found) > 300
    assert all(one.pin_code.isdigit() and len(one.pin_code) == 6 for one in found)
    assert not [one.name for one in found if one.name.endswith((" B.O", " BO", " S.O", " SO", " H.O"))]


async def test_a_pin_code_leads_to_its_districts(conn: Connection) -> None:
    assert [one.district_name for one in await places.places_of_pin(conn, "411001")] == ["Pune"]
    assert await places.places_of_pin(conn, "999999") == []
    shared: str = await fetch_value(conn, "SELECT pin_code FROM pin_code GROUP BY 1 HAVING count(*) > 1 LIMIT 1")
    counts = [one.localities for one in await places.places_of_pin(conn, shared)]
    assert len(counts) > 1
    assert counts == sorted(counts, reverse=True)


async def test_names_of_places(conn: Connection) -> None:
    found = await places.place_names(conn, {ERNAKULAM, 363, 999_999})
    assert {(one.district_name, one.state_name) for one in found.values()} == {
        ("Ernakulam", "Kerala"),
        ("Pune", "Maharashtra"),
    }
    assert {(one.district_names["hi"], one.district_names["ur"]) for one in found.values()} == {
        ("एर्नाकुलम", "ایرناکلم"),
        ("पुणे", "پونے"),
    }
    assert {one.district_names.get("ml") for one in found.values()} == {"എറണാകുളം", None}


async def test_every_district_is_written_in_the_scripts_of_its_readers(conn: Connection, floor: Floor) -> None:
    home = {language: state for row in floor.pack.csv("districts.csv") for language, state in _home(row)}
    assert {"bn", "te", "ta", "mr", "gu", "kn", "or", "ml", "pa", "as"} == set(home)
    for state in await places.all_states(conn):
        for one in await places.districts_of(conn, state.state_id):
            assert {"hi", "ur"} <= set(one.names), one.name
            assert not any(name.isascii() for name in one.names.values()), one.name


def _home(row: dict[str, str]) -> list[tuple[str, str]]:
    return [(code, row["state_id"]) for code in row if code not in {"state_id", "name", "hi", "ur"} and row[code]]


def small_pack(folder: Path, localities: str) -> CountryPack:
    (folder / "country.toml").write_text(
        (Path(str(Path(places.__file__).parents[1])) / "countries/india/country.toml").read_text()
    )
    (folder / "states.csv").write_text("state_id,name,hi\n900,Northland,उत्तर\n")
    (folder / "places.toml").write_text(
        '[source]\nkind = "csv"\nfile = "localities.csv"\n[names]\ntrim = [" Office$"]\nsmall_words = ["of"]\n'
    )
    (folder / "localities.csv").write_text("state,district,pin_code,name,latitude,longitude,trusted\n" + localities)
    return CountryPack(name="northland", folder=folder)


NORTHLAND = """NORTHLAND,HEAD OF BAY,AB1 2CD,Harbour Office,10.0,76.0,1
NORTHLAND,HEAD OF BAY,AB1 2CD,Old Town,10.1,76.1,1
NORTHLAND,HEAD OF BAY,AB1 2CD,Lost Mill,31.0,90.0,1
NORTHLAND,HEAD OF BAY,AB1 2CD,Swapped Mill,10.2,76.2,0
,,AB1 2CD,Stray Farm,,,0
,,ZZ9 9ZZ,Nowhere,,,0
"""


async def test_a_pack_may_bring_its_own_table(conn: Connection, tmp_path: Path) -> None:
    report = await places.load_places(conn, small_pack(tmp_path, NORTHLAND))
    assert (report.states, report.districts, report.localities, report.points_replaced) == (1, 1, 5, 3)
    bay = await district_named(conn, 900, "Head of Bay")
    assert bay.district_id == 900_001
    found = {one.name: (one.latitude, one.longitude) for one in await places.localities_of(conn, bay.district_id)}
    middle = (10.05, 76.05)
    assert found == {
        "Harbour": (10.0, 76.0),
        "Old Town": (10.1, 76.1),
        "Lost Mill": middle,
        "Swapped Mill": middle,
        "Stray Farm": middle,
    }


async def test_new_data_keep_numbers_and_official_names(conn: Connection, tmp_path: Path) -> None:
    pack = small_pack(tmp_path, NORTHLAND)
    await places.load_places(conn, pack)
    await places.load_official_districts(conn, pack, [row(900, 7, "Bay Head of", "Northland")])
    more = NORTHLAND + "NORTHLAND,AARON,AB1 2CE,Aaron,10.0,76.5,1\n"
    assert not (await places.load_places(conn, small_pack(tmp_path, more))).already_loaded
    assert {(one.district_id, one.name) for one in await places.districts_of(conn, 900)} == {
        (7, "Bay Head of"),
        (900_001, "Aaron"),
    }
    assert len(await places.localities_of(conn, 7)) == 5


async def test_a_pack_whose_source_is_not_installed_is_refused(conn: Connection, tmp_path: Path) -> None:
    pack = small_pack(tmp_path, NORTHLAND)
    (tmp_path / "localities.csv").unlink()
    with pytest.raises(places.PlaceSourceMissing, match=r"localities\.csv"):
        await places.load_places(conn, pack)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("NORTHLAND,", "SOUTHLAND,"), "'southland' is missing"),
        (("10.0", "ten"), "could not convert"),
        (("latitude,", "lat,"), "'latitude' is missing"),
    ],
)
def test_a_broken_pack_is_refused(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    pack = small_pack(tmp_path, "")
    table = tmp_path / "localities.csv"
    table.write_text((table.read_text() + NORTHLAND).replace(*change))
    with pytest.raises(PackBroken, match=says):
        read_atlas(pack)


def test_reading_the_atlas_needs_no_database(tmp_path: Path) -> None:
    assert [one.key for one in read_atlas(small_pack(tmp_path, NORTHLAND)).districts] == ["NORTHLAND/HEAD OF BAY"]


async def test_an_official_table_renumbers_districts_and_their_centres(
    conn: Connection, floor: Floor, clinic: places.NewCentre
) -> None:
    idukki = await district_named(conn, KERALA, "Idukki")
    centre_id = await places.add_centre(conn, replace(clinic, district_id=idukki.district_id))
    localities = len(await places.localities_of(conn, idukki.district_id))
    table = [row(17, 306, "Iddukki"), row(17, 307, "Ernakulam"), row(17, 799, "Lakshmi Island"), row(17, 297, "Kannur")]
    report = await places.load_official_districts(conn, floor.pack, table)
    assert (report.exact, [one.official_name for one in report.by_spelling]) == (1, ["Iddukki"])
    assert [one.district_id for one in report.already] == [307]
    assert [one.name for one in report.created] == ["Lakshmi Island"]
    assert "Wayanad" in report.without_official_number
    moved = await places.district(conn, 306)
    assert (moved.name, moved.official, moved.latitude) == ("Iddukki", True, idukki.latitude)
    assert len(await places.localities_of(conn, 306)) == localities > 0
    assert (await places.read_centre(conn, centre_id)).district_id == 306
    with pytest.raises(places.UnknownDistrict):
        await places.district(conn, idukki.district_id)


async def test_the_same_table_twice_changes_nothing(conn: Connection, floor: Floor) -> None:
    table = [row(17, 306, "Idukki"), row(17, 307, "Ernakulam")]
    await places.load_official_districts(conn, floor.pack, table)
    before = await places.districts_of(conn, KERALA)
    again = await places.load_official_districts(conn, floor.pack, table)
    assert (again.renumbered, again.created, len(again.already)) == ((), (), 2)
    assert await places.districts_of(conn, KERALA) == before


async def test_tables_without_cascading_links_follow_too(
    conn: Connection, floor: Floor, clinic: places.NewCentre
) -> None:
    idukki = await district_named(conn, KERALA, "Idukki")
    centre_id = await places.add_centre(conn, replace(clinic, district_id=idukki.district_id))
    await conn.execute(
        "CREATE TABLE visit (district_id int, centre_id int, note text, "
        "FOREIGN KEY (district_id, centre_id) REFERENCES centre (district_id, centre_id))"
    )
    await conn.execute("CREATE TABLE tally (district_id int PRIMARY KEY, doses int)")
    await conn.execute("INSERT INTO visit VALUES (%s, %s, 'x')", (idukki.district_id, centre_id))
    await conn.execute("INSERT INTO tally VALUES (%s, 3)", (idukki.district_id,))
    await places.load_official_districts(conn, floor.pack, [row(17, 306, "Idukki")])
    assert await fetch_value(conn, "SELECT district_id FROM visit") == 306
    assert await fetch_value(conn, "SELECT district_id FROM tally") == 306
    assert await fetch_value(
        conn, "SELECT NOT condeferrable FROM pg_constraint WHERE conrelid = 'visit'::regclass AND contype = 'f'"
    )


async def test_a_number_of_ours_makes_way_for_an_official_one(conn: Connection, floor: Floor) -> None:
    idukki = await district_named(conn, KERALA, "Idukki")
    await places.load_official_districts(conn, floor.pack, [row(17, idukki.district_id, "Kannur")])
    assert (await places.district(conn, idukki.district_id)).name == "Kannur"
    assert (await district_named(conn, KERALA, "Idukki")).district_id != idukki.district_id


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ([{"district": "Idukki"}], "line 1.*no column state_id"),
        ([row(17, 306, "Idukki"), row(17, 306, "Kannur")], "line 3.*306 is there twice"),
        ([row(17, 306, " ")], "line 2.*missing"),
        ([row(17, 0, "Idukki")], "line 2.*missing"),
        ([row(17, 306, "Idukki") | {"district_id": "x"}], "line 2.*missing"),
        ([row(99, 306, "Idukki")], "Kerala has another number"),
    ],
)
async def test_a_table_that_makes_no_sense_is_refused(
    conn: Connection, floor: Floor, table: list[dict[str, str]], says: str
) -> None:
    with pytest.raises(places.InvalidDistrictTable, match=says):
        await places.load_official_districts(conn, floor.pack, table)


async def test_a_centre_is_entered_and_read(conn: Connection, clinic: places.NewCentre) -> None:
    centre_id = await places.add_centre(
        conn, replace(clinic, is_paid=True, operator=places.Operator.PRIVATE, kind=places.CentreKind.WORKPLACE)
    )
    found = await places.read_centre(conn, centre_id)
    assert (found.name, found.name_in("ml"), found.pin_code) == (clinic.name, "ഇടപ്പള്ളി", "682024")
    assert (found.is_paid, found.operator, found.kind) == (
        True,
        places.Operator.PRIVATE,
        places.CentreKind.WORKPLACE,
    )
    assert isinstance(found.operator, places.Operator)
    assert found.closed_at is None


async def test_a_centre_without_a_point_lies_in_the_middle_of_its_pin_code(
    conn: Connection, clinic: places.NewCentre
) -> None:
    somewhere = replace(clinic, latitude=None, longitude=None)
    pin = next(one for one in await places.places_of_pin(conn, "682024") if one.district_id == ERNAKULAM)
    inside = await places.read_centre(conn, await places.add_centre(conn, somewhere))
    assert (inside.latitude, inside.longitude) == (pin.latitude, pin.longitude)
    ernakulam = await places.district(conn, ERNAKULAM)
    strange = await places.read_centre(conn, await places.add_centre(conn, replace(somewhere, pin_code="699999")))
    assert (strange.latitude, strange.longitude) == (ernakulam.latitude, ernakulam.longitude)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"district_id": 999_999}, places.UnknownDistrict),
        ({"name": "  "}, places.CentreIncomplete),
        ({"pin_code": ""}, places.CentreIncomplete),
        ({"closes_at": time(9)}, places.CentreHoursInvalid),
        ({"latitude": 91.0}, places.PointInvalid),
        ({"longitude": None}, places.PointInvalid),
    ],
)
async def test_a_centre_that_makes_no_sense_is_refused(
    conn: Connection, clinic: places.NewCentre, change: dict[str, object], refusal: type[Exception]
) -> None:
    broken = replace(clinic, **change)  # type: ignore[arg-type]
    with pytest.raises(refusal):
        await places.add_centre(conn, broken)
    with pytest.raises(refusal):
        await places.add_centres(conn, [clinic, broken])
    assert await fetch_value(conn, "SELECT count(*) FROM centre WHERE name = %(name)s", name=clinic.name) == 0


async def test_a_centre_in_a_district_without_a_point_needs_its_own(
    conn: Connection, floor: Floor, clinic: places.NewCentre
) -> None:
    await places.load_official_districts(conn, floor.pack, [row(17, 799, "Lakshmi Island")])
    with pytest.raises(places.PointNeeded):
        await places.add_centre(conn, replace(clinic, district_id=799, latitude=None, longitude=None))


async def test_many_centres_are_entered_in_order(conn: Connection, clinic: places.NewCentre) -> None:
    news = [replace(clinic, name=f"Centre {number}", pin_code="682025") for number in range(25)]
    told: list[tuple[str, int, int]] = []
    numbers = await places.add_centres(conn, news, lambda *said: told.append(said))
    assert [(await places.read_centre(conn, number)).name for number in numbers] == [one.name for one in news]
    assert [one.centre_id for one in await places.centres_of_pin(conn, "682025")] == numbers
    assert told[-1] == ("entering centres", 25, 25)
    assert await places.add_centre(conn, clinic) > max(numbers)
    assert await places.add_centres(conn, []) == []


async def test_centres_are_found_by_district_pin_and_number(conn: Connection, clinic: places.NewCentre) -> None:
    here = await places.add_centre(conn, clinic)
    there = await places.add_centre(conn, replace(clinic, pin_code="682001"))
    assert [one.centre_id for one in await places.centres_of_district(conn, ERNAKULAM)] == [here, there]
    assert [one.centre_id for one in await places.centres_of_pin(conn, "682024")] == [here]
    assert set(await places.centres_with_ids(conn, [here, there, 2**31 - 1])) == {here, there}
    assert await places.find_centre(conn, 2**31 - 1) is None
    with pytest.raises(places.UnknownCentre):
        await places.read_centre(conn, 2**31 - 1)


async def test_centres_near_a_point_come_nearest_first(conn: Connection, clinic: places.NewCentre) -> None:
    def at(latitude: float, longitude: float) -> places.NewCentre:
        return replace(clinic, latitude=latitude, longitude=longitude)

    far, near, outside, corner = await places.add_centres(
        conn, [at(10.2, 76.3), at(10.05, 76.3), at(12.0, 76.3), at(10.27, 76.57)]
    )
    found = await places.centres_near(conn, 10.0, 76.3, radius_km=35, limit=10)
    assert [one.centre_id for one in found] == [near, far]
    assert found[0].distance_km == pytest.approx(5.56, abs=0.01)
    wider = await places.centres_near(conn, 10.0, 76.3, radius_km=60, limit=10)
    assert [one.centre_id for one in wider] == [near, far, corner]
    assert outside not in [one.centre_id for one in wider]
    assert len(await places.centres_near(conn, 10.0, 76.3, radius_km=60, limit=1)) == 1
    with pytest.raises(places.PointInvalid):
        await places.centres_near(conn, 91, 0, radius_km=1, limit=1)


async def test_a_closed_centre_is_found_no_more(conn: Connection, clinic: places.NewCentre) -> None:
    centre_id = await places.add_centre(conn, clinic)
    await places.close_centre(conn, centre_id, NOON)
    assert (await places.read_centre(conn, centre_id)).closed_at == NOON
    assert await places.centres_of_district(conn, ERNAKULAM) == []
    assert await places.centres_of_pin(conn, "682024") == []
    assert await places.centres_near(conn, 10.02, 76.3, radius_km=50, limit=5) == []
    with pytest.raises(places.CentreAlreadyClosed):
        await places.close_centre(conn, centre_id, NOON)
    with pytest.raises(places.UnknownCentre):
        await places.close_centre(conn, 2**31 - 1, NOON)


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        (10.0, 76.3),
        (0.0, 0.0),
        (-17.0, 179.9),
        (-17.0, -179.95),
        (66.0, 180.0),
        (89.6, 20.0),
        (90.0, 0.0),
        (-89.95, -179.0),
    ],
)
@pytest.mark.parametrize("kilometres", [1, 50, 100])
async def test_the_box_round_a_circle_holds_all_of_it_at_the_poles_and_over_the_180th_meridian(
    conn: Connection, latitude: float, longitude: float, kilometres: int
) -> None:
    rim = [_away(latitude, longitude, bearing, kilometres * 0.999) for bearing in range(0, 360, 5)]
    cursor = await conn.execute(
        """
        SELECT point(p.longitude, p.latitude) <@ box_round(%(latitude)s, %(longitude)s, %(km)s)
               OR point(p.longitude, p.latitude) <@ box_across(%(latitude)s, %(longitude)s, %(km)s),
               kilometres_between(p.latitude, p.longitude, %(latitude)s, %(longitude)s)
        FROM unnest(%(latitudes)s::float8[], %(longitudes)s::float8[]) AS p (latitude, longitude)
        """,
        {
            "latitude": latitude, "longitude": longitude, "km": kilometres,
            "latitudes": [one[0] for one in rim], "longitudes": [one[1] for one in rim],
        },
    )  # fmt: skip
    found = await cursor.fetchall()
    assert all(inside for inside, _ in found)
    assert [far for _, far in found] == pytest.approx([kilometres * 0.999] * len(rim), rel=1e-4)


def _away(latitude: float, longitude: float, bearing: float, kilometres: float) -> tuple[float, float]:
    """Where one comes to who goes so far in this direction."""
    lat, far, towards = math.radians(latitude), kilometres / 6371.0088, math.radians(bearing)
    there = math.asin(math.sin(lat) * math.cos(far) + math.cos(lat) * math.sin(far) * math.cos(towards))
    east = math.atan2(
        math.sin(towards) * math.sin(far) * math.cos(lat), math.cos(far) - math.sin(lat) * math.sin(there)
    )
    return math.degrees(there), (longitude + math.degrees(east) + 540) % 360 - 180


async def test_centres_are_found_over_the_180th_meridian_by_the_index(
    conn: Connection, clinic: places.NewCentre
) -> None:
    west, east = await places.add_centres(
        conn, [replace(clinic, latitude=-17.0, longitude=one) for one in (179.95, -179.95)]
    )
    for longitude in (179.9, -179.9, 180.0, -180.0):
        found = await places.centres_near(conn, -17.0, longitude, radius_km=30, limit=10)
        assert {one.centre_id for one in found} == {west, east}, longitude
    far = [replace(clinic, latitude=10 + at % 60 / 4, longitude=70 + at / 200) for at in range(3000)]
    await places.add_centres(conn, far)  # of a few, PostgreSQL 15 would rather read them all
    await conn.execute("ANALYZE centre")
    await conn.execute("SET LOCAL enable_seqscan = off")
    await conn.execute("SET LOCAL enable_indexscan = off")
    cursor = await conn.execute(
        """
        EXPLAIN SELECT FROM centre c WHERE closed_at IS NULL
          AND (point(c.longitude, c.latitude) <@ box_round(-17, 180, 30)
               OR point(c.longitude, c.latitude) <@ box_across(-17, 180, 30))
        """
    )
    plan = "\n".join(row[0] for row in await cursor.fetchall())
    assert plan.count("Bitmap Index Scan on centre_near") == 2, plan
