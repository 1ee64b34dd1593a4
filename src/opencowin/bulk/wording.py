"""Cells as they are kept, and the files that officers download: templates with a row of explanation, fix-files."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence

from opencowin.bulk.model import Column, Form, WrongRow
from opencowin.bulk.tables import NOTE, write_rows
from opencowin.kit.crypto import Keyring
from opencowin.kit.errors import Refusal

CELLS = "bulk.cells"
Told = Callable[[Refusal], str]
"""What a refusal says in the officer's language."""
Text = Callable[..., str]
"""A text of the catalogue in the officer's language, its placeholders filled in."""


def seal_cells(keyring: Keyring, cells: Sequence[str]) -> bytes:
    """A row's cells, sealed."""
    return keyring.seal(json.dumps(list(cells), ensure_ascii=False), CELLS)


def open_cells(keyring: Keyring, sealed: bytes) -> list[str]:
    """What `seal_cells` sealed."""
    return [str(cell) for cell in json.loads(keyring.open(bytes(sealed), CELLS))]


def template_file(columns: Sequence[Column], _: Text) -> Iterator[str]:
    """The header, and below it a row that explains each column; it is passed over when the file comes back."""
    explained = [_explained(column, _) for column in columns]
    explained[0] = f"{NOTE} {explained[0]}"
    return write_rows([[column.name for column in columns], explained])


def fix_file(header: Sequence[str], rows: Iterable[WrongRow], told: Told) -> Iterator[str]:
    """The rows that were not saved, each with what is wrong in it."""
    width = len(header) - 1
    filled = ([*row.cells[:width], *[""] * (width - len(row.cells)), what_is_wrong(row, told)] for row in rows)
    return write_rows([header, *filled])


def what_is_wrong(row: WrongRow, told: Told) -> str:
    """All that is wrong in a row, in one cell."""
    return " | ".join(f"{one.column}: {told(one.refusal)}" if one.column else told(one.refusal) for one in row.faults)


def _explained(column: Column, _: Text) -> str:
    forms = {
        Form.TEXT: _("Text"),
        Form.NUMBER: _("Number"),
        Form.DECIMAL: _("Number"),
        Form.DAY: "2021-05-31",
        Form.TIME: "09:30",
        Form.CHOICE: " | ".join(column.choices),
        Form.YES_NO: "yes | no",
    }
    said = [forms[column.form], _("needed") if column.needed else _("may be empty")]
    if column.example and column.form in {Form.TEXT, Form.NUMBER}:
        said.append(_("such as {example}", example=column.example))
    return "; ".join(said)
