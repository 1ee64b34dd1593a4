"""For those who run it: alive, ready, metrics."""

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from psycopg import OperationalError
from psycopg_pool import PoolTimeout
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from opencowin import places, registry
from opencowin.kit.actor import Actor
from opencowin.kit.errors import Unavailable
from opencowin.web.guard import open_to_probes
from opencowin.web.site import site_of

router = APIRouter(tags=["Operation"])
Probe = Annotated[Actor, open_to_probes()]
ALERTS = Gauge("opencowin_look_alerts", "Alarms on unusual reading that no officer has looked after.", ["kind"])
POOL = Gauge("opencowin_pool_connections", "Connections of this process to the database.", ["state"])


class NotReady(Unavailable):
    """The database cannot be reached, or holds no country yet: run `opencowin doctor`."""

    code = "READY0001"


class Health(BaseModel):
    """How it is."""

    status: str


@router.get("/health/live")
async def live(_actor: Probe) -> Health:
    """The process answers."""
    return Health(status="live")


@router.get("/health/ready")
async def ready(request: Request, _actor: Probe) -> Health:
    """It can serve: the database answers and a country is loaded. 503 otherwise."""
    try:
        async with site_of(request).transaction() as conn:
            loaded = bool(await places.all_states(conn))
    except (OperationalError, PoolTimeout):
        loaded = False
    if not loaded:
        raise NotReady(retry_after=5)
    return Health(status="ready")


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request, _actor: Probe) -> Response:
    """Prometheus metrics of this process; what the database knows is as it was while that cannot be reached."""
    with suppress(OperationalError, PoolTimeout):
        async with site_of(request).transaction() as conn:
            for kind, alerts in (await registry.unseen_alerts(conn)).items():
                ALERTS.labels(kind).set(alerts)
    stats = site_of(request).pool.get_stats()
    for state in ("pool_size", "pool_available", "requests_waiting"):
        POOL.labels(state).set(stats.get(state, 0))
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
