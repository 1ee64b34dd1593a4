"""The straight way: calls that a rush is made of reach the function of their route without the framework between.

A route may take it that reads a JSON body and says who may call. The function is the route's own and so are its model
and its lock; a call that is not valid, or that shows no credential of those known here, goes the long way and is
answered there.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

import orjson
from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opencowin.web.errors import answer_to
from opencowin.web.guard import Guard, Open
from opencowin.web.lane import lock_of


@dataclass(frozen=True, slots=True)
class Way:
    """A route as far as the straight way needs it. `path` is its template, under which it is logged and counted."""

    path: str
    endpoint: Callable[..., Any]
    lock: Guard | Open
    actor: str
    body: TypeAdapter[Any]
    headers: Mapping[str, tuple[str, TypeAdapter[Any]]]
    """Argument and form of each header that the function reads."""


def ways_of(prefix: str, router: APIRouter, straight: frozenset[Callable[..., Any]]) -> dict[str, Way]:
    """The ways to these functions of a router, by path."""
    ours = [one for one in router.routes if isinstance(one, APIRoute) and one.endpoint in straight]
    return {prefix + route.path: _way(prefix, route) for route in ours}


def _way(prefix: str, route: APIRoute) -> Way:
    wanted = route.dependant
    (body,) = wanted.body_params
    (caller,) = wanted.dependencies
    assert (wanted.request_param_name, body.name) == ("request", "body")
    assert not [*wanted.path_params, *wanted.query_params, *wanted.cookie_params]
    assert caller.name is not None
    hints = get_type_hints(route.endpoint, include_extras=True)
    return Way(
        path=prefix + route.path,
        endpoint=route.endpoint,
        lock=lock_of(route),
        actor=caller.name,
        body=TypeAdapter(hints["body"]),
        headers={one.alias: (one.name, TypeAdapter(hints[one.name])) for one in wanted.header_params},
    )


class Straight:
    """Answers calls whose way is known, or passes on; so does a body of more than `most` bytes."""

    def __init__(self, app: ASGIApp, ways: Iterable[Mapping[str, Way]], most: int) -> None:
        self.app, self.most = app, most
        self.ways = {path: way for some in ways for path, way in some.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        way = self.ways.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if way is None:
            await self.app(scope, receive, send)
            return
        read: list[Message] = []
        raw = await _body(receive, read, self.most)
        answer = await _answer(way, Request(scope), raw) if raw is not None else None
        if answer is None:
            await self.app(scope, _again(read, receive), send)
            return
        scope["route"] = way
        await answer(scope, receive, send)


async def _body(receive: Receive, read: list[Message], most: int) -> bytes | None:
    """The whole body, None where it is too large; what was read of it is kept. Raises ClientDisconnect."""
    length = 0
    while not read or read[-1].get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        read.append(message)
        if (length := length + len(message.get("body", b""))) > most:
            return None
    return b"".join(message.get("body", b"") for message in read)


def _again(read: list[Message], receive: Receive) -> Receive:
    """What was read, to be read once more; then whatever comes."""
    kept = iter(read)

    async def replay() -> Message:
        return next(kept, None) or await receive()

    return replay


async def _answer(way: Way, request: Request, raw: bytes) -> Response | None:
    """What the route's function answers; None where the call is to go the long way."""
    try:
        sent = {"body": way.body.validate_python(orjson.loads(raw))}
        for header, (name, form) in way.headers.items():
            if header in request.headers:
                sent[name] = form.validate_python(request.headers[header])
    except (orjson.JSONDecodeError, ValidationError):
        return None
    try:
        actor = way.lock.at_once(request) or await way.lock.by_key(request)
        if actor is None:
            return None
        told = await way.endpoint(request, **{way.actor: actor}, **sent)
    except Exception as fault:
        answer = answer_to(request, fault)
        if answer is None:
            raise
        return answer
    assert isinstance(told, BaseModel)
    return Response(told.model_dump_json(by_alias=True), media_type="application/json")
