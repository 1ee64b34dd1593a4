"""Which pages the console has."""

from fastapi import APIRouter

from opencowin.web.console import (
    account,
    adverse_events,
    alerts,
    audit,
    case_desk,
    centres,
    exports,
    factors,
    flags,
    invited,
    look,
    overview,
    redrafting,
    session,
    sessions,
    sign_in,
    staff,
    uploads,
    weekly,
)

CONSOLE: tuple[APIRouter, ...] = (
    sign_in.router,
    invited.router,
    account.router,
    factors.router,
    staff.router,
    overview.router,
    sessions.router,
    session.router,
    redrafting.router,
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
