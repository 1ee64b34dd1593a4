"""All SQL of the programme room."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value, run


@dataclass(frozen=True, slots=True)
class ProgrammeRow:
    """A programme without its rules."""

    programme_id: str
    name: str
    name_l: dict[str, str]
    loaded_at: datetime | None = None
    """When its rules last changed; set by the database."""


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule as it is stored."""

    kind: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class VaccineRow:
    """A vaccine as it is stored."""

    vaccine_id: str
    name: str
    name_l: dict[str, str]
    manufacturer: str
    primary_doses: int
    codes: dict[str, str]


@dataclass(frozen=True, slots=True)
class ExemptionRow:
    """An exemption that a beneficiary holds."""

    account_id: UUID
    beneficiary_id: UUID
    kind: str
    valid_from: date
    valid_until: date
    granted_by: str
    granted_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class AnnouncedRule:
    """A rule that an officer announced, its body as JSON values."""

    kind: str
    body: dict[str, Any]
    announced_by: str
    announced_at: datetime


async def upsert_programme(conn: Connection, row: ProgrammeRow) -> None:
    """Store the programme, and make it the live one."""
    await run(
        conn,
        """
        INSERT INTO programme (programme_id, name, name_l, loaded_at)
        VALUES (%(programme_id)s, %(name)s, %(name_l)s, clock_timestamp())
        ON CONFLICT (programme_id) DO UPDATE
        SET name = excluded.name, name_l = excluded.name_l, loaded_at = excluded.loaded_at
        """,
        programme_id=row.programme_id,
        name=row.name,
        name_l=Jsonb(row.name_l),
    )


async def upsert_vaccines(conn: Connection, vaccines: Sequence[Mapping[str, Any]]) -> None:
    """Store vaccines, given as their JSON."""
    await run(
        conn,
        """
        INSERT INTO vaccine (vaccine_id, name, name_l, manufacturer, primary_doses, codes)
        SELECT vaccine_id, name, name_l, manufacturer, primary_doses, codes
        FROM jsonb_to_recordset(%(vaccines)s) AS v (vaccine_id text, name text, name_l jsonb, manufacturer text,
            primary_doses smallint, codes jsonb)
        ORDER BY vaccine_id
        ON CONFLICT (vaccine_id) DO UPDATE
        SET name = excluded.name, name_l = excluded.name_l, manufacturer = excluded.manufacturer,
            primary_doses = excluded.primary_doses, codes = excluded.codes
        """,
        vaccines=Jsonb(list(vaccines)),
    )


async def upsert_rules(conn: Connection, programme_id: str, rules: Sequence[Mapping[str, Any]]) -> None:
    """Store rules, given as {kind, rule_id, body}; their place in the list is kept."""
    await run(
        conn,
        """
        INSERT INTO programme_rule (programme_id, kind, rule_id, position, decided_on, valid_from, valid_until, body)
        SELECT %(programme_id)s, r.rule ->> 'kind', r.rule ->> 'rule_id', r.position,
            (r.rule #>> '{body,decided_on}')::date, (r.rule #>> '{body,valid_from}')::date,
            (r.rule #>> '{body,valid_until}')::date, r.rule -> 'body'
        FROM jsonb_array_elements(%(rules)s) WITH ORDINALITY AS r (rule, position)
        ORDER BY 2, 3
        ON CONFLICT (programme_id, kind, rule_id) DO UPDATE
        SET position = excluded.position, decided_on = excluded.decided_on, valid_from = excluded.valid_from,
            valid_until = excluded.valid_until, body = excluded.body
        """,
        programme_id=programme_id,
        rules=Jsonb(list(rules)),
    )


async def delete_other_rules(conn: Connection, programme_id: str, kept: Sequence[tuple[str, str]]) -> int:
    """Remove the rules of the programme that are not among these (kind, rule_id); how many went."""
    return await run(
        conn,
        """
        DELETE FROM programme_rule
        WHERE programme_id = %(programme_id)s AND origin = 'pack' AND (kind, rule_id) NOT IN (
            SELECT kept.kind, kept.rule_id
            FROM unnest(%(kinds)s::text[], %(rule_ids)s::text[]) AS kept (kind, rule_id))
        """,
        programme_id=programme_id,
        kinds=[kind for kind, _ in kept],
        rule_ids=[rule_id for _, rule_id in kept],
    )


async def live_programme(conn: Connection) -> ProgrammeRow | None:
    """The programme that was loaded last."""
    return await fetch_one(
        conn,
        ProgrammeRow,
        "SELECT programme_id, name, name_l, loaded_at FROM programme ORDER BY loaded_at DESC LIMIT 1",
    )


async def rules_of(conn: Connection, programme_id: str) -> list[RuleRow]:
    """All rules of the programme, in the order of its file."""
    return await fetch_all(
        conn,
        RuleRow,
        "SELECT kind, body FROM programme_rule WHERE programme_id = %(programme_id)s ORDER BY position",
        programme_id=programme_id,
    )


async def vaccines(conn: Connection) -> list[VaccineRow]:
    """All vaccines, those of former packs too."""
    return await fetch_all(
        conn,
        VaccineRow,
        "SELECT vaccine_id, name, name_l, manufacturer, primary_doses, codes FROM vaccine ORDER BY vaccine_id",
    )


async def upsert_exemption(conn: Connection, row: ExemptionRow) -> None:
    """Store an exemption; one of the same kind that the beneficiary held is replaced."""
    await run(
        conn,
        """
        INSERT INTO exemption
            (account_id, beneficiary_id, kind, valid_from, valid_until, granted_by, granted_at, reason)
        VALUES (%(account_id)s, %(beneficiary_id)s, %(kind)s, %(valid_from)s, %(valid_until)s, %(granted_by)s,
            %(granted_at)s, %(reason)s)
        ON CONFLICT (account_id, beneficiary_id, kind) DO UPDATE
        SET valid_from = excluded.valid_from, valid_until = excluded.valid_until, granted_by = excluded.granted_by,
            granted_at = excluded.granted_at, reason = excluded.reason
        """,
        account_id=row.account_id,
        beneficiary_id=row.beneficiary_id,
        kind=row.kind,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        granted_by=row.granted_by,
        granted_at=row.granted_at,
        reason=row.reason,
    )


async def exemptions_of_accounts(conn: Connection, account_ids: Sequence[UUID]) -> list[ExemptionRow]:
    """All exemptions of these accounts' beneficiaries."""
    return await fetch_all(
        conn,
        ExemptionRow,
        """
        SELECT account_id, beneficiary_id, kind, valid_from, valid_until, granted_by, granted_at, reason
        FROM exemption WHERE account_id = ANY (%(account_ids)s) ORDER BY beneficiary_id, kind
        """,
        account_ids=list(account_ids),
    )


async def insert_rule(conn: Connection, programme_id: str, rule: AnnouncedRule) -> None:
    """Add a rule that an officer announced, after all others."""
    await run(
        conn,
        """
        INSERT INTO programme_rule (programme_id, kind, rule_id, position, decided_on, valid_from, valid_until, body,
                                    origin, announced_by, announced_at)
        SELECT %(programme_id)s, %(kind)s, %(rule_id)s, 1 + coalesce(max(position), 0), %(decided_on)s, %(valid_from)s,
               %(valid_until)s, %(body)s, 'officer', %(by)s, %(at)s
        FROM programme_rule WHERE programme_id = %(programme_id)s
        ON CONFLICT (programme_id, kind, rule_id) DO NOTHING
        """,
        programme_id=programme_id,
        kind=rule.kind,
        rule_id=rule.body["rule_id"],
        decided_on=rule.body["decided_on"],
        valid_from=rule.body["valid_from"],
        valid_until=rule.body["valid_until"],
        body=Jsonb(rule.body),
        by=rule.announced_by,
        at=rule.announced_at,
    )


async def is_announced(conn: Connection, rule_id: str, by: str) -> bool:
    """Whether this officer announced the rule already."""
    found = await fetch_value(
        conn,
        "SELECT EXISTS (SELECT FROM programme_rule WHERE rule_id = %(rule_id)s AND announced_by = %(by)s)",
        rule_id=rule_id,
        by=by,
    )
    return bool(found)


async def rules_changed(conn: Connection, programme_id: str) -> None:
    """Let every process read the rules again."""
    await run(
        conn,
        "UPDATE programme SET loaded_at = clock_timestamp() WHERE programme_id = %(programme_id)s",
        programme_id=programme_id,
    )


async def move_exemptions(conn: Connection, beneficiary_id: UUID, account_id: UUID, to: UUID) -> int:
    """Let a person's exemptions follow into another household."""
    return await run(
        conn,
        """
        UPDATE exemption SET account_id = %(to)s
        WHERE account_id = %(account_id)s AND beneficiary_id = %(beneficiary_id)s
        """,
        account_id=account_id,
        beneficiary_id=beneficiary_id,
        to=to,
    )
