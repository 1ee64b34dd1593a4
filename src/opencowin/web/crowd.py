"""Counts the calls under way in this process, for the waiting room that load opens."""

from starlette.types import ASGIApp, Receive, Scope, Send


class Crowd:
    """Tells the entrance when a call begins and ends."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        entrance = scope["app"].state.site.entrance
        entrance.call_began()
        try:
            await self.app(scope, receive, send)
        finally:
            entrance.call_ended()
