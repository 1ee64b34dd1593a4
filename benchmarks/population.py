"""Millions of invented people in the real tables, made by the server itself; every row is as large as a real one.

Person n has an account (shared by two), a household, a document, and a first dose that was booked before. Keys are as
random as real ones, what is sealed is sealed, and number and account can be told from n, so that anybody can sign in.
"""

import hashlib
import random
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import LiteralString
from uuid import UUID

import psycopg

from benchmarks.lab import Lab
from opencowin.identity.accounts import MOBILE
from opencowin.kit.crypto import Keyring
from opencowin.registry.sealing import BIRTH_DATE, DOCUMENT, DOCUMENT_MASKED, NAME, SECRET_CODE
from opencowin.vaccination.reading import VACCINATOR

PER_DAY = 100_000
"""People a day; so the thirtieth million came 100 days ago, and a second dose is due."""
DAYS = 400
SESSIONS_A_DAY = 1_000
AFTER = 9
"""Days after the last registration in which there are sessions of the past."""
SEALS = 64
FILL_OF_RANDOM = 70
"""Per cent: how full an index of random keys stands that was filled by one insert after the other."""
LOADERS = 2
FIRST_MOBILE = 6_000_000_000
NAMES = ("Asha Kumari", "Mohammed Irfan Sheikh", "Lakshmi Venkataraman Iyer", "Raj Singh", "आशा कुमारी", "இலட்சுமி")

FUNCTIONS = """
CREATE FUNCTION bench_id(p_kind text, p_n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN md5(p_kind || p_n)::uuid;
CREATE FUNCTION bench_session(p_first date, p_n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN overlay(overlay(overlay(md5('s' || p_n) PLACING lpad(to_hex(
        ((p_first - '1970-01-01') + p_n / 1000) * 86400000), 12, '0') FROM 1) PLACING '7' FROM 13)
        PLACING '8' FROM 17)::uuid;
CREATE FUNCTION bench_lot(p_n bigint, p_of integer) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN mod(hashint8(p_n) & 2147483647, p_of);
CREATE FUNCTION bench_hash(p_kind text, p_n bigint) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sha256(convert_to(p_kind || p_n, 'UTF8'));
CREATE FUNCTION bench_reference(p_n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 10000000000000 + mod(p_n * 7438271963, 90000000000000);
CREATE TABLE bench_place (place integer PRIMARY KEY, district_id integer NOT NULL, centre_id integer NOT NULL);
CREATE TABLE bench_seal (number integer PRIMARY KEY, mobile bytea, name bytea, born bytea, document bytea,
                         masked bytea, code bytea, giver bytea);
"""
MONTHS: LiteralString = """
SELECT partition_make('appointment', month)
FROM generate_series(date_trunc('month', %(day)s::date::timestamptz, 'UTC'), now(), '1 month') AS month
WHERE NOT EXISTS (SELECT FROM partition_bounds('appointment') WHERE starts_at <= month AND month < ends_at)
"""
CENTRES: LiteralString = """
WITH made AS (
    INSERT INTO centre (district_id, name, address, pin_code, latitude, longitude, opens_at, closes_at)
    SELECT district_id, 'PHC ' || name || ' ' || k, '1 Main Road', '110001', latitude, longitude, '09:00', '18:00'
    FROM district, generate_series(1, 2) AS k WHERE latitude IS NOT NULL
    RETURNING district_id, centre_id)
INSERT INTO bench_place SELECT row_number() OVER (ORDER BY centre_id) - 1, district_id, centre_id FROM made
"""
PLACED: LiteralString = """
    FROM generate_series(%(first_session)s::bigint, %(last_session)s::bigint) AS s
    JOIN bench_place ON place = mod(s, (SELECT count(*) FROM bench_place))"""
SESSIONS: dict[str, LiteralString] = {
    "session": """
        INSERT INTO session (district_id, session_id, centre_id, programme_id, held_on, vaccine_id, min_age, state,
                             published_at)
        SELECT district_id, bench_session(%(day)s, s), centre_id, (SELECT programme_id FROM programme LIMIT 1),
               %(day)s::date + (s / 1000)::integer, 'COVISHIELD', 18, 'published', now()"""
    + PLACED,
    "session_directory": """
        INSERT INTO session_directory (session_id, district_id) SELECT bench_session(%(day)s, s), district_id"""
    + PLACED,
    "slot": """
        INSERT INTO slot
        SELECT district_id, bench_session(%(day)s, s), k, make_time(7 + 2 * k, 0, 0), make_time(9 + 2 * k, 0, 0)
        """
    + PLACED
    + " CROSS JOIN generate_series(1, 4) AS k",
    "slot_capacity": """
        INSERT INTO slot_capacity SELECT district_id, bench_session(%(day)s, s), k, c, 50, 25"""
    + PLACED
    + " CROSS JOIN generate_series(1, 4) AS k CROSS JOIN generate_series(1, 2) AS c",
    "session_stock": """
        INSERT INTO session_stock SELECT district_id, bench_session(%(day)s, s), 400, 200"""
    + PLACED,
}
ACCOUNTS: LiteralString = " FROM generate_series(%(first_account)s::bigint, %(last_account)s::bigint) AS a"
PEOPLE: LiteralString = " FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n"
AT: LiteralString = "%(day)s::date + n * interval '0.864 s'"
SEATED: LiteralString = (
    PEOPLE
    + """
    CROSS JOIN LATERAL (SELECT n / 100000 + 2 + bench_lot(n, 5) AS day, bench_lot(n + 7000000000, 1000) AS k) AS d
    CROSS JOIN LATERAL (SELECT d.day * 1000 + d.k AS s) AS e
    JOIN bench_place ON place = mod(e.s, (SELECT count(*) FROM bench_place))"""
)
ROWS: dict[str, LiteralString] = {
    "beneficiary": """
        INSERT INTO beneficiary (account_id, beneficiary_id, reference_id, member_number, name_sealed, birth_year,
            birth_date_sealed, gender_id, document_type_id, document_sealed, document_masked_sealed, document_hash,
            consent_version, secret_code_sealed, channel, registered_at, changed_at, locked_at, likeness_hash,
            birth_likeness_hash)
        SELECT bench_id('a', (n + 1) / 2), bench_id('b', n), bench_reference(n), 1 + mod(n + 1, 2), name,
               1940 + bench_lot(n, 60), CASE mod(n, 3) WHEN 0 THEN born END, 1 + bench_lot(n, 2), 1, document, masked,
               bench_hash('d', n), '1', code, 'self', t, t, t + interval '4 days', bench_hash('l', n),
               CASE mod(n, 3) WHEN 0 THEN bench_hash('m', n) END"""
    + PEOPLE
    + " CROSS JOIN LATERAL (SELECT "
    + AT
    + " AS t) AS at JOIN bench_seal ON number = mod(n, 64)",
    "dose": """
        INSERT INTO dose (account_id, beneficiary_id, dose_id, programme_id, dose_number, vaccine_id, batch_number,
                          given_on, district_id, centre_id, session_id, vaccinator_name_sealed, state, recorded_by,
                          recorded_at)
        SELECT bench_id('a', (n + 1) / 2), bench_id('b', n), bench_id('d', n),
               (SELECT programme_id FROM programme LIMIT 1), 1, 'COVISHIELD', '4121Z' || (100 + d.day / 3),
               %(day)s::date + d.day::integer, district_id, centre_id, bench_session(%(day)s, e.s), giver, 'valid',
               bench_id('k', d.k)::text, %(day)s::date + d.day * interval '1 day' + d.k * interval '30 s'"""
    + SEATED
    + " JOIN bench_seal ON number = mod(n, 64)",
    "appointment": """
        INSERT INTO appointment (district_id, session_id, claim_id, booking_id, slot_number, dose_class, account_id,
                                 beneficiary_id, dose_number, state, booked_at, changed_at)
        SELECT district_id, bench_session(%(day)s, e.s), bench_id('c', n), bench_id('o', n), 1 + mod(n, 4), 1,
               bench_id('a', (n + 1) / 2), bench_id('b', n), 1, 'given', """
    + AT
    + ", %(day)s::date + d.day * interval '1 day'"
    + SEATED,
    "claim": """
        INSERT INTO claim (account_id, claim_id, booking_id, beneficiary_id, programme_id, dose_number, district_id,
                           session_id, slot_number, dose_class, state, claimed_at)
        SELECT bench_id('a', (n + 1) / 2), bench_id('c', n), bench_id('o', n), bench_id('b', n),
               (SELECT programme_id FROM programme LIMIT 1), 1, district_id, bench_session(%(day)s, e.s),
               1 + mod(n, 4), 1, 'given', """
    + AT
    + SEATED,
    "identity_document": """
        INSERT INTO identity_document
        SELECT bench_hash('d', n), bench_id('a', (n + 1) / 2), bench_id('b', n)"""
    + PEOPLE,
    "beneficiary_reference": """
        INSERT INTO beneficiary_reference SELECT bench_reference(n), bench_id('a', (n + 1) / 2), bench_id('b', n)"""
    + PEOPLE,
    "account": """
        INSERT INTO account (account_id, mobile_sealed, language, created_at, last_sign_in_at)
        SELECT bench_id('a', a), mobile, 'en', t, t + interval '1 day'"""
    + ACCOUNTS
    + """ CROSS JOIN LATERAL (SELECT %(day)s::date + a * interval '1.728 s' AS t) AS at
        JOIN bench_seal ON number = mod(a, 64)""",
    "mobile_directory": """
        INSERT INTO mobile_directory
        SELECT sha256(%(outer)s || sha256(%(inner)s || convert_to((6000000000 + a)::text, 'UTF8'))), bench_id('a', a)"""
    + ACCOUNTS,
    "household": """
        INSERT INTO household SELECT bench_id('a', a)"""
    + ACCOUNTS,
}
INDEXES: LiteralString = """
SELECT relation.relname, index.relname, pg_get_indexdef(index.oid), named.conname, named.contype::text,
       pg_get_indexdef(index.oid, 1, true) IN ('given_on', 'recorded_at', 'changed_at', 'registered_at', 'claimed_at'),
       relation.relkind = 'p', pg_get_constraintdef(named.oid)
FROM pg_index
JOIN pg_class AS index ON index.oid = indexrelid
JOIN pg_class AS relation ON relation.oid = indrelid
LEFT JOIN pg_constraint AS named ON named.conindid = index.oid AND named.contype IN ('p', 'u')
WHERE relation.relname = ANY (%(tables)s) ORDER BY pg_relation_size(relation.oid) DESC, index.relname
"""


@dataclass(frozen=True, slots=True)
class Invented:
    """One of the invented people."""

    mobile: str
    account_id: UUID
    beneficiary_id: UUID
    reference_id: int


def invented(number: int) -> Invented:
    """Person n, counted from 1."""
    account = (number + 1) // 2
    return Invented(
        str(FIRST_MOBILE + account),
        _id("a", account),
        _id("b", number),
        10_000_000_000_000 + number * 7_438_271_963 % 90_000_000_000_000,
    )


def _id(kind: str, number: int) -> UUID:
    return UUID(hashlib.md5(f"{kind}{number}".encode()).hexdigest())  # noqa: S324 (an id, no secret)


@dataclass(frozen=True, slots=True)
class _Index:
    table: str
    name: str
    definition: str
    constraint: str | None
    kind: str | None
    by_time: bool
    parted: bool
    """Then it is made by the name of its constraint: an index of many tables becomes none."""
    said: str | None

    @property
    def drop(self) -> str:
        return f"ALTER TABLE {self.table} DROP CONSTRAINT {self.name}" if self.constraint else f"DROP INDEX {self.name}"

    @property
    def make(self) -> str:
        """As it would be had it been filled row by row: an index by time from the left, any other here and there."""
        if self.parted and self.constraint:
            kept = f"WITH (fillfactor = {FILL_OF_RANDOM})"
            return f"ALTER TABLE {self.table} ADD CONSTRAINT {self.constraint} {self.said} {kept}"
        before, where, condition = re.sub(r" WITH \(.*?\)", "", self.definition).partition(" WHERE ")
        return f"{before} WITH (fillfactor = {90 if self.by_time else FILL_OF_RANDOM}){where}{condition}"

    @property
    def claim(self) -> str | None:
        """What makes it the constraint that it was."""
        if self.constraint is None or self.parted:
            return None
        kind = "PRIMARY KEY" if self.kind == "p" else "UNIQUE"
        return f"ALTER TABLE {self.table} ADD CONSTRAINT {self.constraint} {kind} USING INDEX {self.name}"


@dataclass(slots=True)
class Population:
    """The people in the lab's tables, who become more and more."""

    lab: Lab
    people: int = 0
    _called: set[int] = field(default_factory=set)

    def begin(self) -> None:
        """Make what the making of people needs."""
        with self._line() as conn:
            conn.execute(FUNCTIONS.encode())
            conn.execute(CENTRES)
            conn.execute("DROP TABLE appointment_first")
            conn.execute(MONTHS, {"day": self.first_day()})
            keyring = self.lab.floor.keyring
            with conn.cursor().copy("COPY bench_seal FROM STDIN") as rows:
                for number in range(SEALS):
                    rows.write_row((number, *_seals(keyring, number)))

    def grow(self, people: int) -> None:
        """Add people until there are so many; indexes are built anew, as full as real ones."""
        facts = self._facts(people)
        with self._hurried() as conn:
            for statement in SESSIONS.values():
                conn.execute(statement, facts)
            indexes = [_Index(*row) for row in conn.execute(INDEXES, {"tables": list(ROWS)}).fetchall()]
            for index in indexes:
                conn.execute(index.drop.encode())
            self._all([partial(self._run, statement, facts) for statement in ROWS.values()])
            self._all([partial(self._build, index) for index in indexes])
            self._all([partial(self._run, f"VACUUM (ANALYZE) {table}", None) for table in (*ROWS, *SESSIONS)])
        self.people = people

    def prepare(self, statements: str) -> None:
        """Run what a measurement needs to be there."""
        with self._line() as conn:
            conn.execute(statements.encode())

    def districts(self, count: int, chance: random.Random) -> list[int | None]:
        """Some of the districts that the people live in."""
        with self._line() as conn:
            rows = conn.execute("SELECT DISTINCT district_id FROM bench_place ORDER BY 1").fetchall()
        return [row[0] for row in chance.sample(rows, count)]

    def some(self, count: int, chance: random.Random) -> list[Invented]:
        """Some of them, each of another household, and nobody twice."""
        fresh = [one for one in range(1, self.people // 2) if one not in self._called]
        drawn = chance.sample(fresh, count)
        self._called.update(drawn)
        return [invented(2 * account) for account in drawn]

    def _facts(self, people: int) -> dict[str, object]:
        keyring, before = self.lab.floor.keyring, self.people
        days = 0 if before == 0 else before // PER_DAY + AFTER
        pad = keyring.index_key.ljust(64, b"\0")
        return {
            "first": before + 1,
            "last": people,
            "first_account": before // 2 + 1,
            "last_account": people // 2,
            "first_session": days * SESSIONS_A_DAY,
            "last_session": (people // PER_DAY + AFTER) * SESSIONS_A_DAY - 1,
            "day": self.first_day(),
            "outer": bytes(one ^ 0x5C for one in pad),
            "inner": bytes(one ^ 0x36 for one in pad) + f"{MOBILE}\0".encode(),
        }

    def first_day(self) -> date:
        """When the first of them came."""
        return self.lab.floor.clock.today() - timedelta(days=DAYS)

    @contextmanager
    def _hurried(self) -> Iterator["psycopg.Connection"]:
        """Loading need not survive a crash; what is measured afterwards does."""
        with psycopg.connect(self.lab.dsn, autocommit=True) as conn:
            _hurry(conn, fsync="off", full_page_writes="off")
            with self._line() as line:
                yield line
            _hurry(conn, fsync="on", full_page_writes="on")
            conn.execute("CHECKPOINT")

    @contextmanager
    def _line(self) -> Iterator["psycopg.Connection"]:
        with psycopg.connect(self.lab.dsn, autocommit=True) as conn:
            # Neither triggers nor foreign keys are asked about rows that are known to be right.
            conn.execute("SET session_replication_role = replica")
            conn.execute("SET maintenance_work_mem = '768MB'")
            conn.execute("SET synchronous_commit = off")
            yield conn

    def _run(self, statement: str, facts: dict[str, object] | None) -> None:
        with self._line() as conn:
            conn.execute(statement.encode(), facts)

    def _build(self, index: _Index) -> None:
        with self._line() as conn:
            conn.execute(index.make.encode())
            if index.claim:
                conn.execute(index.claim.encode())

    def _all(self, work: Sequence[Callable[[], None]]) -> None:
        with ThreadPoolExecutor(LOADERS) as loaders:
            for one in [loaders.submit(piece) for piece in work]:
                one.result()


def _seals(keyring: Keyring, number: int) -> tuple[bytes, ...]:
    name, digits = NAMES[number % len(NAMES)], f"{100000000000 + number}"
    kept = (
        (digits[:10], MOBILE),
        (name, NAME),
        ("1990-01-01", BIRTH_DATE),
        (digits, DOCUMENT),
        (f"XXXXXXXX{digits[-4:]}", DOCUMENT_MASKED),
        ("1234", SECRET_CODE),
        (name, VACCINATOR),
    )
    return tuple(keyring.seal(text, purpose) for text, purpose in kept)


def _hurry(conn: "psycopg.Connection", **settings: str) -> None:
    for name, value in settings.items():
        conn.execute(f"ALTER SYSTEM SET {name} = {value}".encode())
    conn.execute("SELECT pg_reload_conf()")
