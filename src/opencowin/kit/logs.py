"""Structured logs: JSON lines (or readable ones on a terminal) in which no personal datum may appear."""

import logging
import sys
import traceback
from pathlib import Path

import structlog


def configure_logs(level: str) -> None:
    """Set up structlog and the standard library's logging to write to standard error at this level."""
    readable = sys.stderr.isatty()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer = structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
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
    root.setLevel(level.upper())
    for chatty in ("psycopg.pool", "pgqueuer", "granian", "_granian"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


def way_to(fault: BaseException) -> list[str]:
    """The way to a fault as file and line: its message may quote a personal datum, and is not logged."""
    return [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(fault.__traceback__)][-8:]
