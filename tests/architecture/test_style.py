"""The law of the house: sizes, doors, docstrings, imports at the top, no country outside a pack."""

import ast
import re

import pytest

from tests.architecture.source import MODULES, PACKAGE, ROOMS, ROOT, Module

FUNCTION_LINES = 50
MODULE_LINES = 400
FORBIDDEN_NAMES = re.compile(r"(^|_)(manager|helpers?|utils?|common|core|base|process|handle)(_|$)", re.IGNORECASE)
COUNTRY_WORDS = re.compile(r"\bIndian?\b|\bIndia's\b|[Aa]adhaar|\+91", re.ASCII)
ids = [module.name for module in MODULES]


@pytest.mark.parametrize("module", MODULES, ids=ids)
def test_a_module_says_what_it_is_for_and_is_not_too_long(module: Module) -> None:
    docstring = ast.get_docstring(module.tree)
    assert docstring, "a module opens with one sentence saying what it is for"
    assert module.text.count("\n") <= MODULE_LINES


@pytest.mark.parametrize("module", MODULES, ids=ids)
def test_functions_are_short_and_import_nothing(module: Module) -> None:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= FUNCTION_LINES, f"{node.name} has {lines} lines"
            inner = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
            assert not inner, f"{node.name} imports inside"


@pytest.mark.parametrize("module", MODULES, ids=ids)
def test_names_say_what(module: Module) -> None:
    names = [module.path.stem] + [
        node.name
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    bad = [name for name in names if FORBIDDEN_NAMES.search(name)]
    assert not bad


@pytest.mark.parametrize("module", MODULES, ids=ids)
def test_nothing_outside_a_pack_names_a_country(module: Module) -> None:
    lines = [line for line in module.text.splitlines() if COUNTRY_WORDS.search(line)]
    assert not lines


def test_every_room_has_a_door() -> None:
    for room in ROOMS:
        tree = ast.parse((PACKAGE / room / "__init__.py").read_text("utf-8"))
        assert len(ast.get_docstring(tree) or "") > 80, f"{room}: the door says what the room is for"
        exported = [n for n in tree.body if isinstance(n, ast.Assign) and n.targets[0].id == "__all__"]  # type: ignore[attr-defined]
        assert exported, f"{room}: the door exports its names"


def test_rooms_enter_other_rooms_by_the_door() -> None:
    for module in MODULES:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("opencowin."):
                parts = node.module.split(".")
                if parts[1] in ROOMS and parts[1] != module.room:
                    assert len(parts) == 2, f"{module.name} reaches into {node.module}"


def test_the_project_does_not_speak_of_how_it_is_made() -> None:
    words = re.compile(r"\bissue #?\d|\bclaude\b|\bLLM\b|/work/|\.library", re.IGNORECASE)
    for path in [*PACKAGE.rglob("*"), *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        if path.is_file() and path.suffix in {".py", ".md", ".sql", ".toml", ".typ", ".po"}:
            assert not words.search(path.read_text("utf-8")), path


PHYSICAL = re.compile(
    r"(?<![\w-])(?:(?:margin|padding|border)-(?:left|right|top|bottom)\b[\w-]*|(?:left|right|top|bottom)(?=\s*:)"
    r"|border-(?:top|bottom)-(?:left|right)-radius|(?:min-|max-)?(?:width|height)(?=\s*:)"
    r"|(?:text-align|float|clear)\s*:\s*(?:left|right))"
)
"""What does not turn round with the direction of a language's lines."""
QUERY = re.compile(r"@media[^{]*")
SCRIPTS = [path for path in sorted(PACKAGE.glob("web/**/*.js")) if not path.with_suffix(".wasm").exists()]
STYLESHEETS = sorted(PACKAGE.glob("web/**/*.css"))


def physical(style: str) -> list[str]:
    """Declarations of a stylesheet that name a side of the screen."""
    return PHYSICAL.findall(QUERY.sub("", re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)))


def test_stylesheets_turn_round_with_the_direction_of_the_language() -> None:
    assert len(STYLESHEETS) >= 3
    assert {sheet.name: found for sheet in STYLESHEETS if (found := physical(sheet.read_text("utf-8")))} == {}


@pytest.mark.parametrize(
    "fault",
    [
        "margin-left:1rem",
        "padding-right: 0",
        "border-left:1px solid",
        "left:0",
        "right: auto",
        "float:left",
        "width:3rem",
        "text-align: right",
        "border-top-left-radius:1px",
        "max-width:9rem",
        "margin-top:0",
    ],
)
def test_a_side_of_the_screen_is_seen(fault: str) -> None:
    assert physical(f".a{{color:red;{fault}}}")
    assert not physical(".a{margin-inline-start:1rem;text-align:start;inset-inline-start:0;border-inline-end:0}")


def test_no_text_of_a_script_goes_over_several_lines() -> None:
    """Scripts are served without their indents, which such a text would lose."""
    assert len(SCRIPTS) >= 20
    lines = [(path.name, line) for path in SCRIPTS for line in path.read_text("utf-8").splitlines()]
    assert [(name, line) for name, line in lines if line.count("`") % 2] == []
