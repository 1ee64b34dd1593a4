"""Workers are killed with -9 while they send: no message is lost, and only what they had in hand comes twice."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from opencowin import notifications
from opencowin.kit.db import Pool, fetch_value, run, transaction
from opencowin.kit.floor import Floor
from opencowin.notifications import Carriage, Draft, Template
from opencowin.notifications.dispatching import IN_HAND
from tests import builders
from tests.carriers import HttpDouble, http_service

pytestmark = pytest.mark.anyio
MESSAGES, PATIENCE = 400, 60.0
FILE = """
[[gateway]]
name = "slow"
medium = "sms"
kind = "http"
address = "{address}"
at_once = 20
body = {{ ref = "{{reference}}" }}
"""
LEFT = "SELECT count(*) FROM message WHERE state <> 'sent'"


def a_worker(database: str, floor: Floor, file: Path) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        "OPENCOWIN_DATABASE_URL": database,
        "OPENCOWIN_DATA_DIR": str(floor.settings.data_dir),
        "OPENCOWIN_DEMO": "true",
        "OPENCOWIN_CHANNELS_FILE": str(file),
    }
    command, nowhere = (sys.executable, "-m", "opencowin.cli", "worker"), subprocess.DEVNULL
    return subprocess.Popen(command, env=environment, stdout=nowhere, stderr=nowhere)


async def until_given(double: HttpDouble, many: int) -> None:
    end = time.monotonic() + PATIENCE
    while len(double.given) < many:
        assert time.monotonic() < end, "they send"
        await asyncio.sleep(0.02)


async def left(pool: Pool) -> int:
    async with transaction(pool) as conn:
        return int(await fetch_value(conn, LEFT))


async def test_no_message_is_lost_and_few_come_twice(pool: Pool, database: str, floor: Floor, tmp_path: Path) -> None:
    async with http_service() as double:
        double.wait = 0.15
        file = tmp_path / "channels.toml"
        file.write_text(FILE.format(address=double.address))
        drafts = [
            Draft(uuid4(), Template.MOVED, "en", builders.mobile(), "Your appointment has moved.", datetime.now(UTC))
            for _ in range(MESSAGES)
        ]
        async with transaction(pool) as conn:
            await notifications.write(conn, floor, Carriage(), drafts)
        killed = [a_worker(database, floor, file) for _ in range(2)]
        await until_given(double, MESSAGES // 4)
        for one in killed:
            one.send_signal(signal.SIGKILL)
            one.wait()
        assert await left(pool) > 0, "there is something to lose"
        async with transaction(pool) as conn:
            await run(conn, "UPDATE message SET leased_until = now() WHERE leased_until IS NOT NULL")
        other = a_worker(database, floor, file)
        try:
            end = time.monotonic() + PATIENCE
            while await left(pool):
                assert time.monotonic() < end, "another sends what they left"
                await asyncio.sleep(0.1)
        finally:
            other.terminate()
            other.wait(30)
    given = Counter(json.loads(raw)["ref"] for _, _, raw in double.given)
    assert set(given) == {one.cause_id.hex for one in drafts}, "nothing is lost"
    twice = [reference for reference, times in given.items() if times > 1]
    assert len(twice) <= 2 * IN_HAND, "only what the killed had in hand"
    assert max(given.values()) <= 2
