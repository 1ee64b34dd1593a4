"""A district officer uploads a list of centres in which some rows are wrong, puts them right, saves and undoes."""

import csv
import io

import pytest
from playwright.async_api import Browser, Page

from opencowin import places
from opencowin.identity import Role
from opencowin.kit.actor import Place
from opencowin.kit.db import transaction
from tests.browser import gates
from tests.browser.officer import MAIN, Office, signs_in
from tests.browser.world import World
from tests.web.desks import appoint

pytestmark = pytest.mark.anyio


def a_list(district_id: int) -> str:
    """Five centres: a postal code too short, a day that ends before it begins, a district that is not the officer's."""
    other = 1 if district_id != 1 else 2
    rows = [
        ("Upload Good", district_id, "560001", "17:00"),
        ("Upload Short", district_id, "P.O.", "17:00"),
        ("Upload Late", district_id, "560001", "07:00"),
        ("Upload Far", other, "560001", "17:00"),
        ("Upload Other", district_id, "560001", "17:00"),
    ]
    lines = [f"{name},{place},1 Main Road,{pin},09:00,{closes},government" for name, place, pin, closes in rows]
    return "name,district_id,address,pin_code,opens_at,closes_at,operator\n" + "\n".join(lines)


async def upload(page: Page, content: str) -> None:
    """Choose the table and the file, and have it checked."""
    await page.click("nav >> text=Uploads")
    await page.check("[name=kind][value=centres]")
    await page.set_input_files(
        "#file", {"name": "centres.csv", "mimeType": "text/csv", "buffer": content.encode("utf-8")}
    )
    await page.click(MAIN)


async def until(page: Page, state: str) -> None:
    """The page shows itself again until the job has done its work."""
    await page.locator("main [role=status]").get_by_text(state, exact=True).wait_for()


async def entered(world: World, district_id: int) -> set[str]:
    """The centres of the list that are on record."""
    async with transaction(world.surface.pool) as conn:
        found = await places.centres_of_district(conn, district_id)
    return {one.name for one in found if one.name.startswith("Upload ")}


def put_right(content: str, district_id: int) -> str:
    """The file of wrong rows as the officer sends it again: without the columns that say what was wrong."""
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [row["name"] for row in rows] == ["Upload Short", "Upload Late", "Upload Far"]
    for row in rows:
        row |= {"pin_code": "560001", "closes_at": "17:00", "district_id": str(district_id)}
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


async def test_a_list_with_errors_is_put_right_saved_and_undone(browser: Browser, world: World) -> None:
    district_id = world.clinic.centre.district_id
    officer = await appoint(world.surface, Role.DISTRICT_OFFICER, Place(district_id=district_id))
    context = await browser.new_context(base_url=world.address, java_script_enabled=False)
    page = await context.new_page()
    page.set_default_timeout(60_000)
    office = Office(world, page, officer.user_name)
    await signs_in(office)
    await upload(page, a_list(district_id))
    await until(page, "Checked, not saved")
    assert [await office.figure(name) for name in ("Rows", "Wrong", "Saved")] == [5, 3, 0]
    rows = [await row.locator("td").all_inner_texts() for row in await page.locator("main tbody tr").all()]
    assert [(row[0], row[1]) for row in rows] == [("3", "pin_code"), ("4", "closes_at"), ("5", "district_id")]
    assert all(row[2] for row in rows)
    assert await entered(world, district_id) == set()
    async with page.expect_download() as download:
        await page.click("text=Download these rows")
    wrong = (await (await download.value).path()).read_text("utf-8-sig")
    await page.click(MAIN)
    await until(page, "Saved")
    assert await entered(world, district_id) == {"Upload Good", "Upload Other"}
    await upload(page, put_right(wrong, district_id))
    await until(page, "Checked, not saved")
    assert [await office.figure(name) for name in ("Rows", "Wrong")] == [3, 0]
    await page.click(MAIN)
    await until(page, "Saved")
    assert len(await entered(world, district_id)) == 5
    await page.click("main >> text=Undo")
    await until(page, "Undone")
    assert await entered(world, district_id) == {"Upload Good", "Upload Other"}
    gates.judge(*await gates.layout(page))
    await page.click("nav >> text=Uploads")
    await page.locator("main tbody tr a").nth(1).click()
    await page.click("main >> text=Undo")
    await until(page, "Undone")
    assert await entered(world, district_id) == set()
    await context.close()
