"""`opencowin docs`: writes the documents that are made from the code: settings, data dictionary, API description."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import psycopg
import typer

from opencowin.cli.dictionary import dictionary
from opencowin.cli.settings import describe
from opencowin.cli.terminal import say
from opencowin.kit.crypto import new_keyring, write_keyring
from opencowin.kit.embedded import EmbeddedPostgres
from opencowin.kit.floor import Floor, build_floor
from opencowin.kit.migrate import migrate
from opencowin.kit.settings import Settings
from opencowin.web.app import build_app

app = typer.Typer()


@app.command(hidden=True)
def docs(folder: Annotated[Path, typer.Argument(help="Where to write them.")] = Path("docs")) -> None:
    """Write settings.md, data-dictionary.md and openapi.json, made from this version (`make docs`)."""
    with _scratch() as (floor, dsn), psycopg.connect(dsn) as conn:
        made = {"settings.md": describe(), "data-dictionary.md": dictionary(conn), "openapi.json": openapi(floor)}
    for name, text in made.items():
        (folder / name).write_text(text, "utf-8")
        say(f"{folder / name}: {len(text.splitlines()):,} lines")


def openapi(floor: Floor) -> str:
    """The description of the whole HTTP surface, indented, its keys sorted."""
    return json.dumps(build_app(floor, "").openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


@contextmanager
def _scratch() -> Iterator[tuple[Floor, str]]:
    """A floor and a freshly migrated database that are thrown away."""
    with TemporaryDirectory(prefix="opencowin-docs-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # a server that root starts runs as another user, who passes through
        write_keyring(folder / "keyring.json", new_keyring())
        with EmbeddedPostgres.attach(folder / "data") as server:
            migrate(server.dsn)
            yield build_floor(Settings(demo=True, data_dir=folder)), server.dsn
