"""What one operation costs: processor time of web processes and database, over HTTP, by kind of operation."""

import asyncio
import hashlib
import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address
from statistics import median

import psycopg

from benchmarks.callers import call, get, post
from benchmarks.lab import Lab
from benchmarks.machine import processor_seconds
from benchmarks.servers import Served
from opencowin.identity import OTP_REQUESTED, open_otp_request
from opencowin.scheduling import BulkSession
from tests.builders import Household, households_of, mobile, pan, partner_key_of

RUNS = 2
LOOKS, OTHERS = 3_000, 150
CONNECTIONS = 32
SLOT = "09:00AM-11:00AM"
SEND, CONFIRM = "/api/v2/auth/public/generateOTP", "/api/v2/auth/public/confirmOTP"
JOIN, BOOK = "/api/v2/registration/beneficiary/new", "/api/v2/appointment/schedule"
RECORD = "/api/v2/vaccinator/beneficiaries/vaccinate"
CALENDAR = "/api/v2/appointment/sessions/public/calendarByDistrict"
HOMES = int(IPv4Address("10.0.0.1"))
"""People come from addresses of their own; a proxy before the platform tells them."""
PROXY = {"OPENCOWIN_TRUSTED_PROXIES": '["127.0.0.1"]', "OPENCOWIN_DATABASE_POOL": "16"}
"""Settings of a platform that is called like that."""


class Operation(StrEnum):
    """What people and health workers do."""

    LOOK = "a district's week of sessions looked at"
    ASK = "a one-time password asked for"
    CONFIRM = "a one-time password confirmed"
    JOIN = "a person registered"
    BOOK = "an appointment booked"
    RECORD = "a dose recorded"


@dataclass(slots=True)
class Callers:
    """Makes the calls of each operation, as many as are wanted; what a call needs to be there is made first."""

    lab: Lab
    served: Served
    sessions: Sequence[BulkSession]

    def calls(self, operation: Operation, count: int) -> list[bytes]:
        """So many different calls of one operation."""
        making: Mapping[Operation, Callable[[int], Iterable[bytes]]] = {
            Operation.LOOK: self._looks,
            Operation.ASK: self._asks,
            Operation.CONFIRM: self._confirms,
            Operation.JOIN: self._joins,
            Operation.BOOK: self._bookings,
            Operation.RECORD: self._records,
        }
        return list(making[operation](count))

    def _looks(self, count: int) -> Iterable[bytes]:
        day = min(one.held_on for one in self.sessions).strftime("%d-%m-%Y")
        for one in random.choices(self.sessions, k=count):
            yield get(f"{CALENDAR}?district_id={one.district_id}&date={day}", accept_encoding="gzip")

    def _asks(self, count: int) -> Iterable[bytes]:
        return (_from(HOMES + at, SEND, mobile=mobile()) for at in range(count))

    def _confirms(self, count: int) -> Iterable[bytes]:
        """Of passwords that are asked for just now; their codes are read from the queue of messages."""
        call(self.served.port, list(self._asks(count)), connections=CONNECTIONS).all_good()
        with psycopg.connect(self.lab.dsn, autocommit=True) as conn:
            found = conn.execute("DELETE FROM pgqueuer WHERE entrypoint = %s RETURNING payload", (OTP_REQUESTED.name,))
            news = [OTP_REQUESTED.read(payload) for (payload,) in found]
        for at, one in enumerate(news):
            _, code = open_otp_request(self.lab.floor, one)
            yield _from(HOMES + at, CONFIRM, otp=hashlib.sha256(code.encode()).hexdigest(), txnId=str(one.txn_id))

    def _joins(self, count: int) -> Iterable[bytes]:
        confirmed = call(self.served.port, list(self._confirms(count)), connections=CONNECTIONS, keep=True).all_good()
        return (_from(HOMES, JOIN, token=json.loads(told)["token"], **_facts()) for told in confirmed.bodies)

    def _bookings(self, count: int) -> Iterable[bytes]:
        for home, where in zip(self._homes(count), random.choices(self.sessions, k=count), strict=True):
            wish = {"dose": 1, "session_id": str(where.session_id), "slot": SLOT, "beneficiaries": [home.reference]}
            yield _from(HOMES, BOOK, token=home.token, **wish)

    def _records(self, count: int) -> Iterable[bytes]:
        key = asyncio.run(partner_key_of(self.lab.dsn, self.lab.floor))
        today = self.lab.floor.clock.today().strftime("%d-%m-%Y")
        for home, where in zip(self._homes(count), random.choices(self.sessions, k=count), strict=True):
            dose = {"dose": 1, "dose1_date": today, "vaccine": "COVISHIELD", "vaccine_batch": "B-1"}
            who = {"beneficiary_reference_id": home.reference, "center_id": where.centre_id, "vaccinator_name": "Mary"}
            yield post(RECORD, json.dumps({**dose, **who}).encode(), x_api_key=key)

    def _homes(self, count: int) -> list[Household]:
        return asyncio.run(households_of(self.lab.dsn, self.lab.floor, count))


def processor_seconds_each(callers: Callers) -> dict[Operation, float]:
    """What one of each costs; the median of some runs, after one to warm up."""
    found = {}
    for operation in Operation:
        count = LOOKS if operation is Operation.LOOK else OTHERS
        found[operation] = median([_cost(callers, operation, count) for _ in range(RUNS + 1)][1:])
    return found


def _cost(callers: Callers, operation: Operation, count: int) -> float:
    calls, roots = callers.calls(operation, count), (callers.served.pid, callers.lab.server_pid)
    before = processor_seconds(*roots)
    call(callers.served.port, calls, connections=CONNECTIONS).all_good()
    return (processor_seconds(*roots) - before) / count


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
