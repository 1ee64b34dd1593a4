"""Attacks on certificates of every form: the server and the device say the same of each, and the right thing."""

import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from opencowin import certificates
from opencowin.certificates import Verdict
from opencowin.certificates.carried import carried_keys
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.web.pages import verify
from tests.certificates.attacks import Attack, attacks, target
from tests.node import MISSING, has_node

pytestmark = pytest.mark.anyio
STATIC = Path(verify.__file__).parent / "static"
JUDGE = Path(__file__).parents[1] / "certificates" / "judge.mjs"
ON_A_DEVICE = {Verdict.CANNOT_CHECK: "unsupported"}
"""Where the device says that the server must be asked."""
NOT_SEEN_BY_NODE = {"eu_dcc: more behind it"}
"""Browsers refuse what stands behind a deflated content; Node 20 does not."""
SLOW = 1.0
"""Seconds for one text, on a busy machine: a hundred times what the longest genuine one takes."""


def on_the_device(folder: Path, trust: object, tried: list[Attack]) -> list[tuple[str, str, int]]:
    """What the page's scripts say of each, and how long they took."""
    assert has_node(), MISSING
    for script in (*STATIC.glob("check*.js"), STATIC / "canon.js", JUDGE):
        shutil.copy(script, folder)
    (folder / "package.json").write_text('{"type": "module"}')
    asked = json.dumps({"trust": trust, "texts": [one.text for one in tried]})
    run = subprocess.run(
        ["node", JUDGE.name], cwd=folder, input=asked, capture_output=True, text=True, check=True, timeout=60
    )
    return [tuple(one) for one in json.loads(run.stdout)]


async def test_server_and_device_judge_every_attack_alike(conn: Connection, floor: Floor, tmp_path: Path) -> None:
    issuer = await certificates.own_issuer(conn, floor)
    tried = list(attacks(target(issuer, floor.clock.now())))
    assert len({one.what for one in tried}) == len(tried)
    seen = on_the_device(tmp_path, await carried_keys(conn, floor), tried)
    wrong = []
    for one, (device, name, took) in zip(tried, seen, strict=True):
        begun = time.process_time()
        said = await certificates.judge(conn, floor, [one.text])
        spent = time.process_time() - begun
        expected = device if one.what in NOT_SEEN_BY_NODE else ON_A_DEVICE.get(one.verdict, one.verdict)
        if (said.verdict, device) != (one.verdict, expected):
            wrong.append(f"{one.what}: {one.verdict} is right, the server said {said.verdict}, the device {device}")
        if said.facts is not None and "asha rani" not in {said.facts.name.casefold(), *name.casefold().split("  ")}:
            wrong.append(f"{one.what}: it is about {said.facts.name} here, {name} there")
        if spent > SLOW or took > SLOW * 1000:
            wrong.append(f"{one.what}: {spent:.2f} s here, {took / 1000:.2f} s there")
    assert not wrong, "\n" + "\n".join(wrong)
