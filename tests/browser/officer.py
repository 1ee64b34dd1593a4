"""An officer before a browser: how the console is used by hand in the tests of what officers do."""

from dataclasses import dataclass

from playwright.async_api import Page

from tests.browser.world import World
from tests.web.desks import PASSWORD

MAIN = "main form button.main"


@dataclass(slots=True)
class Office:
    """An officer before a browser, and what the platform knows besides."""

    world: World
    page: Page
    officer: str

    async def fill(self, **fields: str) -> None:
        """Type into fields by their names."""
        for name, value in fields.items():
            await self.page.fill(f"[name='{name.replace('_of_', '-')}']", value)

    async def send(self, button: str = MAIN) -> None:
        """Send the form, and see that it was taken."""
        await self.page.click(button)
        assert await self.page.locator(".faults").count() == 0, await self.page.inner_text("main")

    async def says(self, text: str) -> None:
        """The page says this."""
        assert text in await self.page.inner_text("main"), await self.page.inner_text("main")

    async def sees(self, heading: str) -> None:
        """The page is the one with this heading."""
        assert await self.page.inner_text("h1") == heading

    async def figure(self, name: str) -> int:
        """The first figure of this name."""
        box = self.page.locator(".figures div").filter(has=self.page.get_by_text(name, exact=True)).first
        return int((await box.locator("dd").inner_text()).replace(",", ""))


async def signs_in(office: Office) -> None:
    await office.page.goto("/console")
    await office.fill(user_name=office.officer, password=PASSWORD)
    await office.send()
    await office.sees("Overview")
