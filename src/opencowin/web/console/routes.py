"""Which pages the console has."""

from fastapi import APIRouter

from opencowin.web.console import (
    adverse_events,
    alerts,
    audit,
    case_desk,
    exports,
    flags,
    look,
    overview,
    sign_in,
    uploads,
)

CONSOLE: tuple[APIRouter, ...] = (
    sign_in.router,
    overview.router,
    uploads.router,
    exports.router,
    case_desk.router,
    flags.router,
    adverse_events.router,
    look.router,
    alerts.router,
    audit.router,
)
