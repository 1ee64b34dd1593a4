"""SQL is owned: a room writes only its own tables and reads those of rooms below; all is commented and forward-only."""

import ast
import re
from collections.abc import Iterator

import psycopg

from opencowin.cli.dictionary import owners
from opencowin.kit.migrate import migrations
from tests.architecture.source import MODULES, ROOMS, Module

LAYERS = (
    ("kit", "embedded"),
    ("registry", "programme"),
    ("stock", "places", "identity"),
    ("vaccination",),
    ("cases", "certificates", "scheduling", "reports", "fairness"),
    ("tablets", "alerts", "feeds"),
    ("waitlist",),
    ("draw",),
    ("talks",),
    ("notifications", "bulk"),
)
HEIGHT = {room: height for height, layer in enumerate(LAYERS) for room in layer}
WRITES = re.compile(
    r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|COPY|TRUNCATE(?:\s+TABLE)?)\s+(?:ONLY\s+)?([a-z_]+)", re.I
)
READS = re.compile(r"\b(?:FROM|JOIN|USING)\s+([a-z_]+)", re.I)


def statements(module: Module) -> Iterator[str]:
    """The module's string constants that are SQL."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value.strip()
            if re.match(r"(WITH|SELECT|INSERT|UPDATE|DELETE|COPY|TRUNCATE)\b", text, re.I):
                yield text


def test_a_room_writes_only_its_own_tables_and_reads_none_above() -> None:
    owner = owners()
    assert set(owner.values()) <= set(HEIGHT), "every migration is named after a room"
    for module in MODULES:
        if module.room not in HEIGHT:
            continue
        for text in statements(module):
            for table in WRITES.findall(text):
                if table in owner:
                    assert owner[table] == module.room, f"{module.name} writes {table} of {owner[table]}"
            for table in READS.findall(text):
                if table in owner and owner[table] != module.room:
                    lower = HEIGHT[owner[table]] < HEIGHT[module.room]
                    assert lower, f"{module.name} reads {table} of {owner[table]}, which is not below it"


def test_only_rooms_hold_sql() -> None:
    for module in MODULES:
        if module.room in {"web", "worker"}:
            assert not list(statements(module)), module.name


def test_migrations_are_numbered_without_gaps_and_set_a_lock_timeout() -> None:
    found = migrations()
    assert [migration.number for migration in found] == list(range(1, len(found) + 1))
    for migration in found:
        assert "SET lock_timeout" in migration.sql, migration.name


def test_every_table_and_column_has_a_comment(database: str) -> None:
    with psycopg.connect(database) as conn:
        bare = conn.execute(
            """
            SELECT c.relname, a.attname FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
            LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relkind IN ('r', 'p') AND c.relname !~ '^(pgqueuer|migration)'
              AND (obj_description(c.oid) IS NULL OR col_description(c.oid, a.attnum) IS NULL)
            """
        ).fetchall()
    assert not bare


def test_every_room_owns_what_its_migration_makes() -> None:
    assert set(owners().values()) - {"kit"} <= set(ROOMS)
