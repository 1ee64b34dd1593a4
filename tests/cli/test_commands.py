"""Commands say what they did, and what went wrong in one line with an exit code; never a traceback."""

import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from opencowin.cli.root import COMMANDS
from opencowin.kit.crypto import read_keyring
from opencowin.kit.embedded import EmbeddedPostgres
from tests.cli.conftest import Place


@pytest.fixture(scope="module", autouse=True)
def running(trial: Place) -> Iterator[None]:
    """The trial's database runs all the time, so that no command has to start it."""
    with EmbeddedPostgres.attach(trial.folder):
        yield


def only_line(told: str) -> str:
    lines = told.strip().splitlines()
    assert len(lines) == 1, told
    return lines[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(fresh: Place, command: str) -> None:
    told = fresh.run(command, "--help")
    assert told.returncode == 0
    assert "Usage: opencowin" in told.stdout


def test_an_unknown_command_is_misuse(fresh: Place) -> None:
    assert fresh.run("inoculate").returncode == 2


def test_without_a_keyring_nothing_starts_and_doctor_says_why(fresh: Place) -> None:
    told = fresh.run("migrate")
    assert told.returncode == 2
    assert "opencowin keys init" in only_line(told.stderr)
    sick = fresh.run("doctor")
    assert sick.returncode == 1
    assert "There is no keyring" in sick.stdout


def test_a_keyring_is_made_once_and_rotated(fresh: Place) -> None:
    assert fresh.run("keys", "init").returncode == 0
    path = fresh.folder / "keyring.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = read_keyring(path)
    assert fresh.run("keys", "init").returncode == 1
    assert fresh.run("keys", "rotate").returncode == 0
    assert read_keyring(path).current == 2
    assert read_keyring(path).keys[1] == first.keys[1]
    assert "keys 1, 2 (seals)" in fresh.run("keys", "show").stdout


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("OPENCOWIN_PORT", "99999", "OPENCOWIN_PORT='99999' cannot be used"),
        ("OPENCOWIN_OTP_RESEND_SECONDS", "3", "set it to 30 or more"),
        ("OPENCOWIN_SIGN_IN_SECRETS", "no-json", "write it as JSON"),
        ("OPENCOWIN_SIGN_IN_SECRETS", '["hush"]', "OPENCOWIN_SIGN_IN_SECRETS=… cannot be used"),
        ("OPENCOWIN_COUNTRY", "atlantis", "no country pack called atlantis"),
        ("OPENCOWIN_DATABASE_URL", "postgresql://x@127.0.0.1:1/x", "the database does not answer"),
    ],
)
def test_wrong_settings_are_told_in_one_line(fresh: Place, setting: str, value: str, told: str) -> None:
    fresh.run("keys", "init")
    failed = fresh.run("audit", "verify", **{setting: value})
    assert failed.returncode in {1, 2}
    assert told in only_line(failed.stderr)


def test_a_demo_is_not_made_in_the_folder_of_a_real_deployment(fresh: Place) -> None:
    fresh.run("keys", "init")
    refused = fresh.run("demo")
    assert refused.returncode == 1
    assert "not a demo" in only_line(refused.stderr)
    assert not (fresh.folder / "opencowin.env").exists()


def test_messages_and_vaccinating_by_command_are_for_demos_only(fresh: Place) -> None:
    fresh.run("keys", "init")
    for command in (("messages", "latest", "9876543210"), ("demo", "vaccinate", "12345678901234")):
        refused = fresh.run(*command)
        assert refused.returncode == 2
        assert "demo" in only_line(refused.stderr)


def test_a_second_run_of_a_demo_keeps_what_is_there(trial: Place) -> None:
    again = trial.run("demo")
    assert again.returncode == 0
    assert "up to date" in again.stdout
    other = trial.run("demo", "--size", "whole")
    assert other.returncode == 2
    assert "--reset" in only_line(other.stderr.strip().splitlines()[-1])


def test_the_doctor_finds_a_demo_well_but_warns_that_it_is_one(trial: Place) -> None:
    told = trial.run("doctor")
    assert "demo mode: not for real people's data" in told.stdout
    assert "A country and its programme are loaded" in told.stdout
    assert "The database is up to date" in told.stdout


def test_months_that_are_over_are_put_away_and_what_is_none_is_refused(trial: Place) -> None:
    away = trial.folder / "away"
    assert "No part was over" in trial.run("archive", "write", str(away)).stdout
    assert trial.run("archive", "list").stdout == ""
    healthy = trial.run("doctor").stdout
    for table in ("audit", "appointment"):
        assert f"The table {table} has parts for 3 months ahead" in healthy
    empty = trial.run("archive", "check", str(away))
    assert empty.returncode == 1
    assert "nothing in" in only_line(empty.stderr)
    none = trial.folder / "none.json"
    none.write_text("{}")
    refused = trial.run("archive", "restore", str(none))
    assert refused.returncode == 1
    assert "no manifest" in only_line(refused.stderr)


def test_the_country_is_loaded_once_and_districts_get_official_numbers(trial: Place) -> None:
    assert "loaded already" in trial.run("country", "load").stdout
    table = trial.folder / "districts.csv"
    table.write_text("state_id,district_id,district_name,state_name\n1,3,Nicobars,Andaman and Nicobar Islands\n")
    told = trial.run("country", "load", str(table))
    assert told.returncode == 0, told.stderr
    assert "1 districts got their official number" in told.stdout
    missing = trial.run("country", "load", str(trial.folder / "none.csv"))
    assert missing.returncode == 1
    assert "none.csv" in missing.stderr


def test_staff_are_appointed_listed_and_deactivated(trial: Place) -> None:
    strict = {"OPENCOWIN_SECOND_FACTOR": "true"}
    person = ("asha.worker", "--name", "Asha", "--role", "vaccinator", "--centre", "1")
    made = trial.run("staff", "create", *person, **strict)
    assert made.returncode == 0, made.stderr
    assert "Password: " in made.stdout
    codes = [re.findall(r"Enrolment code: ([a-z0-9]{5}-[a-z0-9]{5}) ", made.stdout)]
    assert trial.run("staff", "create", "asha.worker", "--name", "A", "--role", "nation_officer").returncode == 1
    assert re.search(r"asha\.worker.*vaccinator.*centre 1", trial.run("staff", "list").stdout)
    reset = trial.run("staff", "reset-second-factor", "asha.worker", "--reason", "phone lost", **strict)
    codes.append(re.findall(r"Enrolment code: ([a-z0-9]{5}-[a-z0-9]{5}) ", reset.stdout))
    assert ([len(one) for one in codes], codes[0] == codes[1]) == ([1, 1], False)
    assert trial.run("staff", "deactivate", "asha.worker").returncode == 0
    assert trial.run("staff", "deactivate", "nobody.there").returncode == 1


def test_keys_of_partners_are_made_listed_and_revoked(trial: Place) -> None:
    made = trial.run("api-key", "create", "A hospital", "--may", "doses:record", "--district", "1002")
    assert made.returncode == 0, made.stderr
    assert "ocw_" in made.stdout
    found = re.search(r"Key id: (\S+)", made.stdout)
    assert found
    assert "A hospital" in trial.run("api-key", "list").stdout
    assert trial.run("api-key", "revoke", found[1]).returncode == 0
    assert trial.run("api-key", "revoke", found[1]).returncode == 1
    assert trial.run("api-key", "create", "X", "--may", "everything").returncode == 2


def test_keys_of_certificates_are_listed_followed_and_retired(trial: Place) -> None:
    table = trial.run("keys", "list")
    assert table.returncode == 0, table.stderr
    old = re.findall(r"certificate\.signer:\w+", table.stdout)
    assert len(old) == 1
    early = trial.run("keys", "retire", old[0])
    assert early.returncode == 1
    assert "opencowin keys rotate eu_dcc" in only_line(early.stderr)
    assert "signs from now on" in trial.run("keys", "rotate", "eu_dcc", "--overlap-days", "0").stdout
    assert trial.run("keys", "retire", old[0]).returncode == 0
    assert re.search(rf"{old[0]}.*no longer, since", trial.run("keys", "list").stdout)
    assert trial.run("keys", "rotate", "unheard").returncode == 2
    assert trial.run("keys", "csca").stdout.count("BEGIN CERTIFICATE") == 1


def test_trust_lists_are_loaded_listed_and_dropped(trial: Place, tmp_path: Path) -> None:
    (tmp_path / "csca.pem").write_text(trial.run("keys", "csca").stdout)
    (tmp_path / "notes.txt").write_text("not a list")
    loaded = trial.run("trust", "load", str(tmp_path))
    assert loaded.returncode == 0, loaded.stderr
    assert "csca.pem: 1 keys of 1 issuers" in loaded.stdout
    assert re.search(r"csca\.pem.*authority.*1", trial.run("trust", "list").stdout)
    assert trial.run("trust", "drop", "csca.pem").returncode == 0
    assert trial.run("trust", "drop", "csca.pem").returncode == 1
    broken = tmp_path / "list.json"
    broken.write_text("{}")
    assert trial.run("trust", "load", str(broken)).returncode == 2


def test_the_settings_document_names_every_setting(fresh: Place) -> None:
    told = fresh.run("settings").stdout
    assert "`OPENCOWIN_API_CALLS_PER_5_MINUTES` | `100`" in told
    assert "`OPENCOWIN_DEMO` | `false`" in told


def test_the_log_ins_of_a_demo_are_for_its_owner_only(trial: Place) -> None:
    notes = trial.folder / "demo.json"
    assert stat.S_IMODE(notes.stat().st_mode) == 0o600
    assert {one["user_name"] for one in json.loads(notes.read_text())["log_ins"]} >= {"vaccinator", "nation.officer"}
