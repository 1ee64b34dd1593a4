"""The web: processes that serve at one port, started again when they die; none outlives the one that keeps them."""

import multiprocessing
import resource
import signal
import socket
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from multiprocessing.synchronize import Event

import structlog
import uvloop

from opencowin.kit.collecting import keep_what_is_there, leave
from opencowin.kit.embedded.survivors import end_with_parent
from opencowin.kit.logs import configure_logs
from opencowin.kit.settings import Settings, settings
from opencowin.serving.port import listening
from opencowin.serving.webserver import WebServer
from opencowin.web import create_app, prepare

log = structlog.get_logger(__name__)
FORKS = multiprocessing.get_context("fork")
PAUSE = 1.0
"""Seconds before what died is started again."""
PATIENCE = 20.0
"""Seconds that a process is given to end."""


class Website:
    """So many processes of one kind, kept running until SIGTERM or SIGINT."""

    def __init__(self, count: int, serve: Callable[[Event], None]) -> None:
        """Each calls `serve`, which sets the event when it has begun to answer."""
        self._count = count
        self._serve = serve
        self._served = FORKS.Event()
        self._stopped = False

    def keep(self) -> bool:
        """Keep them. Whether they were told to stop: not so where one ended before any had begun to answer."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        woken, waker = socket.socketpair()
        waker.setblocking(False)
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        running: list[ForkProcess] = []
        while not self._stopped:
            running += [self._start() for _ in range(self._count - len(running))]
            wait([woken, *(one.sentinel for one in running)])
            died = [one for one in running if not one.is_alive()]
            if died and not self._stopped:
                log.warning("web processes ended", codes=[one.exitcode for one in died])
                if not self._served.is_set():
                    break
                running = [one for one in running if one not in died]
                wait([woken], PAUSE)
        _end(running)
        return self._stopped

    def _stop(self, *_: object) -> None:
        self._stopped = True

    def _start(self) -> ForkProcess:
        process = FORKS.Process(target=_in_child, args=(end_with_parent(signal.SIGTERM), self._serve, self._served))
        process.start()
        return process


def _in_child(arrange: Callable[[], None], serve: Callable[[Event], None], served: Event) -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    arrange()
    serve(served)


def _end(running: list[ForkProcess]) -> None:
    for one in running:
        one.terminate()
    until = time.monotonic() + PATIENCE
    for one in running:
        one.join(max(0.0, until - time.monotonic()))
        if one.is_alive():
            one.kill()
            one.join()


def serve(chosen: Settings, served: Event) -> None:
    """Serve from this process until told to stop; sets the event once it answers."""
    app = create_app()

    def begun() -> None:
        keep_what_is_there()
        served.set()

    uvloop.run(WebServer(app, begun).serve([listening(chosen.host, chosen.port)]))


def main() -> None:
    """Serve until told to stop."""
    chosen = settings()
    configure_logs(chosen.log_level)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # each connection is an open file
    prepare()
    keep_what_is_there()  # processes are forked from this one and share what they leave alone
    told = Website(chosen.web_workers, lambda served: serve(chosen, served)).keep()
    leave(0 if told else 1)


if __name__ == "__main__":
    main()
