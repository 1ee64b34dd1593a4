"""`opencowin migrate`: brings the database up to this version."""

import typer

from opencowin.kit.migrate import migrate as apply
from opencowin.kit.settings import settings
from opencowin.serving import database

app = typer.Typer()


def _say(message: str) -> None:
    typer.echo(f"  {message}", err=True)


@app.command()
def migrate() -> None:
    """Bring the database up to this version. Safe to run twice, and from several machines at once."""
    with database(settings(), _say) as dsn:
        applied = apply(dsn, _say)
    typer.echo(f"{applied} migration(s) applied." if applied else "The database is up to date.")
