"""Message texts of the country pack, by kind and language, checked when read: every text, every placeholder."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter

from opencowin.kit.country import PackBroken
from opencowin.kit.pack import CountryPack

FILE = "messages.toml"
_SIX_DIGITS = re.compile(r"(?<!\d)(\d{3})(\d{3})(?!\d)")


class Template(StrEnum):
    """The kinds of text."""

    OTP = "otp"
    OTP_SPOKEN = "otp_spoken"
    STAFF_LINK = "staff_link"
    KEY_GRANTED = "key_granted"
    KEY_REFUSED = "key_refused"
    WEBHOOK_OFF = "webhook_off"
    ASSISTED = "assisted"
    MEMBER = "member"
    BOOKED = "booked"
    MOVED = "moved"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    WITHDRAWN_OFFER = "withdrawn_offer"
    CERTIFICATE_READY = "certificate_ready"
    CERTIFICATE_READY_NEXT = "certificate_ready_next"
    CERTIFICATE_REVOKED = "certificate_revoked"
    CASE_RAISED = "case_raised"
    CASE_ASKED = "case_asked"
    CASE_ACCEPTED = "case_accepted"
    CASE_REFUSED = "case_refused"
    CASE_DONE = "case_done"
    CASE_NOTICE = "case_notice"
    SLOT_ALERT = "slot_alert"
    REMINDER = "reminder"
    DOSE_DUE = "dose_due"
    SEAT_KEPT = "seat_kept"
    DRAW_LOST = "draw_lost"
    ANSWER = "answer"
    ADDRESS_CODE = "address_code"
    MAIL_FOOT = "mail_foot"


_APPOINTMENT = frozenset({"dose", "vaccine", "date", "slot", "centre", "district", "members"})
PLACEHOLDERS: Mapping[Template, frozenset[str]] = {
    Template.OTP: frozenset({"code", "minutes"}),
    Template.OTP_SPOKEN: frozenset({"code", "minutes"}),
    Template.STAFF_LINK: frozenset({"hours", "url"}),
    Template.KEY_GRANTED: frozenset({"days", "url"}),
    Template.KEY_REFUSED: frozenset({"url"}),
    Template.WEBHOOK_OFF: frozenset({"answer", "url"}),
    Template.ASSISTED: frozenset({"operator", "date", "url"}),
    Template.MEMBER: frozenset({"reference", "secret_code"}),
    Template.BOOKED: _APPOINTMENT | {"url"},
    Template.MOVED: _APPOINTMENT,
    Template.CANCELLED: frozenset({"date", "centre", "district", "members", "url"}),
    Template.WITHDRAWN: frozenset({"date", "centre", "district", "members", "reason", "url"}),
    Template.WITHDRAWN_OFFER: frozenset(
        {"date", "centre", "district", "members", "reason", "url", "offer_centre", "offer_date"}
    ),
    Template.CERTIFICATE_READY: frozenset({"dose", "reference", "url"}),
    Template.CERTIFICATE_READY_NEXT: frozenset({"dose", "reference", "url", "date"}),
    Template.CERTIFICATE_REVOKED: frozenset({"certificate", "dose", "reference", "reason", "url"}),
    Template.CASE_RAISED: frozenset({"number", "url"}),
    Template.CASE_ASKED: frozenset({"number", "url"}),
    Template.CASE_ACCEPTED: frozenset({"number", "url"}),
    Template.CASE_REFUSED: frozenset({"number", "url"}),
    Template.CASE_DONE: frozenset({"number", "url"}),
    Template.CASE_NOTICE: frozenset({"number", "reference", "date", "url"}),
    Template.SLOT_ALERT: frozenset({"vaccine", "date", "centre", "district", "url", "code"}),
    Template.REMINDER: _APPOINTMENT | {"url"},
    Template.DOSE_DUE: frozenset({"dose", "reference", "url"}),
    Template.SEAT_KEPT: frozenset({"vaccine", "date", "slot", "centre", "district", "until", "code", "url"}),
    Template.DRAW_LOST: frozenset({"district", "number", "url"}),
    Template.ANSWER: frozenset({"text"}),
    Template.ADDRESS_CODE: frozenset({"code", "url"}),
    Template.MAIL_FOOT: frozenset({"url"}),
}


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts, and the language of those whose own has none."""

    by_language: Mapping[str, Mapping[Template, str]]
    default_language: str

    def language(self, wanted: str) -> str:
        """The wanted language where there are texts in it, else the default."""
        return wanted if wanted in self.by_language else self.default_language

    def render(self, template: Template, language: str, **values: object) -> str:
        """The text, filled in. Only a one-time password may put a number of six digits on its own into it."""
        filled = {name: str(value) for name, value in values.items()}
        if template not in {Template.OTP, Template.OTP_SPOKEN}:
            filled = {name: _apart(value) for name, value in filled.items()}
        return self.by_language[self.language(language)][template].format(**filled)


def _apart(value: str) -> str:
    """A value in which no six digits stand alone: 682001 becomes 682 001."""
    return _SIX_DIGITS.sub(r"\1 \2", value)


def read_texts(pack: CountryPack, default_language: str) -> Texts:
    """The texts of a country pack. Raises PackBroken, which names the text that is missing or wrong."""
    found = {language: _parse(language, texts) for language, texts in pack.toml(FILE).items()}
    if default_language not in found:
        raise PackBroken(problem=f"there is no table [{default_language}]", file=FILE)
    return Texts(found, default_language)


def _parse(language: str, texts: Mapping[str, object]) -> Mapping[Template, str]:
    unknown = set(texts) - {template.value for template in Template}
    if unknown:
        raise PackBroken(problem=f"[{language}] {sorted(unknown)[0]} is no kind of text", file=FILE)
    return {template: _checked(language, template, texts.get(template.value)) for template in Template}


def _checked(language: str, template: Template, text: object) -> str:
    where = f"[{language}] {template.value}"
    if not isinstance(text, str) or not text.strip():
        raise PackBroken(problem=f"{where} is missing", file=FILE)
    try:
        used = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as wrong:
        raise PackBroken(problem=f"{where}: {wrong}", file=FILE) from wrong
    if used != PLACEHOLDERS[template]:
        differing = ", ".join(sorted(used ^ PLACEHOLDERS[template]))
        raise PackBroken(problem=f"{where} has other placeholders than it must: {differing}", file=FILE)
    if _SIX_DIGITS.search(text):
        raise PackBroken(problem=f"{where} has a number of six digits of its own", file=FILE)
    return text
