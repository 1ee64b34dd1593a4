"""Developers name addresses by their key; the worker calls them."""

import asyncio

import orjson
import pytest

from opencowin.identity import PARTNER_PERMISSIONS
from opencowin.kit.actor import Permission
from tests.builders import a_session
from tests.rooms.test_webhooks import Receiver, receiving
from tests.web.clinic import Clinic, a_key, refused

pytestmark = pytest.mark.anyio
HOOKS = "/open/v1/webhooks"


async def calls(receiver: Receiver, most: int) -> None:
    """Until it was called so often."""
    async with asyncio.timeout(10):
        while len(receiver.calls) < most:  # noqa: ASYNC110 (the other side is a server)
            await asyncio.sleep(0.05)


async def test_an_address_is_called_with_what_happens_until_its_owner_ends_it(clinic: Clinic) -> None:
    platform, key = clinic.platform, await a_key(clinic.platform, Permission.HAVE_WEBHOOKS)
    async with receiving() as receiver:
        wish = {"url": receiver.url, "district_ids": [clinic.centre.district_id]}
        made = await platform.partner("POST", HOOKS, key, json=wish)
        assert made.status_code == 200, made.text
        session = await platform.publish(a_session(clinic.centre, platform.day(3), doses=1))
        await calls(receiver, 1)
        assert (session, "published") in receiver.told()
        (shown,) = (await platform.partner("GET", HOOKS, key)).json()
        assert (shown["url"], shown["failures"], shown["off_at"]) == (receiver.url, 0, None)
        assert made.json()["secret"] not in orjson.dumps(shown).decode()
        path = f"{HOOKS}/{made.json()['webhook_id']}"
        again = await platform.partner("POST", f"{path}/replay", key, json={"after": made.json()["cursor"]})
        assert again.status_code == 204, again.text
        await calls(receiver, 2)
        assert (session, "published") in receiver.told()
        late = await platform.partner("POST", f"{path}/replay", key, json={"after": 10**9})
        refused(late, 410, "FEED0001")
        other = await a_key(platform, Permission.HAVE_WEBHOOKS)
        refused(await platform.partner("DELETE", path, other), 400, "FEED0004")
        assert (await platform.partner("DELETE", path, key)).status_code == 204
        assert (await platform.partner("GET", HOOKS, key)).json() == []


async def test_a_key_without_the_permission_has_none(clinic: Clinic) -> None:
    key = await a_key(clinic.platform, *(PARTNER_PERMISSIONS - {Permission.HAVE_WEBHOOKS}))
    assert (await clinic.platform.partner("GET", HOOKS, key)).status_code == 403
    wrong = await a_key(clinic.platform, Permission.HAVE_WEBHOOKS)
    refused(await clinic.platform.partner("POST", HOOKS, wrong, json={"url": "ftp://x.org"}), 400, "FEED0003")
