"""The command `opencowin` itself: finds a command's module when it is asked for, and tells failures in one line."""

import importlib
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from opencowin import __version__
from opencowin.cli.explain import explain

COMMANDS = {
    "serve": "serve",
    "worker": "worker",
    "demo": "demo",
    "sandbox": "sandbox",
    "doctor": "doctor",
    "migrate": "migrate",
    "country": "country",
    "messages": "messages",
    "reports": "reports",
    "staff": "staff",
    "api-key": "api_key",
    "certificates": "certificates",
    "keys": "keys",
    "trust": "trust",
    "audit": "audit",
    "archive": "archive",
    "settings": "settings",
    "docs": "docs",
}
"""Each command and its module here: imported when used, so that a small command does not load the whole platform."""

FOR_DEVELOPERS = {"docs"}
"""Commands that an operator is not shown."""


class Commands(TyperGroup):
    """A group whose commands are modules of this package, each with a Typer called `app`."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the framework's signature
        """The names, in the order in which an operator meets them."""
        return [name for name in COMMANDS if name not in FOR_DEVELOPERS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the framework's signature
        """The command, its module imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"opencowin.cli.{COMMANDS[cmd_name]}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command


root = typer.Typer(
    cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich"
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@root.callback()
def opencowin(
    version: Annotated[bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell it.")] = False,
) -> None:
    """Open Co-WIN: a national vaccination platform that any country can run. For a trial: make demo."""


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        typer.main.get_command(root)(prog_name="opencowin")
    except Exception as failure:
        told = explain(failure)
        if told is None or os.environ.get("OPENCOWIN_TRACEBACK"):
            raise
        sys.exit(_say(told.message, told.exit_code))


def _say(message: str, exit_code: int) -> int:
    typer.secho(f"opencowin: {message}", err=True, fg="red" if sys.stderr.isatty() else None)
    return exit_code
