"""The gates: each looks at an open page and answers the faults that it sees, in words; none when all is well."""

from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.async_api import CDPSession, Page

PROBES = Path(__file__).with_name("probes.js")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LAYOUT = ("sideways", "escaping", "clipped", "overlapping", "torn", "broken")
NARROW, PHONE, DESK = 320, 360, 1280
HEIGHT = 800
FOCUSED = 400
"""Tab stops after which a page is a trap."""


@lru_cache
def _probes() -> str:
    return PROBES.read_text("utf-8")


@lru_cache
def _axe() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


def judge(*faults: str) -> None:
    """Fail, with all faults, unless there are none."""
    assert not faults, "\n" + "\n".join(faults)


async def ask(page: Page, probe: str, *arguments: Any) -> Any:
    """What a probe of probes.js answers."""
    return (await _answers(page, [(probe, list(arguments))]))[0]


async def faults_of(page: Page, *probes: str) -> list[str]:
    """All that these probes find, one after the other, asked on one way to the browser and back."""
    return [fault for found in await _answers(page, [(probe, []) for probe in probes]) for fault in found]


async def _answers(page: Page, asked: list[tuple[str, list[Any]]]) -> list[Any]:
    question = "(asked) => 'probes' in window && asked.map(([probe, given]) => window.probes[probe](...given) ?? null)"
    answers = await page.evaluate(question, asked)
    if not answers:
        await page.evaluate(f"window.probes = {_probes()}; null")
        answers = await page.evaluate(question, asked)
    return list(answers)


async def axe(page: Page) -> list[str]:
    """Violations of WCAG 2.2 AA and of axe's best practice."""
    found = await _violations(page)
    if found is None:
        await page.add_init_script(_axe())  # what this tab shows next has it from the beginning
        await page.evaluate(f"{_axe()}; null")
        found = await _violations(page)
    assert found is not None
    return found


async def _violations(page: Page) -> list[str] | None:
    """None where axe is not in the page."""
    found: list[str] | None = await page.evaluate(
        """async (rules) => {
            if (!("axe" in window)) return null;
            const options = { runOnly: rules, resultTypes: ["violations"], preload: false };
            const { violations } = await axe.run(document, options);
            return violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html).join(" | ")}`);
        }""",
        RULES,
    )
    return found


async def structure(page: Page) -> list[str]:
    """One heading of the first level, a main part, language and direction, nothing inline."""
    return list(await ask(page, "structure"))


async def scripts(page: Page, names: tuple[str, ...] = ()) -> list[str]:
    """Texts in letters that their `lang` is not written with; names of people and places given here may stand."""
    return list(await ask(page, "scripts", list(names)))


async def graphics(page: Page) -> list[str]:
    """Drawings: their texts large enough and contrasting with what is under them, the marks of their legends seen."""
    return await faults_of(page, "tiny", "pale", "invisible")


async def layout(page: Page) -> list[str]:
    """Nothing sticks out, is cut off, lies over something else or is torn apart by a line's direction or end."""
    return await faults_of(page, *LAYOUT)


async def resize(page: Page, width: int) -> None:
    """Show the page in a window of that width."""
    if page.viewport_size != {"width": width, "height": HEIGHT}:
        await page.set_viewport_size({"width": width, "height": HEIGHT})


async def reflow(page: Page) -> list[str]:
    """The layout at 320 px (WCAG 1.4.10)."""
    await resize(page, NARROW)
    return await layout(page)


async def spacing(page: Page) -> list[str]:
    """The layout with a reader's wider spacing of text (WCAG 1.4.12), on a phone."""
    await resize(page, PHONE)
    _, *found, _ = await _answers(page, [("space", [True]), *((probe, []) for probe in LAYOUT), ("space", [False])])
    return [fault for faults in found for fault in faults]


async def keyboard(page: Page) -> list[str]:
    """Tab reaches every control, in order, visibly, and leaves the page again; nothing else takes clicks."""
    faults = [*await ask(page, "pretending"), *await _deaf(page)]
    expected = await page.evaluate("() => window.probes.controls().map(window.probes.say)")
    await page.evaluate("() => { document.activeElement?.blur(); getSelection().removeAllRanges(); scrollTo(0, 0); }")
    order: list[int] = []
    for _ in range(FOCUSED):
        await page.keyboard.press("Tab")
        here = await ask(page, "focused")
        if here is not None and order and here["at"] == order[-1] >= 0:
            continue  # one control with several stops, as the parts of a date
        if here is None or (here["at"] in order and here["at"] >= 0):
            break
        order.append(here["at"])
        if not here["ring"]:
            faults.append(f"{here['name']} does not show that it has the focus")
        if not here["inside"]:
            faults.append(f"{here['name']} has the focus out of sight")
    else:
        faults.append("the focus never leaves the page")
    missed = sorted(set(range(len(expected))) - set(order))
    faults += [f"no Tab reaches {expected[at]}" for at in missed]
    if [at for at in order if at >= 0] != sorted(at for at in order if at >= 0):
        faults.append("Tab goes through the page in another order than the page is read")
    return faults


async def skip_link(page: Page) -> list[str]:
    """The first Tab reaches a visible link past the header."""
    await page.evaluate("() => { document.activeElement?.blur(); scrollTo(0, 0); }")
    await page.keyboard.press("Tab")
    first = page.locator(":focus")
    if not await first.count() or await first.get_attribute("href") != "#main":
        return ["the first Tab does not reach a link to the main content"]
    box = await first.bounding_box()
    if box is None or box["y"] < 0 or box["x"] < 0:
        return ["the link to the main content is out of sight"]
    await page.keyboard.press("Enter")
    where = await page.evaluate("() => document.activeElement.id")
    return [] if where == "main" else ["the link to the main content does not lead there"]


async def _deaf(page: Page) -> list[str]:
    """Elements that listen for clicks, but cannot have the focus."""
    session: CDPSession = await page.context.new_cdp_session(page)
    body = await session.send("Runtime.evaluate", {"expression": "document.body"})
    found = await session.send(
        "DOMDebugger.getEventListeners", {"objectId": body["result"]["objectId"], "depth": -1, "pierce": True}
    )
    faults = []
    for one in found["listeners"]:
        if one["type"] not in {"click", "mousedown", "pointerdown", "touchstart"}:
            continue
        node = await session.send("DOM.resolveNode", {"backendNodeId": one["backendNodeId"]})
        told = await session.send(
            "Runtime.callFunctionOn",
            {
                "objectId": node["object"]["objectId"],
                "functionDeclaration": "function () { return this.tabIndex < 0 && this.localName !== 'label'"
                " ? `<${this.localName}> ${this.textContent.trim().slice(0, 40)}` : ''; }",
                "returnByValue": True,
            },
        )
        if told["result"]["value"]:
            faults.append(f"{told['result']['value']} takes clicks, but no key reaches it")
    await session.detach()
    return faults
