"""Which pages there are."""

from fastapi import APIRouter

from opencowin.web.pages import (
    about,
    appointments,
    assets,
    board_files,
    booking,
    dashboard,
    developers,
    draws,
    find,
    history,
    looks,
    messages,
    national_id,
    open_data,
    own_alerts,
    own_cases,
    own_certificates,
    people,
    queue,
    side_effects,
    sign_in,
    transfers,
    verify,
    waitlist,
)

FIGURES: tuple[APIRouter, ...] = (dashboard.router, board_files.router, open_data.router)
"""Figures for everybody: described with the API, since programs read them too."""
PEOPLE: tuple[APIRouter, ...] = (
    assets.router,
    find.router,
    sign_in.router,
    national_id.router,
    booking.router,
    queue.router,
    appointments.router,
    people.router,
    own_alerts.router,
    messages.router,
    looks.router,
    own_certificates.router,
    transfers.router,
    own_cases.router,
    side_effects.router,
    about.router,
    history.router,
    open_data.pages,
    developers.router,
    verify.router,
    waitlist.router,
    draws.router,
)
"""Pages for people alone."""
