"""How many bytes things take: tables and indexes by row, and web processes by their share of memory."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg

from benchmarks.lab import Lab
from benchmarks.machine import family

SIZES: LiteralString = """
SELECT relation.relname, NULL, relation.reltuples::bigint,
       coalesce((SELECT sum(pg_table_size(relid)) FROM pg_partition_tree(relation.oid)),
                pg_table_size(relation.oid))::bigint
FROM pg_class AS relation WHERE relation.relname = ANY (%(tables)s) AND relation.relkind IN ('r', 'p')
UNION ALL
SELECT relation.relname, index.relname, relation.reltuples::bigint,
       coalesce((SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree(index.oid)),
                pg_relation_size(index.oid))::bigint
FROM pg_index
JOIN pg_class AS index ON index.oid = indexrelid
JOIN pg_class AS relation ON relation.oid = indrelid
WHERE relation.relname = ANY (%(tables)s)
ORDER BY 1, 2 NULLS FIRST
"""


@dataclass(frozen=True, slots=True)
class Size:
    """What a table without its indexes, or an index, takes on disk; `rows` are the table's."""

    table: str
    index: str | None
    rows: int
    size: int

    @property
    def each(self) -> float:
        """Bytes for each row of the table."""
        return self.size / max(1, self.rows)


def sizes(lab: Lab, tables: Collection[str]) -> list[Size]:
    """What these tables and their indexes take; each table before its indexes."""
    with psycopg.connect(lab.dsn, autocommit=True) as conn:
        return [Size(*row) for row in conn.execute(SIZES, {"tables": list(tables)}).fetchall()]


def whole(lab: Lab) -> int:
    """What the whole database takes."""
    with psycopg.connect(lab.dsn, autocommit=True) as conn:
        row = conn.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row is not None
    return int(row[0])


def share_of_memory(root: int) -> int:
    """Bytes of memory of a process and of all that it began; what several share is divided among them (PSS)."""
    return sum(_share(pid) for pid in family(root))


def own_memory(pid: int) -> int:
    """Bytes that a process has for itself alone, mapped files and shared memory left out."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:"))


def _share(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
