"""The embedded server: a whole PostgreSQL below one data folder, for a laptop, a training room, a district, the tests.

It runs while any process uses it and ends with the last, however that one ends; strangers on the machine cannot come
in; a crash, a stale file or a long recovery does not keep it from starting. It owns no tables.
"""

from .client import EmbeddedPostgres
from .diagnose import Finding, Severity, diagnose
from .errors import BinariesUnusable, DataFolderUnusable, EmbeddedError, StartFailed, VersionMismatch

__all__ = [
    "BinariesUnusable",
    "DataFolderUnusable",
    "EmbeddedError",
    "EmbeddedPostgres",
    "Finding",
    "Severity",
    "StartFailed",
    "VersionMismatch",
    "diagnose",
]
