"""What identity knows: one-time passwords and what they confirm, staff and their roles, the job that sends a code."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from opencowin.kit.actor import Permission, Place
from opencowin.kit.jobs import URGENT, Job


class OtpPurpose(StrEnum):
    """What a one-time password is for; one that was asked for one purpose is no good for another."""

    SIGN_IN = "sign_in"
    VACCINATION_STATUS = "vaccination_status"
    ASSISTANCE = "assistance"
    """Told to an operator on the telephone."""
    TAKE_OVER_MEMBER = "take_over_member"


@dataclass(frozen=True, slots=True)
class OtpRequested:
    """A one-time password is to be sent: number and code sealed, as base64 text."""

    txn_id: UUID
    mobile_sealed: str
    code_sealed: str
    language: str
    caused_at: datetime
    expires_at: datetime
    spoken: bool = False
    """Whether it is to be told to an operator."""


OTP_REQUESTED = Job("otp_requested", OtpRequested, URGENT)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A number whose holder showed the code."""

    account_id: UUID
    is_new: bool
    mobile: str
    purpose: OtpPurpose
    detail: str | None


class Role(StrEnum):
    """What a member of staff is."""

    NATION_OFFICER = "nation_officer"
    STATE_OFFICER = "state_officer"
    DISTRICT_OFFICER = "district_officer"
    CENTRE_MANAGER = "centre_manager"
    VACCINATOR = "vaccinator"
    VERIFIER = "verifier"
    HELPLINE_OPERATOR = "helpline_operator"
    SERVICE_CENTRE_OPERATOR = "service_centre_operator"


_ANYBODY = frozenset({Permission.SEARCH_SESSIONS, Permission.ENTER_CONSOLE})
_RUNS_A_PLACE = frozenset(
    {
        Permission.PUBLISH_SESSIONS,
        Permission.MANAGE_STAFF,
        Permission.MANAGE_STOCK,
    }
)
_OFFICER = (
    _ANYBODY
    | _RUNS_A_PLACE
    | {
        Permission.MANAGE_CENTRES,
        Permission.ANSWER_CASES,
        Permission.REVOKE_CERTIFICATES,
        Permission.IMPORT_RECORDS,
        Permission.EXPORT_RECORDS,
        Permission.MANAGE_RULES,
        Permission.REVIEW_ADVERSE_EVENTS,
        Permission.READ_AUDIT,
        Permission.WATCH_ALERTS,
        Permission.MANAGE_QUEUES,
    }
)
_AT_THE_DOOR = _ANYBODY | {Permission.FIND_BENEFICIARIES, Permission.REGISTER_BENEFICIARIES}
ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.NATION_OFFICER: _OFFICER | {Permission.OPERATE},
        Role.STATE_OFFICER: _OFFICER,
        Role.DISTRICT_OFFICER: _OFFICER,
        Role.CENTRE_MANAGER: _AT_THE_DOOR | _RUNS_A_PLACE | {Permission.VACCINATE},
        Role.VACCINATOR: _AT_THE_DOOR | {Permission.VACCINATE},
        Role.VERIFIER: _AT_THE_DOOR,
        Role.HELPLINE_OPERATOR: _ANYBODY | {Permission.ASSIST_CALLERS},
        Role.SERVICE_CENTRE_OPERATOR: _ANYBODY | {Permission.ASSIST_CALLERS, Permission.ASSIST_IN_PERSON},
    }
)
SEES_PEOPLE = frozenset(
    {
        Permission.FIND_BENEFICIARIES,
        Permission.REGISTER_BENEFICIARIES,
        Permission.VACCINATE,
        Permission.ANSWER_CASES,
        Permission.IMPORT_RECORDS,
        Permission.EXPORT_RECORDS,
        Permission.REVIEW_ADVERSE_EVENTS,
        Permission.READ_AUDIT,
        Permission.WATCH_ALERTS,
        Permission.ASSIST_CALLERS,
        Permission.ASSIST_IN_PERSON,
        Permission.MANAGE_STAFF,
        Permission.OPERATE,
    }
)
"""What lets somebody look at people, or lets others do so: it takes more than a password."""
STAFF_ONLY = frozenset(
    {
        Permission.ENTER_CONSOLE,
        Permission.MANAGE_STAFF,
        Permission.MANAGE_RULES,
        Permission.READ_AUDIT,
        Permission.WATCH_ALERTS,
        Permission.MANAGE_QUEUES,
        Permission.ASSIST_CALLERS,
        Permission.ASSIST_IN_PERSON,
        Permission.OPERATE,
    }
)
"""What no API key may carry: a person answers for it."""
PARTNER_PERMISSIONS = frozenset(Permission) - STAFF_ONLY
"""What an API key may carry."""


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff."""

    staff_id: UUID
    user_name: str
    name: str
    role: Role
    permissions: frozenset[Permission]
    place: Place
    created_at: datetime
    deactivated_at: datetime | None


def is_within(place: Place, scope: Place) -> bool:
    """Whether a scope includes another: each level that it names, the other names too."""
    return (
        (scope.state_id is None or scope.state_id == place.state_id)
        and (scope.district_id is None or scope.district_id == place.district_id)
        and (scope.centre_id is None or scope.centre_id == place.centre_id)
    )
