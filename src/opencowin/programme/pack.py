"""Reads a country pack's programme (`programme.toml`, `vaccines.toml`), and says plainly what is wrong in it."""

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from opencowin.kit.country import PackBroken
from opencowin.kit.pack import CountryPack
from opencowin.programme.model import DatedRule, ExemptionKind, Group, Names, Opening, Programme, Step, Vaccine

PROGRAMME_FILE = "programme.toml"
VACCINES_FILE = "vaccines.toml"

T = TypeVar("T")


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class VaccinesFile:
    """The shape of `vaccines.toml`."""

    vaccine: tuple[Vaccine, ...]


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeFile:
    """The shape of `programme.toml`."""

    programme_id: str
    name: str
    name_l: Names
    group: tuple[Group, ...]
    opening: tuple[Opening, ...]
    step: tuple[Step, ...]
    exemption_kind: tuple[ExemptionKind, ...] = ()


_VACCINES = TypeAdapter(VaccinesFile)
_PROGRAMME = TypeAdapter(ProgrammeFile)


def read_programme(pack: CountryPack) -> Programme:
    """The programme of this country pack. Raises PackBroken with the file, the key and what is wrong."""
    vaccines = _shaped(_VACCINES, VACCINES_FILE, _toml(pack, VACCINES_FILE))
    return _assemble(vaccines, _shaped(_PROGRAMME, PROGRAMME_FILE, _toml(pack, PROGRAMME_FILE)))


def dump(programme: Programme) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The programme as JSON values: its vaccines, and the tables of its file."""
    vaccines = VaccinesFile(vaccine=tuple(programme.vaccines.values()))
    file = ProgrammeFile(
        programme_id=programme.programme_id,
        name=programme.name,
        name_l=programme.name_l,
        group=tuple(programme.groups.values()),
        opening=programme.openings,
        step=programme.steps,
        exemption_kind=tuple(programme.exemption_kinds.values()),
    )
    tables: dict[str, Any] = _PROGRAMME.dump_python(file, mode="json")
    return _VACCINES.dump_python(vaccines, mode="json")["vaccine"], tables


def load(vaccines: Sequence[Mapping[str, Any]], tables: Mapping[str, Any]) -> Programme:
    """The programme of what `dump` gave."""
    return _assemble(
        _shaped(_VACCINES, VACCINES_FILE, {"vaccine": vaccines}), _shaped(_PROGRAMME, PROGRAMME_FILE, tables)
    )


def _assemble(vaccines: VaccinesFile, file: ProgrammeFile) -> Programme:
    """The programme of these two files. Raises PackBroken when they contradict themselves or each other."""
    _refuse(VACCINES_FILE, _vaccine_problems(vaccines))
    _refuse(PROGRAMME_FILE, _programme_problems(file, {vaccine.vaccine_id for vaccine in vaccines.vaccine}))
    return Programme(
        programme_id=file.programme_id,
        name=file.name,
        name_l=file.name_l,
        vaccines={vaccine.vaccine_id: vaccine for vaccine in vaccines.vaccine},
        groups={group.group_id: group for group in file.group},
        openings=file.opening,
        steps=file.step,
        exemption_kinds={kind.kind: kind for kind in file.exemption_kind},
    )


def _toml(pack: CountryPack, file: str) -> Mapping[str, Any]:
    try:
        return pack.toml(file)
    except FileNotFoundError:
        raise PackBroken(file=file, problem="the file is missing") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise PackBroken(file=file, problem=str(fault)) from None


def _shaped(adapter: TypeAdapter[T], file: str, tables: Mapping[str, Any]) -> T:
    try:
        return adapter.validate_python(tables)
    except ValidationError as fault:
        found = fault.errors(include_url=False)
        problems = "; ".join(f"{_key(tables, error['loc'])}: {error['msg']}" for error in found)
        raise PackBroken(file=file, problem=problems) from None


def _key(tables: Mapping[str, Any], location: tuple[int | str, ...]) -> str:
    """Where in the file, as its author would say it: `step[second-dose].min_days`."""
    if len(location) < 2:
        return ".".join(str(part) for part in location)
    row = tables[str(location[0])][int(location[1])]
    names = (row.get(key) for key in ("rule_id", "vaccine_id", "group_id", "kind")) if isinstance(row, dict) else ()
    name = next((str(name) for name in names if name), f"number {int(location[1]) + 1}")
    return ".".join((f"{location[0]}[{name}]", *(str(part) for part in location[2:])))


def _refuse(file: str, problems: Iterator[str]) -> None:
    found = list(problems)
    if found:
        raise PackBroken(file=file, problem="; ".join(found))


def _vaccine_problems(file: VaccinesFile) -> Iterator[str]:
    yield from _doubles("vaccine_id", [vaccine.vaccine_id for vaccine in file.vaccine])
    for vaccine in file.vaccine:
        if vaccine.primary_doses < 1:
            yield f"vaccine[{vaccine.vaccine_id}].primary_doses: must be 1 or more"


def _programme_problems(file: ProgrammeFile, vaccines: set[str]) -> Iterator[str]:
    rules: tuple[DatedRule, ...] = (*file.opening, *file.step)
    yield from _doubles("rule_id", [rule.rule_id for rule in rules])
    yield from _doubles("group_id", [group.group_id for group in file.group])
    yield from _doubles("kind", [kind.kind for kind in file.exemption_kind])
    for rule in rules:
        if rule.valid_until is not None and rule.valid_until < rule.valid_from:
            yield f"{rule.rule_id}: valid_until is before valid_from"
    for group in file.group:
        if group.min_age is not None and group.max_age is not None and group.max_age < group.min_age:
            yield f"group[{group.group_id}]: max_age is below min_age"
    yield from _reference_problems(file, vaccines)
    for step in file.step:
        yield from _step_problems(step)


def _reference_problems(file: ProgrammeFile, vaccines: set[str]) -> Iterator[str]:
    groups = {group.group_id for group in file.group}
    for opening in file.opening:
        yield from _unknown(opening.rule_id, "group_id", (opening.group_id,), groups)
        yield from _unknown(opening.rule_id, "vaccines", opening.vaccines, vaccines)
        if not opening.doses or min(opening.doses) < 1:
            yield f"{opening.rule_id}.doses: name at least one dose, from 1 on"
    for step in file.step:
        yield from _unknown(step.rule_id, "vaccine_id or after", (step.vaccine_id, *step.after), vaccines)
    for kind in file.exemption_kind:
        yield from _unknown(kind.kind, "vaccines", kind.vaccines, vaccines)
        yield from _unknown(kind.kind, "group_id", (kind.group_id,) if kind.group_id else (), groups)


def _step_problems(step: Step) -> Iterator[str]:
    if step.dose < 1:
        yield f"{step.rule_id}.dose: must be 1 or more"
    if (step.dose == 1) != (not step.after):
        yield f"{step.rule_id}.after: dose 1 follows nothing, and every later dose names what it follows"
    if step.min_days < 0 or (step.max_days is not None and step.max_days < step.min_days):
        yield f"{step.rule_id}: min_days must be 0 or more, and max_days no less than min_days"


def _unknown(rule_id: str, key: str, named: tuple[str, ...], known: set[str]) -> Iterator[str]:
    for name in named:
        if name not in known:
            yield f"{rule_id}.{key}: there is no {name}"


def _doubles(key: str, names: list[str]) -> Iterator[str]:
    for name, times in Counter(names).items():
        if times > 1:
            yield f"{key} {name}: used {times} times"
