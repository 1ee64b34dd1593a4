"""What every sheet does: check lines without saving, save a line, undo what a line made."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from opencowin.bulk.model import Column, Line
from opencowin.kit.actor import Actor, NotPermitted, Permission
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.places import place_names

Made = Mapping[str, Any]
"""Ids by which what a line made is found again; JSON."""


@dataclass(slots=True)
class Reading:
    """What one reading of a file remembers from batch to batch: rows by key, and sums."""

    rows: dict[int, int] = field(default_factory=dict)
    sums: dict[Hashable, int] = field(default_factory=dict)


class Sheet(ABC):
    """One kind of table."""

    columns: ClassVar[tuple[Column, ...]]
    permission: ClassVar[Permission]

    def is_open_to(self, actor: Actor) -> bool:
        """Whether the actor may upload this kind."""
        return self.permission in actor.permissions

    def key(self, line: Line) -> Hashable | None:
        """What no two lines of a file may share; None: nothing."""
        del line
        return None

    @abstractmethod
    async def check(
        self, conn: Connection, floor: Floor, actor: Actor, lines: Sequence[Line], reading: Reading
    ) -> None:
        """Note what is wrong in lines whose cells were read; saves nothing."""

    @abstractmethod
    async def save(self, conn: Connection, floor: Floor, actor: Actor, line: Line, mark: UUID) -> Made:
        """Save a line, for which `mark` is an id of its own. Raises what its verbs raise."""

    @abstractmethod
    async def undo(self, conn: Connection, floor: Floor, actor: Actor, made: Made) -> None:
        """Undo what a line made. Raises InUse or what its verbs raise, where something depends on it."""


async def blame_far_districts(conn: Connection, actor: Actor, lines: Sequence[tuple[Line, str, int]]) -> None:
    """Note in which of these lines the column's district lies outside the actor's scope."""
    names = await place_names(conn, {district_id for _, _, district_id in lines})
    for line, column, district_id in lines:
        place = names.get(district_id)
        if place is not None and not actor.covers(state_id=place.state_id, district_id=district_id):
            line.blame(column, NotPermitted())
