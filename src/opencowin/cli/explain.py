"""Turns what went wrong into one sentence that says what to do, and into an exit code; never a traceback."""

from dataclasses import dataclass

import psycopg
from psycopg_pool import PoolTimeout
from pydantic import ValidationError
from pydantic_settings import SettingsError

from opencowin.kit.archive import ArchiveRefused
from opencowin.kit.embedded import EmbeddedError
from opencowin.kit.errors import Invalid, Refusal
from opencowin.kit.migrate import MigrationAltered
from opencowin.kit.settings import PREFIX, UnsafeSettings

IMPOSSIBLE, MISUSED = 1, 2


class CommandRefused(Exception):
    """A command says no: the message for the operator, and the exit code."""

    def __init__(self, message: str, exit_code: int = IMPOSSIBLE) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Explanation:
    """What to print and how to leave."""

    message: str
    exit_code: int


def explain(failure: BaseException) -> Explanation | None:
    """The explanation of a failure that an operator can do something about; None for a fault of the program."""
    if isinstance(failure, CommandRefused):
        return Explanation(str(failure), failure.exit_code)
    if isinstance(failure, Refusal):
        return Explanation(failure.message, MISUSED if isinstance(failure, Invalid) else IMPOSSIBLE)
    if isinstance(failure, ValidationError) and failure.title == "Settings":
        return Explanation(settings_problem(failure), MISUSED)
    if isinstance(failure, SettingsError):
        return Explanation(f"{failure}: write it as JSON.", MISUSED)
    if isinstance(failure, UnsafeSettings):
        return Explanation(str(failure), MISUSED)
    if isinstance(failure, EmbeddedError | MigrationAltered | ArchiveRefused):
        return Explanation(str(failure), IMPOSSIBLE)
    if isinstance(failure, psycopg.OperationalError | PoolTimeout):
        return Explanation(f"the database does not answer: {_first_line(failure)} See `opencowin doctor`.", IMPOSSIBLE)
    if isinstance(failure, OSError) and failure.filename is not None:
        return Explanation(f"{failure.filename}: {failure.strerror}.", IMPOSSIBLE)
    return None


def settings_problem(failure: ValidationError) -> str:
    """The first thing that is wrong with the settings, named as an operator sets it."""
    first = failure.errors()[0]
    refused = first.get("ctx", {}).get("error")
    if isinstance(refused, UnsafeSettings):
        return str(refused)
    name = PREFIX + "_".join(str(part) for part in first["loc"][:1]).upper()
    shown = "…" if "SECRET" in name else repr(first["input"])
    return f"{name}={shown} cannot be used: {first['msg']}."


def _first_line(failure: BaseException) -> str:
    lines = str(failure).strip().splitlines()
    line = lines[0] if lines else type(failure).__name__
    return line if line.endswith((".", "!", "?")) else f"{line}."
