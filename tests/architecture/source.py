"""The project's own code as data for the architecture tests."""

import ast
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "opencowin"
ROOMS = (
    "registry",
    "programme",
    "identity",
    "places",
    "stock",
    "vaccination",
    "scheduling",
    "certificates",
    "reports",
    "cases",
    "notifications",
    "bulk",
    "tablets",
    "alerts",
    "talks",
    "feeds",
    "waitlist",
    "draw",
    "fairness",
)


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The path as it is shown in a failure."""
        return str(self.path.relative_to(ROOT))

    @property
    def room(self) -> str:
        """The first folder below the package, or ""."""
        parts = self.path.relative_to(PACKAGE).parts
        return parts[0] if len(parts) > 1 else ""


def modules() -> list[Module]:
    """All modules of the package."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text("utf-8")
        found.append(Module(path, text, ast.parse(text)))
    return found


MODULES = modules()
