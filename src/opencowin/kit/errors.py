"""Refusals: every expected "no", drawn as a tree of five kinds with stable codes and translatable messages.

    Refusal
    ├── NotFound      what was asked for is not there (or not for this caller)
    ├── Forbidden     the caller may not do this
    ├── Invalid       the request breaks a rule that the caller can mend
    ├── Conflict      the request is right, but the state of the world says no
    └── Unavailable   not now; ask again after `retry_after` seconds

A room subclasses these. The first line of the docstring is the message in English (the catalogue's msgid); it may
carry `{placeholders}` that are filled from the keyword arguments. One that counts things names the detail in
`counted` and says in `one` what it says of one. `code` is stable and published. A refusal normally
undoes its transaction; one that `commits` keeps what was written (a counted wrong try, say).
"""

from collections.abc import Mapping
from typing import ClassVar

from opencowin.kit.named import readable


class Refusal(Exception):
    """The request was refused."""

    code: ClassVar[str] = "KIT0010"
    commits: ClassVar[bool] = False
    counted: ClassVar[str] = ""
    one: ClassVar[str] = ""

    def __init__(self, *, field: str | None = None, **details: object) -> None:
        self.field = field
        self.details: Mapping[str, object] = details
        super().__init__(self.message)

    @classmethod
    def template(cls) -> str:
        """The English message with its placeholders: the msgid in the catalogues."""
        return (cls.__doc__ or Refusal.__doc__ or "").strip().splitlines()[0]

    @property
    def count(self) -> int | None:
        """How many it speaks of; None when it does not count."""
        return int(str(self.details[self.counted])) if self.counted in self.details else None

    @property
    def message(self) -> str:
        """The English message, filled in."""
        return self.fill(self.one if self.count == 1 else self.template(), "en")

    def fill(self, template: str, language: str) -> str:
        """A template of this refusal with its details as they are written in a language."""
        return template.format(**{key: readable(value, language) for key, value in self.details.items()})

    @classmethod
    def tree(cls) -> list[type["Refusal"]]:
        """This class and all below it, for the published list of codes."""
        return [cls, *(found for child in cls.__subclasses__() for found in child.tree())]


class NotFound(Refusal):
    """Nothing was found here."""

    code = "KIT0011"


class Forbidden(Refusal):
    """You may not do this."""

    code = "KIT0012"


class Invalid(Refusal):
    """The request is not valid."""

    code = "KIT0013"


class Conflict(Refusal):
    """The request conflicts with what is already recorded."""

    code = "KIT0014"


class Unavailable(Refusal):
    """The service is busy. Please try again in {retry_after} seconds."""

    code = "KIT0015"

    def __init__(self, *, retry_after: int, **details: object) -> None:
        self.retry_after = retry_after
        super().__init__(field=None, retry_after=retry_after, **details)
