"""Everything that speaks HTTP: the Co-WIN API, our own API, published keys, health and metrics. It owns no tables.

Routes translate: they read the request, open the transaction, call one verb of a room, and write the answer.
"""

from opencowin.web.app import Application, create_app, prepare

__all__ = ["Application", "create_app", "prepare"]
