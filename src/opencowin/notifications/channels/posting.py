"""What every channel over HTTP makes of the answer to a message, and of none."""

from collections.abc import Set
from typing import Any

import httpx2

from opencowin.notifications.channels.delivery import GONE, NOT_TAKEN, REFUSED, UNSURE, Outcome

NEVER_LEFT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
"""Faults before anything was sent: the service certainly has not got it."""


async def post(
    http: httpx2.AsyncClient, address: str, busy: Set[int], gone: Set[int] = frozenset(), **message: Any
) -> httpx2.Response | Outcome:
    """The answer of a service that took the message; else the outcome. `busy`: answers that say come again; `gone`:
    those that say that the address is no more."""
    try:
        answer = await http.post(address, **message)
    except NEVER_LEFT:
        return NOT_TAKEN
    except httpx2.HTTPError:
        return UNSURE
    if answer.is_success:
        return answer
    if answer.status_code in gone:
        return GONE
    if answer.status_code in busy:
        return NOT_TAKEN
    return REFUSED if answer.is_client_error else UNSURE
