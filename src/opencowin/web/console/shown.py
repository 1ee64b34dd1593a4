"""Shows the console's pages: the site's own frame with the staff's place, navigation and forms in it."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from opencowin.kit.errors import Refusal
from opencowin.web.console import desk
from opencowin.web.pages.assets import asset_link
from opencowin.web.pages.forms import number
from opencowin.web.pages.render import SAFE, SCRIPTED, Reader, html_of

ROWS = 50
"""Rows of a list on one page."""


class ConsoleReader(Reader):
    """A member of staff who reads a page of the console."""

    @property
    def signed_in(self) -> bool:
        """Never at the citizens' visit, whose notes have no place here."""
        return False

    def form_token(self) -> str:
        """What a form carries to show that it is the console's."""
        return desk.desk_of(self.request).token


@dataclass(frozen=True, slots=True)
class Leaf:
    """Which page of a list is shown, and whether another follows. Read `rows` + 1 from `start`, show `rows`."""

    number: int
    more: bool = False

    @property
    def start(self) -> int:
        """Rows before this page."""
        return (self.number - 1) * ROWS

    def followed(self, found: int) -> "Leaf":
        """The same page, knowing how many of `ROWS` + 1 rows were found."""
        return Leaf(self.number, found > ROWS)


def leaf_of(request: Request) -> Leaf:
    """The page of a list that the address asks for."""
    asked = number(request.query_params.get("page", "1")) or 1
    return Leaf(min(asked, 10_000))


def console_page(
    reader: ConsoleReader, template: str, status: int = 200, *, scripts: tuple[str, ...] = (), **data: object
) -> Response:
    """A page of the console by this template, which extends `console/page.html`."""
    shown = {"at": desk.at_work(reader.request), "here": _path(reader)}
    html = html_of(
        reader, template, layout="page.html", scripts=[asset_link(name) for name in scripts], **shown, **data
    )
    answer = HTMLResponse(html, status, {**SAFE, "Content-Language": reader.language.code})
    if scripts:
        answer.headers["Content-Security-Policy"] = f"{SAFE['Content-Security-Policy']}; {SCRIPTED}"
    return desk.keep(reader.request, answer)


def refusal_page(request: Request, refusal: Refusal, status: int) -> Response:
    """What the console answers where a page or a form as a whole is refused."""
    reader = ConsoleReader(request)
    return console_page(reader, "console/refused.html", status, text=reader.refusal(refusal), code=refusal.code)


def _path(reader: Reader) -> str:
    return reader.request.url.path
