"""Serving: what makes a deployment of the platform, from its database to the processes that answer.

`database` finds or starts PostgreSQL, `deployment` gives commands a pool and a floor on it, `supervise` keeps the web
and worker processes alive and ends them in order. It has no FHIR or WHO name and owns no tables.
"""

from opencowin.serving.children import Program, ProgramKeepsEnding, supervise
from opencowin.serving.deployment import DatabaseBehind, Deployment, database, deployment
from opencowin.serving.port import PortUnusable, check_port

__all__ = [
    "DatabaseBehind",
    "Deployment",
    "PortUnusable",
    "Program",
    "ProgramKeepsEnding",
    "check_port",
    "database",
    "deployment",
    "supervise",
]
