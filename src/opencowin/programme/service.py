"""What one does with a programme: load it from a country pack, read it, grant exemptions from it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from opencowin.kit.actor import Actor, Permission
from opencowin.kit.audit import record
from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection
from opencowin.kit.pack import CountryPack
from opencowin.programme import pack as files
from opencowin.programme import queries
from opencowin.programme.facts import Exemption
from opencowin.programme.model import Programme
from opencowin.programme.queries import ExemptionRow, ProgrammeRow
from opencowin.programme.refusals import (
    ExemptionDatesReversed,
    ExemptionReasonMissing,
    NoSuchExemption,
    ProgrammeNotLoaded,
)

_known: dict[tuple[str, datetime | None], Programme] = {}
"""The rules as they were last read, kept for as long as nobody loads others: they are asked for at every booking."""
_NAMED_BY = {"group": "group_id", "opening": "rule_id", "step": "rule_id", "exemption_kind": "kind"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExemptionGrant:
    """An exemption to be granted to a beneficiary for vaccinations within these dates."""

    account_id: UUID
    beneficiary_id: UUID
    kind: str
    valid_from: date
    valid_until: date
    reason: str


async def load_programme(conn: Connection, pack: CountryPack) -> Programme:
    """Make the database's programme the one of the country pack: the same again when called twice.

    Rules that the pack no longer has are removed; vaccines stay, because doses given refer to them. Raises PackBroken.
    """
    programme = files.read_programme(pack)
    vaccines, stored = files.dump(programme)
    rules: list[dict[str, Any]] = [
        {"kind": kind, "rule_id": body[named_by], "body": body}
        for kind, named_by in _NAMED_BY.items()
        for body in stored[kind]
    ]
    row = ProgrammeRow(programme.programme_id, programme.name, dict(programme.name_l))
    await queries.upsert_programme(conn, row)
    await queries.upsert_vaccines(conn, vaccines)
    await queries.upsert_rules(conn, row.programme_id, rules)
    await queries.delete_other_rules(conn, row.programme_id, [(rule["kind"], rule["rule_id"]) for rule in rules])
    return programme


async def current_programme(conn: Connection) -> Programme:
    """The live programme with all its rules, past and announced. Raises ProgrammeNotLoaded."""
    row = await queries.live_programme(conn)
    if row is None:
        raise ProgrammeNotLoaded
    version = (row.programme_id, row.loaded_at)
    if version not in _known:
        _known.clear()
        _known[version] = await _read(conn, row)
    return _known[version]


async def _read(conn: Connection, row: ProgrammeRow) -> Programme:
    stored: dict[str, Any] = {"programme_id": row.programme_id, "name": row.name, "name_l": row.name_l}
    stored |= {kind: [] for kind in _NAMED_BY}
    for rule in await queries.rules_of(conn, row.programme_id):
        stored[rule.kind].append(rule.body)
    return files.load([asdict(vaccine) for vaccine in await queries.vaccines(conn)], stored)


async def grant_exemption(conn: Connection, actor: Actor, clock: Clock, grant: ExemptionGrant) -> None:
    """Grant an exemption; one of the same kind that the beneficiary held is replaced.

    Raises NotPermitted, NoSuchExemption, ExemptionDatesReversed, ExemptionReasonMissing.
    """
    actor.require(Permission.VACCINATE)
    await _check(conn, grant)
    await queries.upsert_exemption(
        conn,
        ExemptionRow(
            account_id=grant.account_id,
            beneficiary_id=grant.beneficiary_id,
            kind=grant.kind,
            valid_from=grant.valid_from,
            valid_until=grant.valid_until,
            granted_by=actor.actor_id,
            granted_at=clock.now(),
            reason=grant.reason.strip(),
        ),
    )
    subject, detail = ("beneficiary", grant.beneficiary_id), {"kind": grant.kind, "until": str(grant.valid_until)}
    await record(conn, actor, "programme.grant_exemption", subject=subject, reason=grant.reason.strip(), detail=detail)


async def _check(conn: Connection, grant: ExemptionGrant) -> None:
    if grant.kind not in (await current_programme(conn)).exemption_kinds:
        raise NoSuchExemption(field="kind", kind=grant.kind)
    if grant.valid_until < grant.valid_from:
        raise ExemptionDatesReversed(field="valid_until")
    if not grant.reason.strip():
        raise ExemptionReasonMissing(field="reason")


async def exemptions_of(conn: Connection, *account_ids: UUID) -> Mapping[UUID, tuple[Exemption, ...]]:
    """The exemptions that these accounts' beneficiaries hold, by beneficiary: facts for `decide`."""
    held: dict[UUID, list[Exemption]] = defaultdict(list)
    for row in await queries.exemptions_of_accounts(conn, account_ids):
        held[row.beneficiary_id].append(Exemption(row.kind, row.valid_from, row.valid_until))
    return {beneficiary_id: tuple(exemptions) for beneficiary_id, exemptions in held.items()}


async def move_exemptions(conn: Connection, beneficiary_id: UUID, account_id: UUID, to: UUID) -> None:
    """Let what a person holds follow from one household into another."""
    await queries.move_exemptions(conn, beneficiary_id, account_id, to)
