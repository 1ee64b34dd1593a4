"""Faults on their way into a sealed column and back: a refusal is its code and what fills its text in."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from opencowin.bulk.model import Fault
from opencowin.kit.crypto import Keyring
from opencowin.kit.errors import Refusal, Unavailable
from opencowin.kit.named import Named

PROBLEMS = "bulk.problems"


def seal_faults(keyring: Keyring, faults: Iterable[Fault]) -> bytes:
    """The faults, sealed: they may quote what a cell says."""
    told = [{"column": one.column, "code": one.refusal.code, "details": _kept(one.refusal.details)} for one in faults]
    return keyring.seal(json.dumps(told, ensure_ascii=False), PROBLEMS)


def open_faults(keyring: Keyring, sealed: bytes | None) -> list[Fault]:
    """What `seal_faults` sealed."""
    if not sealed:
        return []
    return [
        Fault(one["column"], _refusal(one["code"], one["details"]))
        for one in json.loads(keyring.open(bytes(sealed), PROBLEMS))
    ]


def _kept(details: Mapping[str, object]) -> dict[str, object]:
    return {name: _kept_value(value) for name, value in details.items()}


def _kept_value(value: object) -> object:
    if isinstance(value, Named):
        return {"name": value.name, "names": dict(value.names)}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    return value if isinstance(value, int | float) else str(value)


def _told_value(value: Any) -> object:
    if isinstance(value, dict):
        return date.fromisoformat(value["day"]) if "day" in value else Named(value["name"], value["names"])
    return value


@lru_cache(maxsize=1)
def _kinds() -> Mapping[str, type[Refusal]]:
    return {kind.code: kind for kind in Refusal.tree()}


def _refusal(code: str, kept: Mapping[str, Any]) -> Refusal:
    """The refusal of this code; a code that this version does not know is refused in general terms."""
    details: dict[str, Any] = {name: _told_value(value) for name, value in kept.items()}
    kind = _kinds().get(code, Refusal)
    if issubclass(kind, Unavailable):
        return kind(retry_after=int(details.pop("retry_after", 0)), **details)
    return kind(**details)
