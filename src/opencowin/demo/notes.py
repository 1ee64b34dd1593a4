"""What the demo remembers between its runs, in its data folder: size, seed, and the log-ins of its staff."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "demo.json"


@dataclass(frozen=True, slots=True)
class StaffLogIn:
    """A log-in of the demo's staff: made at random for this deployment, shown whenever the demo starts."""

    user_name: str
    password: str
    role: str
    where: str


@dataclass(frozen=True, slots=True)
class Notes:
    """How this demo was made; empty before it is."""

    size: str = ""
    seed: str = ""
    log_ins: tuple[StaffLogIn, ...] = ()


def read_notes(data_dir: Path) -> Notes:
    """The notes of the data folder, empty ones where there are none."""
    try:
        said = json.loads((data_dir / FILE).read_text("utf-8"))
    except FileNotFoundError:
        return Notes()
    return Notes(said["size"], said["seed"], tuple(StaffLogIn(**one) for one in said["log_ins"]))


def write_notes(data_dir: Path, notes: Notes) -> None:
    """Keep the notes, readable by their owner only."""
    draft = data_dir / f".{FILE}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        json.dump(asdict(notes), out, indent=1)
    draft.replace(data_dir / FILE)
