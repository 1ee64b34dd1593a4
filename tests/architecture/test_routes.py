"""Every route says who may call it, and is documented."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from opencowin.kit.floor import Floor
from opencowin.web.app import build_app
from opencowin.web.cowin import availability
from opencowin.web.guard import Guard, Open
from tests.architecture.source import MODULES

NOT_OURS = ("/docs", "/openapi.json", "/static-offline-docs", "/redoc")


def guards(dependant: Dependant) -> list[Any]:
    """The guards among a route's dependencies."""
    here = [dependant.call] if isinstance(dependant.call, Guard | Open) else []
    return here + [guard for inner in dependant.dependencies for guard in guards(inner)]


def routes(router: Any) -> Iterator[BaseRoute]:
    """All routes of an application or router, those of included routers too."""
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        yield from [route] if inner is None else routes(inner)


def test_every_route_declares_exactly_one_guard(floor: Floor) -> None:
    app = build_app(floor, "")
    ours = [route for route in routes(app) if isinstance(route, APIRoute) and not route.path.startswith(NOT_OURS)]
    described = [route for route in ours if route.include_in_schema]
    assert len(described) == sum(len(methods) for methods in app.openapi()["paths"].values()) > 40
    hidden = {route.endpoint.__module__ for route in ours if not route.include_in_schema}
    assert all(
        name.startswith(
            ("opencowin.web.pages.", "opencowin.web.console.", "opencowin.web.centre_app.", "opencowin.web.home")
        )
        for name in hidden
    ), hidden
    for route in ours:
        assert len(guards(route.dependant)) == 1, f"{route.path} does not say who may call it"


def test_the_short_lane_opens_by_the_routes_own_guards(floor: Floor) -> None:
    app = build_app(floor, "")
    locks = app.lane.locks
    boarded = [one for one in availability.router.routes if isinstance(one, APIRoute)]
    boarded = [one for one in boarded if one.endpoint in availability.BOARDED]
    own = {"/api" + route.path: guards(route.dependant) for route in boarded}
    assert {path: [lock] for path, lock in locks.items()} == own
    assert set(locks) <= set(app.openapi()["paths"])
    assert len(locks) == 10
    for path, lock in locks.items():
        assert type(lock) is (Open if "/public/" in path else Guard), f"{path}: only these can tell a caller at once"


def test_every_route_is_described(floor: Floor) -> None:
    for route in routes(build_app(floor, "")):
        if isinstance(route, APIRoute) and not route.path.startswith(NOT_OURS):
            assert route.description, route.path


def test_nothing_else_is_served(floor: Floor) -> None:
    others = [getattr(route, "path", "?") for route in routes(build_app(floor, "")) if not isinstance(route, APIRoute)]
    assert all(path.startswith(NOT_OURS) for path in others), others


def test_whatever_takes_a_seat_passes_the_waiting_room_first() -> None:
    """In the web; health workers, keypad phones and the waitlist take theirs elsewhere, without waiting."""
    takes = re.compile(r"desk\.book\(|scheduling\.(?:book|move|hold_slot)\(")
    found = []
    for module in MODULES:
        for one in ast.walk(module.tree) if module.room == "web" else ():
            if isinstance(one, ast.AsyncFunctionDef) and (taken := takes.search(text := ast.unparse(one))):
                found.append(one.name)
                passed = text.find("entrance.enter(")
                assert 0 <= passed < taken.start(), f"{module.name}: {one.name} takes a seat past the waiting room"
    assert len(found) == 5, found
