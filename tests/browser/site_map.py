"""Every page of the site with an address that shows it: found from the routes, so that a new one cannot escape."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fastapi.routing import APIRoute

from opencowin.web import home
from opencowin.web.centre_app import shell
from opencowin.web.console.desk import ConsoleGuard
from opencowin.web.console.routes import CONSOLE
from opencowin.web.pages.routes import FIGURES, PEOPLE
from opencowin.web.pages.visits import VisitGuard
from tests.architecture.test_routes import guards, routes
from tests.browser.world import Visitor

CITIZEN_BYTES, DASHBOARD_BYTES, CONSOLE_BYTES, CENTRE_BYTES = 20_000, 30_000, 80_000, 60_000
SCRIPT_BYTES, REQUESTS = 4_000, 4
FILE = re.compile(r"\.(\w+|{\w+})$|^/static/")
"""Paths of files, not of pages."""
PASSAGES = {"/sign-in/return"}
"""Paths that only ever lead on to a page."""
A_RULE = {
    "#group_id": "aged_12_to_14",
    "[name=doses][value='1']": "",
    "[name=does][value=allow]": "",
    "#valid_from": "2031-01-01",
    "#source": "Cabinet decision",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A page as somebody sees it: an address, at a stage of a visit, perhaps after a form on it was sent."""

    path: str
    visitor: Visitor = Visitor.NOBODY
    status: int = 200
    sends: Mapping[str, str] | None = field(default=None, hash=False)
    """Fields, by id or by name and value, that are filled before the page's main form is sent: its answer is shown."""
    most_bytes: int = CITIZEN_BYTES
    most_script: int = SCRIPT_BYTES
    most_requests: int = REQUESTS
    scripted: bool = False
    """Whether it has content that a script of ours must show before it is complete."""

    @property
    def name(self) -> str:
        """For test names."""
        return self.path + (" sent" if self.sends is not None else "")

    @property
    def at_console(self) -> bool:
        """Whether those see it who run the campaign."""
        return self.path.startswith("/console")

    def address(self, facts: Mapping[str, str], language: str = "") -> str:
        """Path and query of this page in the settled world."""
        path = self.path.format(**facts)
        joint = "&" if "?" in path else "?"
        return path + (f"{joint}lang={language}" if language else "")


SPECIAL = (
    Shown("/dashboard", most_bytes=DASHBOARD_BYTES),
    Shown("/dashboard?map=outline", most_bytes=DASHBOARD_BYTES),
    Shown("/dashboard?state_id={state_id}", most_bytes=DASHBOARD_BYTES),
    Shown("/dashboard?district_id={district_id}", most_bytes=DASHBOARD_BYTES),
    Shown("/dashboard/history?series=statewise", most_bytes=DASHBOARD_BYTES),
    Shown("/dashboard/history?series=statewise&state_id={state_id}&on=2021-04-01", most_bytes=DASHBOARD_BYTES),
    Shown("/dashboard?state_id=9999", status=400),
    Shown("/nowhere", status=404),
    Shown("/find"),
    Shown("/find?pin=12", status=400),
    Shown("/find?state_id={state_id}"),
    Shown("/find?pin={pin}"),
    Shown("/find?district_id={district_id}&map=1"),
    Shown("/find?district_id={busy_district_id}"),
    Shown("/find?lat={latitude}&long={longitude}"),
    Shown("/find?district_id={district_id}&fee=paid"),
    Shown("/slots/{session_id}"),
    Shown("/verify", scripted=True),
    Shown("/verify", status=400, sends={}, scripted=True),
    Shown("/centre", most_bytes=CENTRE_BYTES, most_requests=30, scripted=True),
    Shown("/sign-in", status=400, sends={"#mobile": "12"}),
    Shown("/sign-in/code", Visitor.SENT_CODE),
    Shown("/sign-in/code", Visitor.SENT_CODE, 400, {"#code": "000000"}),
    Shown("/sign-in/with/nobody", status=400),
    Shown("/sign-in/failed?why=PAGE0015&by=citizen", status=409),
    Shown("/book/who", Visitor.CHOOSING),
    Shown("/book/who", Visitor.CHOOSING, 400, {}),
    Shown("/book/check", Visitor.CHECKING),
    Shown("/console", Visitor.NATION_OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console", Visitor.OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console", Visitor.WORKER, most_bytes=CONSOLE_BYTES),
    Shown("/console/sign-in", status=400, sends={"#user_name": "nobody", "#password": "a wrong one"}),
    Shown("/console/look", Visitor.WORKER, most_bytes=CONSOLE_BYTES),
    Shown("/console/look", Visitor.WORKER, 400, {"#reference": "12"}, most_bytes=CONSOLE_BYTES),
    Shown("/console/bulk/{upload_id}", Visitor.OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console/aefi/{event_id}", Visitor.OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console/cases/{case_number}", Visitor.OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console/cases/{merge_number}", Visitor.OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console/cases/{case_number}/district", Visitor.OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console/centres", Visitor.NATION_OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console/centres/{centre_id}", Visitor.OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console/sessions", Visitor.STATE_OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console/sessions/new", Visitor.MANAGER, 400, {"#doses": "many"}, most_bytes=CONSOLE_BYTES),
    Shown("/console/sessions/{draft_id}", Visitor.OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console/sessions/{draft_id}/edit", Visitor.OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console/sessions/{session_id}/withdraw", Visitor.OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console/weekly", Visitor.MANAGER, most_bytes=CONSOLE_BYTES),
    Shown("/console/weekly/new", Visitor.OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console/weekly/{template_id}", Visitor.OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console/sign-in/second", Visitor.HALFWAY, 400, {"#code": "12"}, most_bytes=CONSOLE_BYTES),
    Shown("/console/sign-in/second", Visitor.HALFWAY, most_bytes=CONSOLE_BYTES),
    Shown("/console/join/{link}"),
    Shown("/console/staff/{staff_id}", Visitor.OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console/staff/{staff_id}/role", Visitor.OFFICER, most_bytes=CONSOLE_BYTES),
    *(
        Shown(f"/console/stock/do/{act}", Visitor.MANAGER, most_bytes=CONSOLE_BYTES)
        for act in ("receive", "send", "waste", "count", "vials", "temperature")
    ),
    Shown("/console/stock/do/receive", Visitor.MANAGER, 400, {"#batch": "B", "#per_vial": "0"}, CONSOLE_BYTES),
    Shown("/console/rules/new", Visitor.NATION_OFFICER, 200, A_RULE, CONSOLE_BYTES),
    Shown("/console/rules/new?kind=step", Visitor.NATION_OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console/rules", Visitor.NATION_OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console/stock", Visitor.MANAGER, most_bytes=CONSOLE_BYTES),
    Shown("/console/stock", Visitor.NATION_OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console/stock/coming/{consignment_id}", Visitor.MANAGER, most_bytes=CONSOLE_BYTES),
    Shown("/console/queue", Visitor.NATION_OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console/queue", Visitor.OFFICER, 400, {"#per_minute": "0"}, CONSOLE_BYTES),
    Shown("/slots/{queued_session_id}"),
    Shown("/queue?session_id={queued_session_id}", Visitor.MEMBER),
    *(Shown("/queue", visitor) for visitor in (Visitor.EARLY, Visitor.IN_LINE, Visitor.NEXT)),
    Shown("/developers", status=400, sends={"#name": "Alerts", "#contact": "a@b", "#purpose": "?"}),
    Shown("/developers/key/{key_link}"),
    Shown("/console/keys", Visitor.NATION_OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/console/keys/requests/{key_request_id}", Visitor.NATION_OFFICER, 400, {"#per_minute": "0"}, CONSOLE_BYTES),
    Shown("/waitlist", Visitor.MEMBER),
    Shown("/draws/{closed_draw_id}"),
    Shown("/draws/{draw_id}/mine", Visitor.MEMBER),
    Shown("/console/draws/{closed_draw_id}", Visitor.OFFICER, most_bytes=CONSOLE_BYTES),
    Shown("/waitlist", Visitor.NEWCOMER),
    Shown("/waitlist", Visitor.OFFERED),
    Shown("/messages", Visitor.MEMBER, scripted=True),
    Shown("/messages", Visitor.MEMBER, 400, {"#code_signal": "AAAA-AAAA"}, scripted=True),
    Shown("/messages", Visitor.NEWCOMER, scripted=True),
    Shown("/messages/off/{off_token}"),
    Shown("/alerts", Visitor.MEMBER, 400, {"#pin": "12"}),
    Shown("/alerts?district_id={district_id}&dose=2&fee=free", Visitor.MEMBER),
    Shown("/people/{dosed_reference}/looks", Visitor.MEMBER),
    Shown("/people", Visitor.MEMBER),
    Shown("/people", Visitor.NEWCOMER),
    Shown("/people/new", Visitor.MEMBER, 400, {"#name": "?"}),
    Shown("/people/new", Visitor.PROVEN),
    Shown("/people/new", Visitor.PROVEN, 400, {"#name": "?"}),
    Shown("/people/{reference_id}/edit", Visitor.MEMBER),
    Shown("/people/{reference_id}/remove", Visitor.MEMBER),
    Shown("/issues/new/facts_wrong", Visitor.MEMBER),
    Shown("/issues/new/dose_wrong", Visitor.MEMBER),
    Shown("/issues/new/old_number", Visitor.MEMBER, 400, {}),
    Shown("/issues/{case_number}", Visitor.MEMBER),
    Shown("/issues/transfer", Visitor.MEMBER, 400, {"#mobile": "12"}),
    Shown("/certificates", Visitor.MEMBER),
    Shown("/certificates/{dosed_reference}", Visitor.MEMBER),
    Shown("/appointments/{booking_id}", Visitor.MEMBER),
    Shown("/appointments/{booking_id}/cancel", Visitor.MEMBER),
    Shown("/appointments/{booking_id}/move?session_id={session_id}&slot=11:00AM-01:00PM", Visitor.MEMBER),
)
"""Pages that need more than their path to be seen, or that have more than one face."""


def page_routes() -> list[APIRoute]:
    """The routes that answer pages."""
    found = [route for router in (home.router, *FIGURES, *PEOPLE, *CONSOLE, shell.router) for route in routes(router)]
    return [
        route
        for route in found
        if isinstance(route, APIRoute)
        and "GET" in (route.methods or ())
        and not FILE.search(route.path)
        and route.path not in PASSAGES
    ]


def shows(page: Shown, route: APIRoute) -> bool:
    """Whether the page is one of this route."""
    return re.fullmatch(re.sub(r"{\w+}", r"[^/]+", route.path), page.path.partition("?")[0]) is not None


def everywhere() -> list[Shown]:
    """The special pages, and one for each other route whose path says everything."""
    return [*SPECIAL, *_plain()]


def _plain() -> Iterator[Shown]:
    for route in page_routes():
        plainly_special = any(shows(page, route) and page.sends is None for page in SPECIAL)
        if "{" not in route.path and not plainly_special:
            (guard,) = guards(route.dependant)
            if isinstance(guard, ConsoleGuard):
                yield Shown(route.path, Visitor.OFFICER, most_bytes=CONSOLE_BYTES)
            else:
                yield Shown(route.path, Visitor.MEMBER if isinstance(guard, VisitGuard) else Visitor.NOBODY)


def unseen() -> list[str]:
    """Paths of routes that no page of the table shows."""
    return [route.path for route in page_routes() if not any(shows(page, route) for page in everywhere())]
