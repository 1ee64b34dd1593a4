"""Every route says who may call it, and is documented."""

from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from opencowin.kit.floor import Floor
from opencowin.web.app import build_app
from opencowin.web.guard import Guard, Open

NOT_OURS = ("/docs", "/openapi.json", "/static-offline-docs", "/redoc")


def guards(dependant: Dependant) -> list[Any]:
    """The guards among a route's dependencies."""
    here = [dependant.call] if isinstance(dependant.call, Guard | Open) else []
    return here + [guard for inner in dependant.dependencies for guard in guards(inner)]


def routes(app: FastAPI) -> list[APIRoute]:
    """Our routes."""
    return [route for route in app.routes if isinstance(route, APIRoute)]


def test_every_route_declares_exactly_one_guard(floor: Floor) -> None:
    found = routes(build_app(floor, ""))
    assert len(found) > 40
    for route in found:
        assert len(guards(route.dependant)) == 1, f"{route.path} does not say who may call it"


def test_every_route_is_described(floor: Floor) -> None:
    app = build_app(floor, "")
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), f"{method} {path}"
    others = [r.path for r in app.routes if not isinstance(r, APIRoute)]  # type: ignore[attr-defined]
    assert all(path.startswith(NOT_OURS) for path in others), others
