"""Counts the calls under way in this process, for the waiting room that load opens."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Crowd:
    """Tells the entrance when a call begins and when its answer does: a stream that stays open is no load."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        entrance = scope["app"].state.site.entrance
        under_way = True

        def end() -> None:
            nonlocal under_way
            if under_way:
                under_way = False
                entrance.call_ended()

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                end()
            await send(message)

        entrance.call_began()
        try:
            await self.app(scope, receive, watched)
        finally:
            end()
