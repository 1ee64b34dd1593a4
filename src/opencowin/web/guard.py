"""Who may call a route: `may(permission, faces)` or `open_to_all()` in every route's signature yields the Actor."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import Depends
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBasic, HTTPBasicCredentials, HTTPBearer
from starlette.requests import Request

from opencowin.identity import NotSignedIn, UnknownApiKey, actor_of_log_in
from opencowin.kit.actor import CITIZEN_PERMISSIONS, Actor, ActorKind, Permission
from opencowin.web.site import Site, site_of

bearer_scheme = HTTPBearer(auto_error=False, description="The token of a confirmed one-time password.")
key_scheme = APIKeyHeader(name="x-api-key", auto_error=False, description="The key of a partner system.")
basic_scheme = HTTPBasic(
    auto_error=False,
    description="Log-in of a member of staff; who has a second factor sends its code in `x-second-factor` beside it.",
)
SECOND_FACTOR = "x-second-factor"

Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer_scheme)]
ApiKey = Annotated[str | None, Depends(key_scheme)]
Basic = Annotated[HTTPBasicCredentials | None, Depends(basic_scheme)]


class Face(StrEnum):
    """Whose credential a route takes."""

    CITIZEN = "citizen"
    PARTNER = "partner"
    STAFF = "staff"


def caller_address(request: Request) -> str:
    """The caller's network address; a trusted proxy's X-Forwarded-For is believed."""
    forwarded = request.headers.get("x-forwarded-for", "")
    return address_of(site_of(request), request.client.host if request.client else "", forwarded)


def address_of(site: Site, peer: str, forwarded: str) -> str:
    """The network address of a caller whose connection comes from a peer, with such an X-Forwarded-For."""
    if forwarded and peer in site.floor.settings.trusted_proxies:
        return forwarded.rsplit(",", maxsplit=1)[-1].strip() or peer
    return peer


async def _partner(request: Request, key: str) -> Actor:
    """Who calls with this key, counted by its quota; an unknown one is counted by address, and raises UnknownApiKey."""
    site = site_of(request)
    address = caller_address(request)
    try:
        grant = await site.keys.grant(key, address)
    except UnknownApiKey:
        site.limiter.count_public(request, f"address:{address}")
        raise
    site.limiter.count_key(
        request, grant.actor.actor_id, per_minute=grant.calls_per_minute, per_day=grant.calls_per_day
    )
    return grant.actor


def _citizen(request: Request, token: str) -> Actor:
    site = site_of(request)
    address = caller_address(request)
    try:
        account = site.tokens.read(token)
    except NotSignedIn:
        site.limiter.count_public(request, f"address:{address}")
        raise
    site.limiter.count_public(request, f"account:{account}")
    return Actor(ActorKind.CITIZEN, str(account), CITIZEN_PERMISSIONS, account_id=account, address=address)


async def _staff(request: Request, given: HTTPBasicCredentials) -> Actor:
    site = site_of(request)
    address = caller_address(request)
    site.limiter.count_public(request, f"address:{address}")
    async with site.transaction() as conn:
        code = request.headers.get(SECOND_FACTOR, "")
        return await actor_of_log_in(conn, site.floor, given.username, given.password, code=code, address=address)


class Guard:
    """A route's lock: opens for actors of the given faces who hold the permission."""

    def __init__(self, permission: Permission, faces: tuple[Face, ...]) -> None:
        self.permission = permission
        self.faces = faces

    async def __call__(self, request: Request, bearer: Bearer, key: ApiKey) -> Actor:
        """The actor of this request. Raises NotSignedIn, UnknownApiKey, NotPermitted, TooManyRequests."""
        actor = await self._identify(request, bearer, key)
        actor.require(self.permission)
        return actor

    async def _identify(self, request: Request, bearer: HTTPAuthorizationCredentials | None, key: str | None) -> Actor:
        if Face.CITIZEN in self.faces and bearer is not None:
            return _citizen(request, bearer.credentials)
        if Face.PARTNER in self.faces and (secret := key or (bearer.credentials if bearer else None)):
            return await _partner(request, secret)
        if Face.STAFF in self.faces and (basic := await basic_scheme(request)):
            return await _staff(request, basic)
        site_of(request).limiter.count_public(request, f"address:{caller_address(request)}")
        raise UnknownApiKey if Face.CITIZEN not in self.faces else NotSignedIn

    def at_once(self, request: Request) -> Actor | None:
        """The actor, where the call tells it without the database; None, and not counted, where it does not.

        For answers that are ready before the router is asked. Raises what calling it raises.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if Face.CITIZEN not in self.faces or scheme.lower() != "bearer" or not token:
            return None
        actor = _citizen(request, token.strip())
        actor.require(self.permission)
        return actor

    async def by_key(self, request: Request) -> Actor | None:
        """The actor of a partner's key; None, and not counted, where the call tells of its caller in another way."""
        key = request.headers.get("x-api-key")
        if Face.PARTNER not in self.faces or not key or "authorization" in request.headers:
            return None
        actor = await _partner(request, key)
        actor.require(self.permission)
        return actor


class StaffGuard(Guard):
    """The lock of our own surface for those who run the campaign: a log-in, or a partner's key."""

    async def __call__(self, request: Request, bearer: Bearer, key: ApiKey, _basic: Basic = None) -> Actor:
        """The actor of this request."""
        return await super().__call__(request, bearer, key)


class Open:
    """The lock of a public route: open, counted by address, or by its own quota where there is a valid API key.

    Old clients send keys of other days to public routes; an unknown one is passed over.
    """

    async def __call__(self, request: Request, key: ApiKey) -> Actor:
        """The public, as an actor."""
        address = caller_address(request)
        public = Actor(ActorKind.PUBLIC, "public", address=address)
        if not key:
            site_of(request).limiter.count_public(request, f"address:{address}")
            return public
        try:
            return await _partner(request, key)
        except UnknownApiKey:
            return public

    def at_once(self, request: Request) -> Actor | None:
        """The public, where no key is sent; None, and not counted, where one is: whose it is stands in the database."""
        if request.headers.get("x-api-key"):
            return None
        address = caller_address(request)
        site_of(request).limiter.count_public(request, f"address:{address}")
        return Actor(ActorKind.PUBLIC, "public", address=address)

    async def by_key(self, request: Request) -> Actor | None:
        """Who calls with a key, or the public."""
        return await self(request, request.headers.get("x-api-key"))


class OpenToReaders(Open):
    """The lock of public pages: open, counted by address with the wide allowance that shared addresses need."""

    async def __call__(self, request: Request) -> Actor:  # type: ignore[override]  # a browser sends no key
        """The public, as an actor."""
        address = caller_address(request)
        site_of(request).limiter.count_reader(request, f"address:{address}")
        return Actor(ActorKind.PUBLIC, "public", address=address)


class OpenToProbes(Open):
    """The lock of health and metrics: open, and not counted, since probes come often."""

    async def __call__(self, request: Request) -> Actor:  # type: ignore[override]  # it needs no key
        """The prober, as an actor."""
        return Actor(ActorKind.PUBLIC, "probe", address=caller_address(request))


def may(permission: Permission, *faces: Face) -> Any:
    """A route's actor must hold the permission; `faces` are the credentials it takes (default: a citizen's token)."""
    guard = StaffGuard if Face.STAFF in faces else Guard
    return Depends(guard(permission, faces or (Face.CITIZEN,)))


def open_to_all() -> Any:
    """The route is public, and says so."""
    return Depends(Open())


def open_to_readers() -> Any:
    """The route is a public page for people."""
    return Depends(OpenToReaders())


def open_to_probes() -> Any:
    """The route is public and is not counted against the caller's rate."""
    return Depends(OpenToProbes())
