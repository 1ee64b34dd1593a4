"""Tables that officers upload: checked whole, saved once, undone where nothing depends on it, within their area."""

import base64
from datetime import timedelta
from typing import LiteralString
from uuid import UUID

import pytest

from opencowin import bulk, identity, places, registry, scheduling, vaccination
from opencowin.bulk import Kind, UploadState
from opencowin.bulk.checking import check_upload
from opencowin.bulk.saving import save_rows, undo_rows
from opencowin.bulk.uploads import UploadStep
from opencowin.identity import Role
from opencowin.kit.actor import Actor, NotPermitted, Place
from opencowin.kit.db import Connection, Pool, fetch_value, transaction
from opencowin.kit.floor import Floor
from opencowin.kit.i18n import read_catalogues
from tests.builders import TEST, a_centre, citizen, member, mobile, pan, stock_in
from tests.rooms.scene import Scene

pytestmark = pytest.mark.anyio
CENTRES = "name,district_id,address,pin_code,opens_at,closes_at,operator\n"
SESSIONS = "centre_id,held_on,vaccine,min_age,doses,starts_at,ends_at,windows,seats_dose_1\n"
LISTS = "group;mobile;name;birth_year;gender_id;document_type_id;document_number\n"
PEOPLE = "user_name,name,role,contact,centre_id,district_id\n"
DOSES = "reference_id\tdose\tvaccine\tbatch_number\tgiven_on\tcentre_id\tvaccinator_name\n"


def english(message: str, **values: object) -> str:
    return message.format(**values)


class Office:
    """An officer of a district at work, and the worker's jobs done at once."""

    def __init__(self, pool: Pool, floor: Floor, actor: Actor, centre: places.Centre) -> None:
        self.pool, self.floor, self.actor, self.centre = pool, floor, actor, centre

    async def upload(self, kind: Kind, content: str | bytes, encoding: str = "utf-8") -> bulk.Upload:
        raw = content if isinstance(content, bytes) else content.encode(encoding)
        async with transaction(self.pool) as conn:
            number = await bulk.receive_upload(conn, self.floor, self.actor, kind, "people.csv", raw)
        await check_upload(self.pool, self.floor, UploadStep(number))
        return await self.look(number)

    async def look(self, upload_id: UUID) -> bulk.Upload:
        async with transaction(self.pool) as conn:
            return await bulk.read_upload(conn, self.floor, self.actor, upload_id)

    async def wrong(self, upload_id: UUID) -> list[tuple[int, str, str]]:
        async with transaction(self.pool) as conn:
            rows = await bulk.wrong_rows(conn, self.floor, self.actor, upload_id, 100)
        return [(row.number, one.column, one.refusal.code) for row in rows for one in row.faults]

    async def save(self, upload_id: UUID) -> bulk.Upload:
        async with transaction(self.pool) as conn:
            await bulk.confirm_upload(conn, self.floor, self.actor, upload_id)
        await save_rows(self.pool, self.floor, UploadStep(upload_id))
        return await self.look(upload_id)

    async def undo(self, upload_id: UUID) -> bulk.Upload:
        async with transaction(self.pool) as conn:
            await bulk.undo_upload(conn, self.floor, self.actor, upload_id)
        await undo_rows(self.pool, self.floor, UploadStep(upload_id))
        return await self.look(upload_id)

    async def counted(self, table: str) -> int:
        async with transaction(self.pool) as conn:
            cursor = await conn.execute(f"SELECT count(*) FROM {table}")
            row = await cursor.fetchone()
        assert row is not None
        return int(row[0])

    def centres(self, *names: str) -> str:
        where = f"{self.centre.district_id},1 Main Road,{self.centre.pin_code},09:00,17:00,government"
        return CENTRES + "".join(f"{name},{where}\n" for name in names)


@pytest.fixture
async def office(pool: Pool, floor: Floor) -> Office:
    centre = await a_centre(pool, floor)
    return Office(pool, floor, await an_officer(pool, floor, centre), centre)


async def an_officer(pool: Pool, floor: Floor, centre: places.Centre) -> Actor:
    async with transaction(pool) as conn:
        state_id = (await places.district(conn, centre.district_id)).state_id
        place = Place(state_id, centre.district_id)
        staff, _ = await identity.create_staff(
            conn, floor, TEST, f"officer-{mobile()}", name="Officer", role=Role.DISTRICT_OFFICER, place=place
        )
        return await identity.actor_of_staff(conn, staff.staff_id, "10.0.0.1")


async def test_a_dry_run_saves_nothing_and_tells_every_error_by_row_and_column(office: Office) -> None:
    before = await office.counted("centre")
    good = office.centres("Good Place").splitlines()[1]
    text = (
        CENTRES
        + f'{good}\nNo Hours,{office.centre.district_id},Street,"?",25:00,08:00,church\n{good}\n,999999,,,9,8,\n'
    )
    upload = await office.upload(Kind.CENTRES, text)

    assert (upload.state, upload.rows_read, upload.rows_wrong) == (UploadState.CHECKED, 4, 3)
    assert await office.counted("centre") == before
    assert set(await office.wrong(upload.upload_id)) == {
        (3, "pin_code", "PLACES0005"),
        (3, "opens_at", "BULK0011"),
        (3, "operator", "BULK0012"),
        (4, "", "BULK0013"),
        (5, "name", "BULK0007"),
        (5, "district_id", "PLACES0002"),
        (5, "address", "BULK0007"),
        (5, "pin_code", "BULK0007"),
        (5, "opens_at", "BULK0011"),
        (5, "closes_at", "BULK0011"),
        (5, "operator", "BULK0007"),
    }


async def test_the_fix_file_holds_the_wrong_rows_in_the_officers_language_and_comes_back(office: Office) -> None:
    upload = await office.upload(Kind.CENTRES, office.centres("Kept Place", "=cmd()").replace("=cmd(),", "=cmd(),x"))
    catalogues = read_catalogues()
    async with transaction(office.pool) as conn:
        rows = await bulk.every_wrong_row(conn, office.floor, office.actor, upload.upload_id)
    header = bulk.header_of_fix_file(upload)
    text = "".join(bulk.fix_file(header, rows, lambda no: catalogues.refusal(no, "hi")))

    assert text.startswith("\ufeffname,")
    assert "what_is_wrong" in text.splitlines()[0]
    assert "'=cmd()" in text, "a spreadsheet runs nothing of it"
    assert "Kept Place" not in text
    again = await office.upload(
        Kind.CENTRES, text.replace(f"x{office.centre.district_id}", str(office.centre.district_id))
    )
    assert (again.rows_read, again.rows_wrong) == (1, 0)


@pytest.mark.parametrize(
    ("encoding", "mark"), [("utf-8", ""), ("utf-8-sig", ""), ("utf-16", ""), ("utf-16-le", ""), ("utf-8", "sep=;\r\n")]
)
async def test_tables_are_read_as_spreadsheets_write_them(office: Office, encoding: str, mark: str) -> None:
    separator = ";" if mark else "\t" if encoding == "utf-16" else ","
    text = mark + office.centres(f"केंद्र {encoding} {len(mark)}").replace(",", separator).replace("\n", "\r\n")
    upload = await office.upload(Kind.CENTRES, text, encoding)
    assert (upload.rows_read, upload.rows_wrong) == (1, 0)


async def test_what_is_no_table_is_refused_whole(office: Office) -> None:
    for content, code in (
        (b"PK\x03\x04 a workbook", "BULK0001"),
        (b"\xff\xd8\xff\x00\x01binary", "BULK0001"),
        (b"name,address\nx,y\n", "BULK0004"),
        (CENTRES.replace("\n", ",colour\n").encode(), "BULK0005"),
        (CENTRES.encode(), "BULK0002"),
        ((CENTRES + '"open').encode(), "BULK0001"),
    ):
        upload = await office.upload(Kind.CENTRES, content)
        assert upload.state is UploadState.STOPPED, content
        assert upload.problem is not None
        assert upload.problem.code == code
    async with transaction(office.pool) as conn:
        with pytest.raises(bulk.FileTooLarge):
            await bulk.receive_upload(conn, office.floor, office.actor, Kind.CENTRES, "x", bytes((20 << 20) + 1))


async def test_a_template_can_be_uploaded_as_it_is_once_it_is_filled_in(office: Office) -> None:
    for kind in bulk.kinds_for(office.actor):
        lines = "".join(bulk.template_file(bulk.columns_of(kind), english)).splitlines()
        assert lines[1].lstrip('"').startswith("#"), kind
    lines = "".join(bulk.template_file(bulk.columns_of(Kind.CENTRES), english)).splitlines()
    where = f"{office.centre.district_id},1 Main Road,{office.centre.pin_code},,09:00,17:00,government,,,,"
    upload = await office.upload(Kind.CENTRES, "\n".join([*lines, f"Filled In,{where}"]))
    assert (upload.rows_read, upload.rows_wrong) == (1, 0)


async def test_a_killed_worker_resumes_and_doubles_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opencowin.bulk.saving.AT_ONCE", 5)
    upload = await office.upload(Kind.CENTRES, office.centres(*(f"Resumed {number}" for number in range(23))))
    before = await office.counted("centre")
    async with transaction(office.pool) as conn:
        await bulk.confirm_upload(conn, office.floor, office.actor, upload.upload_id)
    entered = 0

    async def dies(conn: Connection, new: places.NewCentre) -> int:
        nonlocal entered
        entered += 1
        if entered == 13:
            raise ConnectionError("the worker was killed")
        return await add(conn, new)

    add = places.add_centre
    monkeypatch.setattr("opencowin.places.add_centre", dies)
    with pytest.raises(ConnectionError):
        await save_rows(office.pool, office.floor, UploadStep(upload.upload_id))
    assert await office.counted("centre") == before + 10, "two whole batches"
    await save_rows(office.pool, office.floor, UploadStep(upload.upload_id))
    await save_rows(office.pool, office.floor, UploadStep(upload.upload_id))

    saved = await office.look(upload.upload_id)
    assert (saved.state, saved.rows_saved, saved.rows_failed) == (UploadState.SAVED, 23, 0)
    assert await office.counted("centre") == before + 23


async def test_saving_yields_to_other_jobs_and_goes_on(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opencowin.bulk.saving.AT_ONCE", 2)
    monkeypatch.setattr("opencowin.bulk.saving.TURN", 0.0)
    upload = await office.upload(Kind.CENTRES, office.centres("Turn 1", "Turn 2", "Turn 3"))
    under_way = await office.save(upload.upload_id)
    assert (under_way.state, under_way.rows_saved, under_way.progress) == (UploadState.CONFIRMED, 2, 2)
    assert await office.counted("pgqueuer WHERE entrypoint = 'bulk.upload_confirmed'") >= 2
    await save_rows(office.pool, office.floor, UploadStep(upload.upload_id))
    await save_rows(office.pool, office.floor, UploadStep(upload.upload_id))
    assert (await office.look(upload.upload_id)).state is UploadState.SAVED


async def test_sessions_are_published_within_stock_and_withdrawn_again_unless_booked(office: Office) -> None:
    centre, on = office.centre, office.floor.clock.today() + timedelta(days=2)
    async with transaction(office.pool) as conn:
        await stock_in(conn, office.floor, centre, "COVISHIELD", doses=60)
    row = f"{centre.centre_id},{on},Covishield,{{age}},{{doses}},09:00,17:00,4,10\n"
    text = SESSIONS + row.format(age=18, doses=40) + row.format(age=45, doses=40) + row.format(age=60, doses=20)
    upload = await office.upload(Kind.SESSIONS, text + row.format(age=18, doses=1).replace(str(on), "2020-01-01"))
    assert [one[:2] for one in await office.wrong(upload.upload_id)] == [(3, "doses"), (5, "held_on")]
    assert (await office.save(upload.upload_id)).rows_saved == 2

    async with transaction(office.pool) as conn:
        scene = Scene(conn, office.floor, centre)
        wish = scheduling.Wish(from_date=on, days=1, centre_id=centre.centre_id)
        (found,) = await scheduling.find_sessions(conn, office.floor, wish)
        assert len(found.sessions) == 2
        assert found.sessions[0].slots[0].label == "09:00AM-11:00AM"
        first = next(one for one in found.sessions if one.min_age == 18)
        await scene.book(await scene.family(1), first.session_id)
    undone = await office.undo(upload.upload_id)
    assert (undone.state, undone.rows_undone, undone.rows_kept) == (UploadState.UNDONE, 1, 1)
    assert (2, "", "BULK0017") in await office.wrong(upload.upload_id)


async def test_priority_lists_register_and_enlist_and_undo_leaves_no_trace_but_those_who_booked(office: Office) -> None:
    known_document, number = pan(), mobile()
    async with transaction(office.pool) as conn:
        account = await identity.open_account(conn, office.floor, mobile())
        asked = registry.Registration("Asha Kumari", 1990, 2, 6, known_document, comorbidity=False, consent_version="1")
        known = await registry.register(conn, office.floor, citizen(account), account, asked)
    fresh = pan()
    text = (
        LISTS
        + f"health_care_worker;{number};Ravi Nair;1980;1;6;{fresh}\n"
        + f"health_care_worker;{mobile()};ASHA KUMARI;1990;2;6;{known_document}\n"
        + f"health_care_worker;{mobile()};Somebody Else;1990;2;6;{known_document}\n"
        + "aged_18_and_over;12;R2-D2;2999;77;6;nonsense\n"
    )
    upload = await office.upload(Kind.LISTS, text)
    columns = {column for row, column, _ in await office.wrong(upload.upload_id) if row == 5}
    assert columns == {"group", "mobile", "name", "birth_year", "gender_id", "document_number"}
    assert [one for one in await office.wrong(upload.upload_id) if one[0] < 5] == [(4, "", "BULK0013")]
    saved = await office.save(upload.upload_id)
    assert (saved.rows_saved, saved.rows_failed) == (2, 0)
    async with transaction(office.pool) as conn:
        account = await identity.open_account(conn, office.floor, number)
        (ravi,) = await registry.members(conn, office.floor, citizen(account))
        (asha,) = await registry.own_members(conn, office.floor, citizen(known.person.account_id), [known.reference_id])
        assert ravi.priority_groups == asha.priority_groups == ("health_care_worker",)

    undone = await office.undo(upload.upload_id)
    assert (undone.rows_undone, undone.rows_kept) == (2, 0)
    async with transaction(office.pool) as conn:
        assert await registry.members(conn, office.floor, citizen(account)) == []
        (asha,) = await registry.own_members(conn, office.floor, citizen(known.person.account_id), [known.reference_id])
        assert asha.priority_groups == ()


async def test_a_list_never_takes_a_person_whose_document_is_anothers(office: Office) -> None:
    document = pan()
    text = LISTS + f"frontline_worker;{mobile()};Ravi Nair;1980;1;6;{document}\n"
    await office.save((await office.upload(Kind.LISTS, text)).upload_id)
    other = text.replace("Ravi Nair", "Meera Das")
    upload = await office.upload(Kind.LISTS, other)
    assert upload.rows_wrong == 0, "a dry run does not tell who is registered"
    saved = await office.save(upload.upload_id)
    assert (saved.rows_saved, saved.rows_failed) == (0, 1)
    assert await office.counted("duplicate_attempt") >= 1, "the attempt is kept for a human"


async def test_historic_doses_are_kept_once_and_taken_back_unless_a_later_one_builds_on_them(office: Office) -> None:
    async with transaction(office.pool) as conn:
        one = await member(conn, office.floor)
        other = await member(conn, office.floor)
    row = f"{{who}}\t{{dose}}\tCOVISHIELD\tOLD-1\t{{on}}\t{office.centre.centre_id}\tMeera Nair\n"
    text = DOSES + row.format(who=one.reference_id, dose=1, on="31-05-2021")
    text += row.format(who=other.reference_id, dose=1, on="2021-06-01") + row.format(who=1234, dose=25, on="2999-01-01")
    upload = await office.upload(Kind.DOSES, text)
    assert {column for _, column, _ in await office.wrong(upload.upload_id)} == {"reference_id", "dose", "given_on"}
    await office.save(upload.upload_id)
    later = await office.upload(Kind.DOSES, DOSES + row.format(who=other.reference_id, dose=2, on="2021-09-01"))
    await office.save(later.upload_id)

    undone = await office.undo(upload.upload_id)
    assert (undone.rows_undone, undone.rows_kept) == (1, 1)
    async with transaction(office.pool) as conn:
        assert await vaccination.doses_of(conn, one.person) == []
        assert len(await vaccination.doses_of(conn, other.person)) == 2
        left = await fetch_value(
            conn,
            "SELECT sum(amount) FROM measure_change WHERE measure = 'dose' AND keys ->> 'centre' = %(centre)s::text",
            centre=office.centre.centre_id,
        )
        assert left == 2, "what was taken back counts no more"


async def test_an_officer_reaches_nothing_outside_the_area(office: Office) -> None:
    async with transaction(office.pool) as conn:
        district = (await places.districts_of(conn, 27))[0].district_id
    upload = await office.upload(
        Kind.CENTRES, office.centres("Far").replace(f"{office.centre.district_id},", f"{district},")
    )
    assert await office.wrong(upload.upload_id) == [(2, "district_id", "KIT0002")]
    stranger = await an_officer(office.pool, office.floor, await a_centre(office.pool, office.floor, district))
    async with transaction(office.pool) as conn:
        with pytest.raises(bulk.NoSuchUpload):
            await bulk.read_upload(conn, office.floor, stranger, upload.upload_id)
        with pytest.raises(NotPermitted):
            await bulk.receive_upload(conn, office.floor, TEST, Kind.CENTRES, "x", b"")
    colleague = await an_officer(office.pool, office.floor, office.centre)
    async with transaction(office.pool) as conn:
        assert (await bulk.read_upload(conn, office.floor, colleague, upload.upload_id)).rows_wrong == 1
        with pytest.raises(NotPermitted):
            await bulk.every_wrong_row(conn, office.floor, colleague, upload.upload_id)
        with pytest.raises(NotPermitted):
            await bulk.confirm_upload(conn, office.floor, colleague, upload.upload_id)


async def test_an_officer_who_left_saves_nothing_more(office: Office) -> None:
    upload = await office.upload(Kind.CENTRES, office.centres("Never There"))
    async with transaction(office.pool) as conn:
        await bulk.confirm_upload(conn, office.floor, office.actor, upload.upload_id)
        await identity.deactivate_staff(conn, office.floor, TEST, UUID(office.actor.actor_id))
    await save_rows(office.pool, office.floor, UploadStep(upload.upload_id))
    stopped = await office.look(upload.upload_id)
    assert (stopped.state, stopped.rows_saved) == (UploadState.STOPPED, 0)
    assert stopped.problem is not None
    assert stopped.problem.code == "BULK0021"


async def test_what_people_are_named_in_a_file_is_sealed_and_removed_in_time(office: Office) -> None:
    upload = await office.upload(Kind.LISTS, LISTS + f"frontline_worker;{mobile()};Ravi Nair;1980;1;6;nonsense\n")
    async with transaction(office.pool) as conn:
        assert await fetch_value(conn, "SELECT count(*) FROM bulk_chunk") == 0, (
            "the file itself is gone once it is read"
        )
        cells = await fetch_value(
            conn, "SELECT cells_sealed FROM bulk_row WHERE upload_id = %(u)s LIMIT 1", u=upload.upload_id
        )
        assert b"Ravi" not in bytes(cells)
        await conn.execute(
            "UPDATE bulk_upload SET received_at = received_at - interval '31 days' WHERE upload_id = %s",
            [upload.upload_id],
        )
        assert await bulk.forget_old_uploads(conn, office.floor) == 1
    old = await office.look(upload.upload_id)
    assert old.forgotten_at is not None
    assert old.file_name == ""
    assert await office.wrong(upload.upload_id) == []


async def test_people_are_invited_and_an_undo_withdraws_what_nobody_took_up(office: Office) -> None:
    here, name = office.centre.centre_id, f"asha-{mobile()}"
    rows = [f"{name}.{number},Asha Rao,vaccinator,{mobile()},{here}," for number in (1, 2)]
    before = await office.counted("staff")
    upload = await office.upload(Kind.STAFF, PEOPLE + "\n".join(rows))
    assert (upload.rows_read, upload.rows_wrong) == (2, 0)
    assert await office.counted("staff_invitation WHERE user_name LIKE '" + name + "%'") == 0, "a check sends nothing"
    saved = await office.save(upload.upload_id)
    assert (saved.rows_saved, saved.rows_failed) == (2, 0)
    assert await office.counted("staff") == before, "no account, no password: each joins by the own link"

    link = await the_link_of(office, f"{name}.1")
    async with transaction(office.pool) as conn:
        await identity.accept_invitation(conn, office.floor, link, "a long walk by the river", "10.0.0.9")
    undone = await office.undo(upload.upload_id)
    assert (undone.rows_undone, undone.rows_kept) == (1, 1)
    assert await office.wrong(upload.upload_id) == [(2, "", "BULK0017")]
    assert await office.counted("staff") == before + 1
    late = await the_link_of(office, f"{name}.2")
    async with transaction(office.pool) as conn:
        with pytest.raises(identity.InvitationOver):
            await identity.read_invitation(conn, office.floor, late)


async def test_an_upload_of_people_appoints_nobody_whom_a_form_would_not(office: Office) -> None:
    here, name = office.centre.centre_id, f"ravi-{mobile()}"
    far = await fetch_value_of(office, "SELECT max(district_id) FROM district WHERE district_id <> %(own)s")
    text = PEOPLE + "".join(
        f"{row}\n"
        for row in (
            f"{name},Ravi,verifier,{mobile()},{here},",
            f"{name},Ravi,verifier,{mobile()},{here},",
            f"{office.centre.centre_id}!,Ravi,verifier,{mobile()},{here},",
            f"{name}2,Ravi,nation_officer,{mobile()},{here},",
            f"{name}3,Ravi,district_officer,{mobile()},,",
            f"{name}4,Ravi,vaccinator,12,{here},",
            f"{name}5,Ravi,vaccinator,{mobile()},,",
            f"{name}6,Ravi,centre_manager,{mobile()},,{far}",
            f"{name}7,Ravi,vaccinator,{mobile()},999999,",
        )
    )
    upload = await office.upload(Kind.STAFF, text)
    assert await office.wrong(upload.upload_id) == [
        (3, "", "BULK0013"),
        (4, "user_name", identity.UserNameInvalid.code),
        (5, "role", NotPermitted.code),
        (6, "role", NotPermitted.code),
        (7, "contact", identity.ContactUnusable.code),
        (8, "role", identity.RoleNeedsPlace.code),
        (9, "district_id", NotPermitted.code),
        (10, "centre_id", places.UnknownCentre.code),
    ]
    manager = Actor(office.actor.kind, office.actor.actor_id, frozenset(), place=office.actor.place)
    assert Kind.STAFF not in bulk.kinds_for(manager)


async def the_link_of(office: Office, user_name: str) -> str:
    """The secret of the link that was sent for a user name, out of the job that sends it."""
    async with transaction(office.pool) as conn:
        cursor = await conn.execute(
            """
            SELECT convert_from(payload, 'UTF8')::jsonb FROM pgqueuer JOIN staff_invitation i
                ON convert_from(payload, 'UTF8')::jsonb ->> 'invitation_id' = i.invitation_id::text
            WHERE entrypoint = 'staff_invited' AND user_name = %s
            """,
            (user_name,),
        )
        row = await cursor.fetchone()
    assert row is not None
    return office.floor.keyring.open(base64.b64decode(row[0]["token_sealed"]), "staff_invitation.token")


async def fetch_value_of(office: Office, query: LiteralString) -> object:
    async with transaction(office.pool) as conn:
        return await fetch_value(conn, query, own=office.centre.district_id)


async def test_each_step_is_taken_once_and_leaves_an_audit_row(office: Office) -> None:
    upload = await office.upload(Kind.CENTRES, office.centres("Once"))
    await office.save(upload.upload_id)
    async with transaction(office.pool) as conn:
        with pytest.raises(bulk.TooLateForThis):
            await bulk.confirm_upload(conn, office.floor, office.actor, upload.upload_id)
        with pytest.raises(bulk.TooLateForThis):
            await bulk.drop_upload(conn, office.floor, office.actor, upload.upload_id)
    assert (await office.undo(upload.upload_id)).rows_undone == 1
    async with transaction(office.pool) as conn:
        cursor = await conn.execute(
            "SELECT action FROM audit WHERE subject_id = %s ORDER BY audit_id", [str(upload.upload_id)]
        )
        assert [row[0] for row in await cursor.fetchall()] == ["bulk.receive_upload", "bulk.confirmed", "bulk.undoing"]
