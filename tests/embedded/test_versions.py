"""Any PostgreSQL from 15 can take the bundled one's place, and what cannot work is explained."""

import os
from pathlib import Path

import psycopg
import pytest

from opencowin.kit.embedded import BinariesUnusable, Severity, VersionMismatch, diagnose

from .conftest import attach, eventually, keepers_of, stop_now

DEBIAN = Path("/usr/lib/postgresql/15/bin")
with_debian = pytest.mark.skipif(not (DEBIAN / "postgres").exists(), reason="needs Debian's PostgreSQL 15")


def problems(data_dir: Path, bindir: Path | None = None) -> str:
    found = diagnose(data_dir, bindir)
    return "\n".join(f"{entry.what} | {entry.mend}" for entry in found if entry.severity is Severity.PROBLEM)


@with_debian
def test_debians_server_takes_its_place_and_versions_are_not_mixed(data_dir: Path) -> None:
    with attach(data_dir, bindir=DEBIAN) as used, psycopg.connect(used.dsn) as link:
        assert link.info.server_version // 10000 == 15
        encoding = link.execute("SELECT current_setting('server_encoding'), lower('ÀŞ')").fetchone()
        assert encoding == ("UTF8", "àş")
    stop_now(data_dir)
    assert eventually(lambda: not keepers_of(data_dir))
    with pytest.raises(VersionMismatch, match=r"written by PostgreSQL 15.*version 18.*pg_dumpall"):
        attach(data_dir)
    assert "written by PostgreSQL 15" in problems(data_dir)
    assert not problems(data_dir, DEBIAN)


def test_the_bundled_server_knows_letters_beyond_ascii(stopped: Path) -> None:
    with attach(stopped) as used, psycopg.connect(used.dsn) as link:
        assert link.info.server_version // 10000 == 18
        assert link.execute("SELECT lower('ÀŞ'), 'कोविशील्ड' ~ '^\\w+$'").fetchone() is not None
        provider = link.execute(
            "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'opencowin'"
        ).fetchone()
        assert provider == ("b", "C.UTF-8")


def test_programs_that_are_missing_or_do_not_run_are_told(place: Path) -> None:
    with pytest.raises(BinariesUnusable, match="no program postgres"):
        attach(place / "data", bindir=place)
    for name in ("postgres", "initdb"):
        (place / name).write_text("#!/bin/sh\necho wrong machine >&2\nexit 1\n")
        (place / name).chmod(0o755)
    with pytest.raises(BinariesUnusable, match="wrong machine"):
        attach(place / "data", bindir=place)
    assert "wrong machine" in problems(place / "data", place)


def test_a_healthy_folder_has_no_problem_before_during_and_after(place: Path, stopped: Path) -> None:
    assert not problems(place / "not-yet")
    assert not (place / "not-yet").exists()
    assert not problems(stopped)
    with attach(stopped):
        assert any("in use" in finding.what for finding in diagnose(stopped))
        assert not problems(stopped)


def test_what_is_wrong_is_found_with_its_mend(stopped: Path) -> None:
    (stopped / "password").chmod(0o644)
    assert "chmod 600" in problems(stopped)
    (stopped / "password").unlink()
    assert "nobody can enter" in problems(stopped)
    (stopped / "cluster").chmod(0o755)
    assert "chmod 700" in problems(stopped)
    (stopped / "cluster" / "postmaster.pid").write_text("4194304\n")
    warned = [finding for finding in diagnose(stopped) if finding.severity is Severity.WARNING]
    assert any("stale" in finding.what and "recovers" in finding.mend for finding in warned)
    assert (stopped / "cluster" / "postmaster.pid").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user's folder")
def test_data_left_in_the_system_place_are_mentioned(place: Path) -> None:
    left = Path("/var/lib/opencowin/left-by-a-test")
    left.mkdir(parents=True)
    try:
        (left / "belongs-to").write_text(f"{place / 'gone'}\n")
        assert any(str(left) in finding.what for finding in diagnose(place))
    finally:
        (left / "belongs-to").unlink()
        left.rmdir()
