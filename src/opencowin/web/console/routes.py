"""Which pages the console has."""

from fastapi import APIRouter

from opencowin.web.console import overview, sign_in

CONSOLE: tuple[APIRouter, ...] = (
    sign_in.router,
    overview.router,
)
