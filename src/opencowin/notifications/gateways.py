"""Gateways: what the operator's file says of who carries messages, in which order, how fast and at what cost."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from opencowin.kit.country import PackBroken
from opencowin.kit.floor import Floor
from opencowin.notifications.model import Medium

FILE = "channels.toml"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")
MOST_SECONDS = 45
"""Well within what is left of a lease when a message is handed over at the last moment."""
_STRICT = ConfigDict(extra="forbid")


class Kind(StrEnum):
    """What a gateway speaks."""

    HTTP = "http"
    """One JSON request a message, in the form that the file gives."""
    SMPP = "smpp"
    SMTP = "smtp"
    TELEGRAM = "telegram"
    SIGNAL = "signal"
    """The REST bridge of signal-cli."""
    WEB_PUSH = "web_push"
    APPRISE = "apprise"
    """Any of the services that Apprise speaks, by its address."""


_MEDIA: Mapping[Kind, frozenset[Medium]] = {
    Kind.HTTP: frozenset({Medium.SMS}),
    Kind.SMPP: frozenset({Medium.SMS}),
    Kind.SMTP: frozenset({Medium.EMAIL}),
    Kind.TELEGRAM: frozenset({Medium.TELEGRAM}),
    Kind.SIGNAL: frozenset({Medium.SIGNAL}),
    Kind.WEB_PUSH: frozenset({Medium.WEB_PUSH}),
    Kind.APPRISE: frozenset({Medium.SMS, Medium.EMAIL, Medium.SIGNAL}),
}


@with_config(_STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """One carrier of messages. Those of a medium are tried in the order of the file."""

    name: str
    medium: Medium
    kind: Kind
    address: str
    """Where it is: https://…, host:port, or an address of Apprise's with {recipient} in it."""
    user: str = ""
    sender: str = ""
    """Whom people see as the sender: an SMS header, an e-mail address, the subject of VAPID, the name of a Telegram
    bot, a Signal number."""
    per_second: float = 100
    """Messages a second that it may be given, by each worker."""
    at_once: int = 50
    seconds: float = 10
    """Time limit of one hand-over."""
    units_per_day: int | None = None
    """What may be spent in a day; one-time passwords are sent beyond it."""
    repeats_safely: bool = False
    """Whether it drops a second message with the same {reference}, so that an unsure one may be given to it again."""
    body: Mapping[str, str] = field(default_factory=dict)
    """HTTP: the fields of the request; {recipient}, {text}, {sender}, {reference} and {template_id} are filled in."""
    reference_field: str = "id"
    """HTTP: where the answer has the gateway's own name for the message."""
    template_ids: Mapping[str, str] = field(default_factory=dict)
    """The regulator's number of each text: `otp`, or `otp.hi` for one language."""

    def template_id(self, template: str, language: str) -> str:
        """The registered number of a text; empty where there is none."""
        return self.template_ids.get(f"{template}.{language}") or self.template_ids.get(template, "")


@with_config(_STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Hours in which people are not woken by what can wait, on the country's clock."""

    start: time = time(21)
    end: time = time(8)

    def until(self, at: datetime) -> datetime:
        """When a message that can wait may go: now, or at the end of the quiet hours. `at` is in the country's zone."""
        clock = at.time()
        over_midnight = self.start > self.end
        quiet = clock >= self.start or clock < self.end if over_midnight else self.start <= clock < self.end
        if not quiet:
            return at
        morning = at.replace(hour=self.end.hour, minute=self.end.minute, second=0, microsecond=0)
        return morning if clock < self.end else morning + timedelta(days=1)


@with_config(_STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Carriage:
    """Everything the file says."""

    gateway: tuple[Gateway, ...] = ()
    quiet: Quiet = Quiet()

    def of(self, medium: Medium) -> list[Gateway]:
        """The gateways of a medium, in order."""
        return [one for one in self.gateway if one.medium is medium]


_FILE = TypeAdapter(Carriage)


def read_carriage(floor: Floor) -> Carriage:
    """What the operator's file says; nothing is set up where there is none. Raises PackBroken."""
    path = floor.settings.channels_file or floor.settings.data_dir / FILE
    if not path.is_file():
        return Carriage()
    try:
        carriage = _FILE.validate_python(tomllib.loads(path.read_text("utf-8")), strict=False)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise PackBroken(problem=str(wrong), file=path.name) from wrong
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PackBroken(problem=f"{where}: {first['msg']}", file=path.name) from wrong
    problems = [problem for gateway in carriage.gateway if (problem := _problem(gateway))]
    names = [gateway.name for gateway in carriage.gateway]
    problems += [f"gateway {name} is listed twice" for name in sorted({one for one in names if names.count(one) > 1})]
    if problems:
        raise PackBroken(problem="; ".join(problems), file=path.name)
    return carriage


def _problem(gateway: Gateway) -> str | None:
    if not _NAME.fullmatch(gateway.name):
        return f"gateway {gateway.name!r} needs a name of small letters, digits and hyphens"
    if gateway.medium not in _MEDIA[gateway.kind]:
        return f"gateway {gateway.name}: {gateway.kind} does not carry {gateway.medium}"
    if gateway.seconds > MOST_SECONDS:
        return f"gateway {gateway.name}: seconds is at most {MOST_SECONDS}"
    if gateway.per_second <= 0 or gateway.at_once < 1 or gateway.seconds <= 0:
        return f"gateway {gateway.name}: per_second, at_once and seconds are above 0"
    if gateway.kind in {Kind.TELEGRAM, Kind.SIGNAL} and not gateway.sender:
        return f"gateway {gateway.name}: sender is the bot's name, or the number"
    if gateway.kind is Kind.HTTP and not gateway.body:
        return f"gateway {gateway.name}: body says what is sent"
    return None
