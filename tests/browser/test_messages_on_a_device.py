"""A browser takes a household's messages by push and shows them with no page open; without a script nothing is lost.

What stands for the push service of the browser's maker is the browser's answer to `subscribe`: all else is real.
"""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.async_api import Browser, BrowserContext, Page

from opencowin import notifications
from opencowin.kit.db import transaction
from tests.browser.opening import complete, visiting, watch
from tests.browser.world import Visitor, World
from tests.builders import citizen
from tests.rooms.test_gateways import plain, point

pytestmark = pytest.mark.anyio
ENDPOINT = "https://push.example.org/of-this-browser"
SUBSCRIBED = """(([endpoint, keys]) => {
    const kept = (what) => sessionStorage.setItem("subscribed", what);
    const unsubscribe = async () => { kept(""); return true; };
    const key = { options: {}, endpoint, toJSON: () => ({ endpoint, keys }), unsubscribe };
    PushManager.prototype.getSubscription = async () => sessionStorage.getItem("subscribed") ? key : null;
    PushManager.prototype.subscribe = async ({ applicationServerKey, userVisibleOnly }) => {
        window.askedFor = [Array.from(applicationServerKey), userVisibleOnly];
        kept("yes");
        return key;
    };
    const shown = Notification;
    shown.requestPermission = async () => "granted";
})(%s);"""


async def a_browser_with_push(context: BrowserContext, world: World) -> Page:
    """A page of a browser whose maker has a push service."""
    await context.grant_permissions(["notifications"], origin=world.address)
    keys = {"p256dh": plain(point(ec.generate_private_key(ec.SECP256R1()))), "auth": plain(b"b" * 16)}
    page = await context.new_page()
    await page.add_init_script(SUBSCRIBED % json.dumps([ENDPOINT, keys]))
    return page


async def devices(world: World, visitor: Visitor) -> int:
    """How many devices take the messages of somebody."""
    floor, actor = world.surface.floor, citizen(world.accounts[visitor])
    async with transaction(world.surface.pool) as conn:
        return (await notifications.ways_of(conn, floor, notifications.read_carriage(floor), actor)).devices


async def test_a_button_subscribes_and_another_ends_it(browser: Browser, world: World) -> None:
    async with visiting(browser, world, Visitor.NEXT, locale="hi-IN") as context:
        page = await a_browser_with_push(context, world)
        watched, before = watch(page, world.address), await devices(world, Visitor.NEXT)
        await page.goto("/messages?lang=hi")
        await complete(page)
        key = await page.get_attribute("#push", "data-key")
        async with page.expect_navigation():
            await page.click("#push-on button")
        await complete(page)
        assert await devices(world, Visitor.NEXT) == before + 1
        assert "lang=hi" in page.url
        assert await page.is_hidden("#push-on")
        shown = await told(context, page, world, text := "कल आपका टीकाकरण है")
        assert (shown["title"], shown["body"], shown["lang"]) == ("टीकाकरण सेवा", text, "hi")
        async with page.expect_navigation():
            await page.click("#push-off button")
        await complete(page)
        assert await devices(world, Visitor.NEXT) == before
        assert await page.is_hidden("#push-off")
        assert key
        assert len(key) == 87, "65 bytes: a point of P-256"
        assert watched.complaints == []


async def told(context: BrowserContext, page: Page, world: World, text: str) -> dict[str, Any]:
    """What the worker shows once a message came, handed to it as the browser hands it on. A browser without windows
    shows no notifications: what it is asked to show is noted."""
    (worker,) = context.service_workers
    await worker.evaluate(
        """() => {
            ServiceWorkerRegistration.prototype.showNotification = async (title, options) => {
                self.shown = { title, ...options };
            };
        }"""
    )
    session = await context.new_cdp_session(page)
    found: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(one["registrationId"] for one in event["registrations"]),
    )
    await session.send("ServiceWorker.enable")
    while not found:
        await page.wait_for_timeout(50)
    message = {"origin": world.address, "registrationId": found[0], "data": text}
    await session.send("ServiceWorker.deliverPushMessage", message)
    for _ in range(200):
        if shown := await worker.evaluate("self.shown"):
            return dict(shown)
        await page.wait_for_timeout(50)
    raise AssertionError("nothing was shown")


async def test_a_browser_that_does_not_allow_it_is_told_how(browser: Browser, world: World) -> None:
    async with visiting(browser, world, Visitor.MEMBER) as context:
        page, before = await a_browser_with_push(context, world), await devices(world, Visitor.MEMBER)
        await page.add_init_script("Notification.requestPermission = async () => 'denied';")
        await page.goto("/messages")
        await complete(page)
        await page.click("#push-on button")
        await page.wait_for_selector("#push-refused:visible")
        assert await devices(world, Visitor.MEMBER) == before


async def test_without_a_script_an_app_is_added_by_what_it_shows(browser: Browser, world: World) -> None:
    keys = {"p256dh": plain(point(ec.generate_private_key(ec.SECP256R1()))), "auth": plain(b"c" * 16)}
    async with visiting(browser, world, Visitor.NEWCOMER, java_script_enabled=False) as context:
        page, before = await context.new_page(), await devices(world, Visitor.NEWCOMER)
        await page.goto("/messages")
        assert await page.is_hidden("#push")
        await page.click("summary:has-text('Another app')")
        await page.fill("#subscription", json.dumps({"endpoint": "https://ntfy.example.org/upAbC?up=1", "keys": keys}))
        await page.click("text=Add the app")
        await page.wait_for_selector("text=Messages come there from now on.")
        assert await devices(world, Visitor.NEWCOMER) == before + 1
        await page.click("article:has(#devices) button")
        await page.wait_for_selector("text=Nothing more is sent to this address.")
        assert await devices(world, Visitor.NEWCOMER) == 0
