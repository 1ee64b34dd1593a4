"""The lock of what centres' tablets call: opens for the token that a tablet got when its worker signed in."""

from typing import Any

from fastapi import Depends
from starlette.requests import Request

from opencowin import tablets
from opencowin.identity import NotSignedIn
from opencowin.kit.actor import Actor, Permission
from opencowin.tablets import Tablet
from opencowin.web.guard import ApiKey, Bearer, Guard, caller_address
from opencowin.web.site import site_of


class TabletGuard(Guard):
    """Opens for tablets; those that may only send are let in where they send."""

    def __init__(self, *, reads: bool) -> None:
        super().__init__(Permission.VACCINATE, ())
        self.reads = reads

    async def __call__(self, request: Request, bearer: Bearer, _key: ApiKey = None) -> Actor:
        """Who works on the tablet; the tablet itself is kept with the request. Raises NotSignedIn, NotWorkingHere."""
        site, address = site_of(request), caller_address(request)
        site.limiter.count_reader(request, f"tablet:{address}")
        if bearer is None:
            raise NotSignedIn
        async with site.transaction() as conn:
            tablet = await tablets.tablet_of(conn, site.floor, bearer.credentials, address)
        if self.reads:
            tablets.require_at_work(tablet)
        request.state.tablet = tablet
        return tablet.actor


def tablet_of(request: Request) -> Tablet:
    """The tablet that calls."""
    tablet = request.state.tablet
    assert isinstance(tablet, Tablet)
    return tablet


def may_carry() -> Any:
    """The route is for tablets whose worker is at work: it answers with what they carry."""
    return Depends(TabletGuard(reads=True))


def may_send() -> Any:
    """The route takes what tablets send, also of those whose worker has left: what was given was given."""
    return Depends(TabletGuard(reads=False))
