"""New people a second over HTTP: a one-time password asked for, confirmed, a person registered; beside bare inserts."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from ipaddress import IPv4Address

import psycopg

from benchmarks.callers import call, post
from benchmarks.lab import Lab
from benchmarks.measure import Goal, Pair
from benchmarks.pgbench import pgbench
from benchmarks.servers import platform
from opencowin.identity import OTP_REQUESTED, open_otp_request
from tests.builders import mobile, pan

PEOPLE = 600
CONNECTIONS = 64
WORKERS = 2
CLIENTS = 16
HOMES = int(IPv4Address("10.0.0.1"))
"""People come from addresses of their own; a proxy before the platform tells them."""
SEND, CONFIRM = "/api/v2/auth/public/generateOTP", "/api/v2/auth/public/confirmOTP"
JOIN = "/api/v2/registration/beneficiary/new"
TABLE = "CREATE TABLE bench_row (id uuid PRIMARY KEY, account uuid NOT NULL, at timestamptz NOT NULL)"
INSERT = "INSERT INTO bench_row VALUES (gen_random_uuid(), gen_random_uuid(), now());\n"


@contextmanager
def pairs(lab: Lab) -> Iterator[list[Pair]]:
    """What is measured here."""
    with psycopg.connect(lab.dsn, autocommit=True) as conn:
        conn.execute(TABLE)
    settings = {"OPENCOWIN_TRUSTED_PROXIES": '["127.0.0.1"]', "OPENCOWIN_DATABASE_POOL": "16"}
    with platform(lab, WORKERS, **settings) as port:
        yield [
            Pair(
                f"new people over HTTP, three calls each, {WORKERS} web processes, {CONNECTIONS} connections",
                partial(_people, lab, port),
                f"pgbench, {CLIENTS} clients, three one-row INSERTs each, a transaction for each row",
                lambda: pgbench(lab, INSERT, clients=CLIENTS) / 3,
                Goal(740.0, "the registrations a second of 28 April 2021, on average"),
            )
        ]


def _people(lab: Lab, port: int) -> float:
    """People a second over their three calls. Between these, and not timed, the codes are read from the queue."""
    numbers = [mobile() for _ in range(PEOPLE)]
    homes = dict(zip(numbers, range(HOMES, HOMES + PEOPLE), strict=True))
    sent = call(port, [_from(homes[one], SEND, mobile=one) for one in numbers], connections=CONNECTIONS).all_good()
    codes = _codes(lab)
    confirms = [_from(homes[one], CONFIRM, otp=code, txnId=txn) for one, (txn, code) in codes.items()]
    confirmed = call(port, confirms, connections=CONNECTIONS, keep=True).all_good()
    joins = [_from(HOMES, JOIN, token=json.loads(told)["token"], **_facts()) for told in confirmed.bodies]
    joined = call(port, joins, connections=CONNECTIONS).all_good()
    return joined.good / (sent.seconds + confirmed.seconds + joined.seconds)


def _from(home: int, path: str, token: str = "", **body: object) -> bytes:
    return post(path, json.dumps(body).encode(), token, x_forwarded_for=str(IPv4Address(home)))


def _facts() -> Mapping[str, object]:
    return {
        "name": "Asha Kumari",
        "birth_year": "1990",
        "gender_id": 2,
        "photo_id_type": 6,
        "photo_id_number": pan(),
        "comorbidity_ind": "N",
        "consent_version": "1",
    }


def _codes(lab: Lab) -> dict[str, tuple[str, str]]:
    """Transaction and hashed code by number, taken out of the queue of messages."""
    with psycopg.connect(lab.dsn, autocommit=True) as conn:
        found = conn.execute("DELETE FROM pgqueuer WHERE entrypoint = %s RETURNING payload", (OTP_REQUESTED.name,))
        news = [OTP_REQUESTED.read(payload) for (payload,) in found]
    opened = ((str(one.txn_id), *open_otp_request(lab.floor, one)) for one in news)
    return {number: (txn, hashlib.sha256(code.encode()).hexdigest()) for txn, number, code in opened}
