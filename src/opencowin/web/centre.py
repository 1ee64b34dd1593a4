"""What centres' tablets call: sign in, today's sessions and their lists, and the records that they send."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from opencowin import places, programme, registry, tablets
from opencowin.identity import NotSignedIn
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection
from opencowin.tablets import Answer, Expected, Outcome, SessionToday, Tablet
from opencowin.web.centre_records import id_of, made_at, read_record
from opencowin.web.cowin.wire import Body
from opencowin.web.guard import Face, may
from opencowin.web.site import Site, language_of, site_of
from opencowin.web.tablet_guard import may_carry, may_send, tablet_of

router = APIRouter(prefix="/open/v1/centre", tags=["Centres' tablets"])
Worker = Annotated[Actor, may(Permission.VACCINATE, Face.STAFF)]
Officer = Annotated[Actor, may(Permission.PUBLISH_SESSIONS, Face.STAFF)]
Carrying = Annotated[Actor, may_carry()]
Sending = Annotated[Actor, may_send()]
MOST_RECORDS = 100
UNREADABLE = "unreadable"


class Begin(Body):
    """For which centre; left out by who works at one only."""

    center_id: int | None = Field(None, ge=0, le=2**31 - 1)


class FileKey(BaseModel):
    """The deployment's key, with which a tablet seals records for a file."""

    kid: str
    point: str = Field(description="P-256, uncompressed, base64.")


class Batch(BaseModel):
    """A batch that may be used."""

    number: str
    expires_on: date
    doses_per_vial: int
    doses: int
    issued: bool = Field(description="Whether it is issued to the session; else it is in the centre's store.")


class Session(BaseModel):
    """A session of today."""

    session_id: UUID
    held_on: date
    vaccine: str
    min_age: int
    max_age: int | None
    batches: list[Batch]


class Begun(BaseModel):
    """A tablet that may call."""

    tablet_id: UUID
    token: str = Field(description="Shown once: the tablet's bearer token.")
    expires_at: datetime
    idle_days: int = Field(description="Days without use after which the tablet forgets its lists.")
    worker: str
    center_id: int
    center: str
    file_key: FileKey
    sessions: list[Session]


class GivenBefore(BaseModel):
    """A dose on record."""

    dose: int
    vaccine: str
    date: date


class ExpectedPerson(BaseModel):
    """Who is expected: what the worker needs to know them and the rules, and no more."""

    reference: str
    name: str
    birth_year: int
    gender: str
    document: str
    document_end: str = Field(description="The last digits.")
    priority: bool
    dose: int
    slot: str
    given: bool
    doses: list[GivenBefore]
    code_mark: int = Field(description="Four bits of SHA-256 over `reference:code`: most wrong codes are seen.")


class DayList(BaseModel):
    """The lists of sessions of today, and the rules by which a tablet warns."""

    held_on: date
    fetched_at: datetime
    people: list[ExpectedPerson]
    rules: dict[str, Any]


class Lists(Body):
    """Of which sessions."""

    sessions: list[UUID] = Field(min_length=1, max_length=10)


class Records(Body):
    """What a tablet sends. Each record has `id`, `at` and `kind`, and is answered by itself."""

    records: list[Any] = Field(max_length=MOST_RECORDS)


class Told(BaseModel):
    """What became of a record."""

    id: UUID
    outcome: Outcome
    code: str
    text: str
    flags: list[str]
    reference: str


class Answers(BaseModel):
    """What became of each, and whether the worker may go on."""

    answers: list[Told]
    at_work: bool


class Carried(Body):
    """A file of a tablet that could not send."""

    envelopes: list[dict[str, Any]] = Field(min_length=1, max_length=2000)


class Envelopes(Body):
    """Records that only the deployment can read."""

    envelopes: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_RECORDS)


class Opened(BaseModel):
    """What became of each envelope, in their order: an outcome of a record, or unreadable."""

    outcomes: list[str]


class Imported(BaseModel):
    """What was in the file."""

    kept: int
    attention: int
    waiting: int
    unreadable: int


@router.post("/tablets", status_code=201)
async def begin(request: Request, body: Begin, actor: Worker) -> Begun:
    """Sign in on a tablet for a centre in one's scope."""
    site = site_of(request)
    async with site.transaction() as conn:
        tablet, token = await tablets.begin_tablet(conn, site.floor, actor, body.center_id)
        centre = await places.read_centre(conn, tablet.centre_id)
        return Begun(
            tablet_id=tablet.tablet_id,
            token=token,
            expires_at=tablet.expires_at,
            idle_days=site.floor.settings.tablet_idle_days,
            worker=tablet.worker_name,
            center_id=tablet.centre_id,
            center=centre.name_in(language_of(request)),
            file_key=FileKey(**await tablets.public_key(conn, site.floor)),
            sessions=await _sessions(conn, site, tablet),
        )


@router.get("/sessions")
async def sessions(request: Request, _actor: Carrying) -> list[Session]:
    """The centre's sessions of today, with the batches that may be used."""
    site = site_of(request)
    async with site.transaction() as conn:
        return await _sessions(conn, site, tablet_of(request))


@router.post("/lists")
async def lists(request: Request, body: Lists, _actor: Carrying) -> DayList:
    """Who is expected in sessions of today. Every fetch is written down."""
    site = site_of(request)
    async with site.transaction() as conn:
        expected = await tablets.day_list(conn, site.floor, tablet_of(request), body.sessions)
        today = site.floor.clock.today()
        rules = tablets.carried_rules(await programme.current_programme(conn), today)
    people = [_person(site, one) for one in expected]
    return DayList(held_on=today, fetched_at=site.floor.clock.now(), people=people, rules=rules)


@router.post("/envelopes")
async def envelopes(request: Request, body: Envelopes, _actor: Sending) -> Opened:
    """Take sealed records of this centre's tablets whose PIN is lost; each is answered by itself, every time."""
    site, asked = site_of(request), tablet_of(request)
    outcomes = []
    for envelope in body.envelopes:
        async with site.transaction() as conn:
            opened = await tablets.open_envelope(conn, site.floor, envelope)
            sender = await _colleague(conn, site, asked, opened)
        answer = await _take(site, sender, opened.get("record")) if sender and opened else None
        outcomes.append(UNREADABLE if answer is None else answer.outcome.value)
    return Opened(outcomes=outcomes)


@router.post("/records")
async def records(request: Request, body: Records, _actor: Sending) -> Answers:
    """Take records: each is kept once, answered by itself, and answered the same when it comes again."""
    site, tablet = site_of(request), tablet_of(request)
    answers = [answer for raw in body.records if (answer := await _take(site, tablet, raw)) is not None]
    told = [_told(site, language_of(request), one) for one in answers]
    return Answers(answers=told, at_work=not (tablet.left or tablet.over))


@router.post("/end")
async def end(request: Request, _actor: Sending) -> Answers:
    """Sign out: the tablet gets nothing more."""
    site = site_of(request)
    async with site.transaction() as conn:
        await tablets.end_tablet(conn, site.floor, tablet_of(request))
    return Answers(answers=[], at_work=False)


@router.post("/files")
async def import_file(request: Request, body: Carried, actor: Officer) -> Imported:
    """Take the file of a tablet that could not send, of a centre in one's scope. Doing it again changes nothing."""
    site, counted = site_of(request), dict.fromkeys(("kept", "attention", "waiting", UNREADABLE), 0)
    for envelope in body.envelopes:
        async with site.transaction() as conn:
            opened = await tablets.open_envelope(conn, site.floor, envelope)
            tablet = await _sender(conn, site, actor, opened)
        answer = await _take(site, tablet, opened.get("record")) if tablet and opened else None
        name = UNREADABLE if answer is None else answer.outcome.value
        counted[name if name in counted else "kept"] += 1
    if counted[UNREADABLE] == len(body.envelopes):
        raise tablets.FileUnreadable(field="envelopes")
    return Imported(**counted)


async def _sender(conn: Connection, site: Site, actor: Actor, opened: dict[str, Any] | None) -> Tablet | None:
    """The tablet that sealed it, where it worked in the officer's scope. Raises NotSignedIn for a token of nobody."""
    if opened is None:
        return None
    tablet = await tablets.tablet_of(conn, site.floor, str(opened.get("token")), actor.address)
    within = await places.in_scope(conn, actor, district_id=tablet.district_id, centre_id=tablet.centre_id)
    return tablet if within else None


async def _colleague(conn: Connection, site: Site, asked: Tablet, opened: dict[str, Any] | None) -> Tablet | None:
    """The tablet that sealed it, where it works for the same centre as the one that sends it."""
    if opened is None:
        return None
    try:
        sender = await tablets.tablet_of(conn, site.floor, str(opened.get("token")), asked.actor.address)
    except NotSignedIn:
        return None
    return sender if sender.centre_id == asked.centre_id else None


async def _take(site: Site, tablet: Tablet, raw: Any) -> Answer | None:
    """One record in a transaction of its own; None for something without an id."""
    record_id = id_of(raw)
    if record_id is None:
        return None
    sent = read_record(raw)
    async with site.transaction() as conn:
        if sent is None:
            return await tablets.keep_unread(conn, site.floor, tablet, record_id, made_at(raw), raw)
        return await tablets.take(conn, site.floor, tablet, sent)


async def _sessions(conn: Connection, site: Site, tablet: Tablet) -> list[Session]:
    return [_session(one) for one in await tablets.sessions_today(conn, site.floor, tablet)]


def _session(one: SessionToday) -> Session:
    return Session(
        session_id=one.session_id,
        held_on=one.held_on,
        vaccine=one.vaccine_id,
        min_age=one.min_age,
        max_age=one.max_age,
        batches=[
            Batch(
                number=batch.batch_number,
                expires_on=batch.expires_on,
                doses_per_vial=batch.doses_per_vial,
                doses=batch.doses,
                issued=batch.account.startswith("session:"),
            )
            for batch in one.batches
        ],
    )


def _person(site: Site, one: Expected) -> ExpectedPerson:
    person = one.person
    return ExpectedPerson(
        reference=str(person.reference_id),
        name=person.name,
        birth_year=person.birth_year,
        gender=site.genders[person.gender_id].name,
        document=site.documents.get(person.document_type_id).name,
        document_end=person.document_masked[-4:],
        priority=bool(person.priority_groups) or person.comorbidity,
        dose=one.dose_number,
        slot=one.slot,
        given=one.given,
        doses=[GivenBefore(dose=d.dose_number, vaccine=d.vaccine_id, date=d.given_on) for d in one.doses],
        code_mark=registry.code_mark(person.reference_id, person.secret_code),
    )


def _told(site: Site, language: str, one: Answer) -> Told:
    return Told(
        id=one.record_id,
        outcome=one.outcome,
        code=one.code,
        text=site.catalogues.text(one.text, language),
        flags=list(one.flags),
        reference=one.reference_id,
    )
