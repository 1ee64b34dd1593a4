"""Structured logs: JSON lines (or readable ones on a terminal) in which no personal datum may appear."""

import logging
import sys
import traceback
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import orjson
import structlog


class _Lines:
    """A logger that writes finished lines to standard error, without the records of the standard library's logging."""

    def __init__(self, stream: TextIO, name: str = "") -> None:
        self.stream, self.name = stream, name

    def write(self, line: str) -> None:
        """Write one line at once, so that lines of several tasks do not mix."""
        self.stream.write(f"{line}\n")

    debug = info = warning = error = critical = exception = write


def configure_logs(level: str) -> None:
    """Set up structlog and the standard library's logging to write to standard error at this level."""
    least = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer = (
        structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer(serializer=_json)
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=partial(_Lines, sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(least)
    for chatty in ("psycopg.pool", "pgqueuer", "uvicorn"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


def _json(event: object, **how: Any) -> str:
    return orjson.dumps(event, default=how["default"]).decode()


def way_to(fault: BaseException) -> list[str]:
    """The way to a fault as file and line: its message may quote a personal datum, and is not logged."""
    return [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(fault.__traceback__)][-8:]
