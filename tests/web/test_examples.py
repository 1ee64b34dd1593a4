"""What developers are shown works: the alert bot on a real server, and each example of the documentation."""

import asyncio
import re
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from opencowin.feeds import signed
from opencowin.kit.actor import Permission
from opencowin.kit.db import Pool, transaction
from opencowin.kit.floor import Floor
from opencowin.scheduling import withdraw_session
from tests.browser.world import serving
from tests.builders import TEST, a_session
from tests.rooms.test_webhooks import receiving
from tests.web.clinic import Clinic, a_key, open_clinic, with_settings

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "developers.md").read_text("utf-8")
BASE = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
async def served(floor: Floor, pool: Pool, database: str) -> AsyncIterator[tuple[Clinic, str]]:
    """A clinic behind the real server, whose streams end after a second, so that all readers must go on."""
    short = with_settings(floor, feed_stream_seconds=1.0)
    async with serving(short, pool, database) as (_, surface, address):
        yield await open_clinic(surface), address


@asynccontextmanager
async def bot(address: str, clinic: Clinic, kept: Path) -> AsyncIterator[Process]:
    """The example, as a program of its own; killed at the end."""
    command = ["--base", f"{address}/api", "--pincode", clinic.centre.pin_code, "--age", "30", "--kept", str(kept)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "examples" / "alert_bot.py"), *command, stdout=PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        await process.communicate()


async def line(process: Process) -> str:
    """The next that it says."""
    assert process.stdout
    return (await asyncio.wait_for(process.stdout.readline(), 15)).decode().strip()


async def test_the_bot_says_what_is_free_and_what_becomes_free_and_goes_on_after_it_was_killed(
    served: tuple[Clinic, str], tmp_path: Path
) -> None:
    clinic, address = served
    platform, name, kept = clinic.platform, clinic.centre.name, tmp_path / "cursor.json"
    async with bot(address, clinic, kept) as process:
        assert all(f"at {name}" in one for one in [await line(process), await line(process)])
        await platform.publish(a_session(clinic.centre, platform.day(3), doses=7, seats=7))
        assert await line(process) == f"7 seats: {platform.day(3)} COVISHIELD at {name} (free)"
        withdrawn = await platform.publish(a_session(clinic.centre, platform.day(4), doses=2, min_age=45))
        async with transaction(platform.pool) as conn:
            await withdraw_session(conn, platform.floor, TEST, UUID(withdrawn), "not for these people anyhow")
        await platform.publish(a_session(clinic.centre, platform.day(5), doses=5, seats=5))
        assert await line(process) == f"5 seats: {platform.day(5)} COVISHIELD at {name} (free)"
    await platform.publish(a_session(clinic.centre, platform.day(6), doses=6, seats=6))
    async with bot(address, clinic, kept) as process:
        said = await line(process)
        if said.startswith("5 seats"):
            said = await line(process)  # it was killed before it had noted that it had said this
        assert said.startswith(f"6 seats: {platform.day(6)}"), "it missed nothing while it was down"


def blocks(language: str) -> list[str]:
    """The examples of the document in a language."""
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.S)


async def test_each_call_of_the_documentation_is_answered(served: tuple[Clinic, str]) -> None:
    _, address = served
    script = "\n".join(blocks("sh")).replace("$base", f"{BASE}/api").replace(BASE, address)
    calls = re.findall(r'^curl .*?"(http[^"]+)"', script, re.M)
    assert len(calls) == 5
    async with httpx.AsyncClient(timeout=10) as http:
        for call in calls:
            answer = await http.get(call)
            assert answer.status_code == 200, (call, answer.text)
            if call.endswith("stream?after=0"):
                assert "event: published" in answer.text
            else:
                assert set(answer.json()) == {"changes", "cursor", "more"}


async def test_the_webhook_of_the_documentation_is_made_and_its_check_believes_us_alone(
    served: tuple[Clinic, str],
) -> None:
    clinic, address = served
    making, checking = blocks("python")
    key = await a_key(clinic.platform, Permission.HAVE_WEBHOOKS)
    async with receiving() as receiver:
        ours = (
            making.replace(BASE, address).replace("ocw_…", key).replace("https://alerts.example.org/hook", receiver.url)
        )
        made = await asyncio.to_thread(run, ours)
    assert made["made"]["secret"].startswith("whsec_")
    believes = run(checking)["ours"]
    headers = signed(made["made"]["secret"], "1", int(time.time()), b"{}")
    assert believes(made["made"]["secret"], headers, b"{}")
    assert not believes(made["made"]["secret"], headers, b"[]")
    assert not believes("whsec_AAAA", headers, b"{}")


def run(example: str) -> dict[str, Any]:
    """The names that an example leaves."""
    names: dict[str, Any] = {}
    exec(compile(example, "docs/developers.md", "exec"), names)
    return names
