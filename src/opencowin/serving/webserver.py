"""The web server of a process: Uvicorn, whose connections ask the short lane before they ask the application.

Uvicorn leaves to a proxy what callers may do to a connection. Ours may be met without one: a head that does not end, a
body that stops, a connection that nobody uses are let go, and a head has a largest size.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from opencowin.serving.port import BACKLOG
from opencowin.web import Application

LONGEST_HEAD = 65_536
PATIENCE = 30.0
"""Seconds for which a connection may be silent: between calls, within a head (all of it), or within a body."""
LONGEST_PATIENCE = 120.0
"""Seconds after which an answer that is not taken is dropped."""
PARTING = 15
"""Seconds that calls under way are given when the process is told to stop."""


class Connection(HttpToolsProtocol):
    """A connection, whose calls are answered by the lane as they come in, or by the application."""

    def __init__(self, config: Config, *arguments: Any, **more: Any) -> None:
        super().__init__(config, *arguments, **more)
        assert isinstance(config.app, Application)
        self._lane = config.app.lane
        self._peer = ""
        self._within = False
        """Within a call that has not come whole."""
        self._head = 0
        """Bytes of its head as far as it has come; 0 once that is whole."""
        self._silent_since = self.loop.time()
        self._unread_since: float | None = None
        """Since when so much waits to be read that no more is written."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as Uvicorn has it
        """Somebody comes."""
        super().connection_made(transport)
        self._peer = self.client[0] if self.client else ""

    def data_received(self, data: bytes) -> None:
        """A call, or a part of one, or several."""
        if not self._within and self._rests() and not self.flow.write_paused:
            dated = self.server_state.default_headers
            told = self._lane.answer(data, self._peer, dated[0][1]) if dated else None
            if told is not None:
                self._silent_since = self.loop.time()
                if self.timeout_keep_alive_task is not None:
                    self._unset_keepalive_if_required()
                self.transport.writelines(told)
                return
        if not self._head:
            self._silent_since = self.loop.time()
        super().data_received(data)
        if self._head:
            self._head += len(data)
            if self._head > LONGEST_HEAD:
                self.send_400_response("The head of the request is too large.")

    def pause_writing(self) -> None:
        """Nobody reads what was written."""
        self._unread_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """It was read."""
        self._unread_since = None
        super().resume_writing()

    def on_message_begin(self) -> None:
        """The first byte of a call."""
        self._within, self._head = True, 1
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head of a call is whole."""
        self._head = 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A call is whole."""
        self._within = False
        super().on_message_complete()

    def _rests(self) -> bool:
        """Whether every call that came has its answer."""
        last: RequestResponseCycle | None = self.cycle
        return last is None or last.response_complete

    def let_go(self, now: float) -> None:
        """Close it if it has been silent for too long, unless somebody works on an answer to a call that came whole.

        Drop it where answers have not been read for much longer.
        """
        silent = now - self._silent_since if self._within or self._rests() else 0.0
        unread = now - self._unread_since if self._unread_since is not None else 0.0
        if max(silent, unread) > LONGEST_PATIENCE:
            self.transport.abort()
        elif silent > PATIENCE:
            self.transport.close()


class WebServer(Server):
    """Serves an application on a socket until told to stop; streams are ended first, since they wait for nothing."""

    def __init__(self, app: Application, begun: Callable[[], None] = lambda: None, *, lifespan: bool = True) -> None:
        """Calls `begun` once it answers. Without `lifespan` the application has begun, and ends, by itself."""
        self._app, self._begun = app, begun
        super().__init__(
            Config(
                app,
                loop="uvloop",
                http=Connection,
                ws="none",
                lifespan="on" if lifespan else "off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=BACKLOG,
                timeout_keep_alive=int(PATIENCE),
                timeout_graceful_shutdown=PARTING,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin."""
        await super().startup(sockets)
        self._begun()

    async def on_tick(self, counter: int) -> bool:
        """Look after the connections, ten times a second."""
        self._app.lane.count()
        if counter % 20 == 0:
            now = asyncio.get_running_loop().time()
            for one in list(self.server_state.connections):
                if isinstance(one, Connection):
                    one.let_go(now)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        self._app.state.site.tail.close()
        await super().shutdown(sockets)
