"""Which pages the console has."""

from fastapi import APIRouter

from opencowin.web.console import (
    adverse_events,
    alerts,
    audit,
    case_desk,
    centres,
    exports,
    flags,
    look,
    overview,
    session,
    sessions,
    sign_in,
    uploads,
    weekly,
)

CONSOLE: tuple[APIRouter, ...] = (
    sign_in.router,
    overview.router,
    sessions.router,
    session.router,
    weekly.router,
    centres.router,
    uploads.router,
    exports.router,
    case_desk.router,
    flags.router,
    adverse_events.router,
    look.router,
    alerts.router,
    audit.router,
)
