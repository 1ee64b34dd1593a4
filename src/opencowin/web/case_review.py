"""Our own surface for officers: cases within the scope, the records they are about, decisions; and integrity flags."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from opencowin import cases
from opencowin.cases import CaseKind, CaseState, FlagKind, FlagState, Verdict
from opencowin.kit.actor import Actor, Permission
from opencowin.web.cowin.wire import PlainText
from opencowin.web.guard import Face, may
from opencowin.web.site import site_of

router = APIRouter(prefix="/open/v1", tags=["Our own surface"])
Officer = Annotated[Actor, may(Permission.ANSWER_CASES, Face.STAFF, Face.PARTNER)]
CaseNumber = Annotated[int, Path(ge=1, le=2**62)]
DistrictNumber = Annotated[int, Path(ge=0, le=2**31 - 1)]
FILE_OUT: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}


class CaseListed(BaseModel):
    """A case in the list: what it is about, and nobody's facts."""

    case_number: int
    kind: CaseKind
    state: CaseState
    found_by_system: bool
    district_id: int | None
    raised_at: datetime
    changed_at: datetime
    takes_effect_at: datetime | None


class StepSeen(BaseModel):
    """One step, with who took it."""

    state: CaseState
    side: str
    actor: str
    note: str
    at: datetime


class ProofSeen(BaseModel):
    """Something shown as proof."""

    evidence_id: UUID
    media_type: str
    size: int
    deleted: bool


class DoseSeen(BaseModel):
    """A dose on a record."""

    dose_id: UUID
    dose: int
    vaccine: str
    batch: str
    given_on: date
    center_id: int | None
    state: str
    flags: list[str]


class RecordSeen(BaseModel):
    """A record that a case is about."""

    beneficiary_reference_id: str
    name: str
    birth: str
    gender_id: int
    document: str = Field(description="The last characters of the identity document's number.")
    died_on: date | None
    doses: list[DoseSeen]


class CaseSeen(CaseListed):
    """A case with all that an officer may see of it."""

    details: str
    wish: dict[str, object] = Field(description="What exactly shall be put right.")
    can_be_undone: bool
    steps: list[StepSeen]
    evidence: list[ProofSeen]
    records: list[RecordSeen]


class Decision(BaseModel):
    """What is decided or asked, with the reason: the household reads it."""

    reason: PlainText = Field(min_length=1, max_length=1000)


class FlagSeen(BaseModel):
    """Doses that do not fit."""

    flag_id: int
    kind: FlagKind
    district_id: int | None
    center_id: int | None
    on_date: date | None
    dose_id: UUID | None
    beneficiary_reference_id: str | None
    subject: str
    counted: int | None
    allowed: int | None
    state: FlagState
    found_at: datetime
    note: str


class FlagReview(Decision):
    """What a review came to."""

    upheld: bool
    revoke_dose: bool = Field(False, description="Revoke the dose that the flag is about, with its certificates.")


@router.get("/cases")
async def list_cases(
    request: Request,
    actor: Officer,
    state: Annotated[CaseState | None, Query(description="Without it: all that are not closed.")] = None,
    kind: CaseKind | None = None,
    older_than_days: Annotated[int, Query(ge=0, le=3650)] = 0,
) -> list[CaseListed]:
    """Cases within one's scope, the oldest first."""
    site = site_of(request)
    search = cases.Search(frozenset({state}) if state else cases.OPEN, kind, older_than_days)
    async with site.transaction() as conn:
        found = await cases.list_cases(conn, site.floor, actor, search)
    return [CaseListed(**_listed(one)) for one in found]


@router.get("/cases/{case_number}")
async def look(request: Request, case_number: CaseNumber, actor: Officer) -> CaseSeen:
    """A case with the records that it is about, side by side. The look is written down."""
    site = site_of(request)
    async with site.transaction() as conn:
        return _seen(await cases.look(conn, site.floor, actor, case_number))


@router.get("/cases/{case_number}/proof/{evidence_id}", response_class=Response, responses=FILE_OUT)
async def proof(request: Request, case_number: CaseNumber, evidence_id: UUID, actor: Officer) -> Response:
    """What was shown as proof. The look is written down."""
    site = site_of(request)
    async with site.transaction() as conn:
        found = await cases.read_evidence(conn, site.floor, actor, case_number, evidence_id)
    headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return Response(found.content, media_type=found.media_type, headers=headers)


@router.post("/cases/{case_number}/{verdict}")
async def decide(
    request: Request, case_number: CaseNumber, verdict: Verdict, body: Decision, actor: Officer
) -> CaseSeen:
    """Ask for more, refuse, accept, or undo a merge, with the reason.

    What is accepted is carried out at once, with the certificates concerned, or after the other side's days to object.
    """
    site = site_of(request)
    async with site.transaction() as conn:
        await cases.decide(conn, site.floor, actor, case_number, verdict, body.reason)
        return _seen(await cases.look(conn, site.floor, actor, case_number))


@router.post("/cases/{case_number}/district/{district_id}", status_code=204)
async def hand_over(
    request: Request, case_number: CaseNumber, district_id: DistrictNumber, body: Decision, actor: Officer
) -> None:
    """Give a case to the officers of another district."""
    site = site_of(request)
    async with site.transaction() as conn:
        await cases.hand_over(conn, site.floor, actor, case_number, district_id, body.reason)


@router.get("/flags")
async def list_flags(
    request: Request, actor: Officer, kind: FlagKind | None = None, state: FlagState = FlagState.OPEN
) -> list[FlagSeen]:
    """Integrity flags within one's scope, the oldest first."""
    site = site_of(request)
    async with site.transaction() as conn:
        found = await cases.list_flags(conn, site.floor, actor, kind=kind, state=state)
    return [_flag(one) for one in found]


@router.post("/flags/{flag_id}/review")
async def review_flag(
    request: Request, flag_id: Annotated[int, Path(ge=1, le=2**62)], body: FlagReview, actor: Officer
) -> FlagReview:
    """Note what a review came to; one that is upheld may revoke its dose."""
    site = site_of(request)
    outcome = FlagState.UPHELD if body.upheld else FlagState.DISMISSED
    async with site.transaction() as conn:
        await cases.review_flag(conn, site.floor, actor, flag_id, outcome, body.reason, revoke=body.revoke_dose)
    return body


def _listed(case: cases.Case) -> dict[str, Any]:
    names = ("case_number", "kind", "state", "found_by_system", "district_id", "raised_at", "changed_at")
    return {name: getattr(case, name) for name in (*names, "takes_effect_at")}


def _seen(found: cases.Reviewed) -> CaseSeen:
    case = found.case
    return CaseSeen(
        **_listed(case),
        details=case.details,
        wish=cases.wish_told(case.wish),
        can_be_undone=case.can_be_undone,
        steps=[
            StepSeen(state=one.state, side=one.side.value, actor=one.actor_id, note=one.note, at=one.at)
            for one in found.steps
        ],
        evidence=[
            ProofSeen(evidence_id=one.evidence_id, media_type=one.media_type, size=one.size, deleted=one.deleted)
            for one in found.evidence
        ],
        records=[_record(one) for one in found.records],
    )


def _record(one: cases.RecordShown) -> RecordSeen:
    who = one.beneficiary
    return RecordSeen(
        beneficiary_reference_id=str(who.reference_id),
        name=who.name,
        birth=str(who.birth_date or who.birth_year),
        gender_id=who.gender_id,
        document=who.document_masked,
        died_on=who.died_on,
        doses=[
            DoseSeen(
                dose_id=dose.dose_id,
                dose=dose.dose_number,
                vaccine=dose.vaccine_id,
                batch=dose.batch_number,
                given_on=dose.given_on,
                center_id=dose.centre_id,
                state=dose.state.value,
                flags=sorted(dose.flags),
            )
            for dose in one.doses
        ],
    )


def _flag(one: cases.Flag) -> FlagSeen:
    return FlagSeen(
        flag_id=one.flag_id,
        kind=one.kind,
        district_id=one.district_id,
        center_id=one.centre_id,
        on_date=one.on_date,
        dose_id=one.dose_id,
        beneficiary_reference_id=str(one.reference_id) if one.reference_id else None,
        subject=one.subject,
        counted=one.counted,
        allowed=one.allowed,
        state=one.state,
        found_at=one.found_at,
        note=one.note,
    )
