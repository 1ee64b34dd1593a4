"""A database as the migrations make it: what is said of tables and columns needs no country in them."""

import os
from collections.abc import Iterator

import pytest

from opencowin.kit.migrate import migrate
from tests.conftest import dsn_of, run_on


@pytest.fixture(scope="session")
def template(server_dsn: str) -> Iterator[str]:
    """Its name; each process makes its own."""
    name = f"bare_{os.getpid()}"
    run_on(server_dsn, "CREATE DATABASE {}", name)
    migrate(dsn_of(server_dsn, name))
    yield name
    run_on(server_dsn, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
