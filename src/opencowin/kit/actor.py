"""Who acts: every verb takes an Actor, which says who it is, what it may do and where, and from which address."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from opencowin.kit.errors import Forbidden


class NotPermitted(Forbidden):
    """You are not permitted to do this."""

    code = "KIT0002"


class ActorKind(StrEnum):
    """The kinds of caller."""

    PUBLIC = "public"
    CITIZEN = "citizen"
    PARTNER = "partner"
    STAFF = "staff"
    OPERATOR = "operator"
    """A member of staff who acts for one household, with its consent, for a short time."""
    SYSTEM = "system"


class Permission(StrEnum):
    """What an actor may be allowed to do; an API key's scopes and a role's rights are sets of these."""

    SEARCH_SESSIONS = "sessions:search"
    MANAGE_OWN_MEMBERS = "members:own"
    BOOK_FOR_OWN_MEMBERS = "appointments:own"
    OWN_CERTIFICATES = "certificates:own"
    READ_CERTIFICATES = "read:cert"
    SIGN_IN_CITIZENS = "citizens:sign-in"
    REGISTER_BENEFICIARIES = "beneficiaries:register"
    FIND_BENEFICIARIES = "beneficiaries:find"
    VACCINATE = "doses:record"
    VACCINATION_STATUS = "status:ask"
    PUBLISH_SESSIONS = "sessions:publish"
    MANAGE_CENTRES = "centres:manage"
    ANSWER_CASES = "cases:answer"
    REVOKE_CERTIFICATES = "certificates:revoke"
    IMPORT_RECORDS = "records:import"
    EXPORT_RECORDS = "records:export"
    MANAGE_RULES = "rules:manage"
    REVIEW_ADVERSE_EVENTS = "aefi:review"
    ASSIST_CALLERS = "callers:assist"
    ASSIST_IN_PERSON = "callers:assist-in-person"
    ENTER_CONSOLE = "console:enter"
    MANAGE_STAFF = "staff:manage"
    MANAGE_STOCK = "stock:manage"
    RECEIVE_MESSAGES = "messages:receive"
    HOLD_TALKS = "talks:hold"
    HAVE_WEBHOOKS = "webhooks:own"
    READ_AUDIT = "audit:read"
    WATCH_ALERTS = "alerts:watch"
    MANAGE_QUEUES = "queues:manage"
    OPERATE = "operate"


CITIZEN_PERMISSIONS = frozenset(
    {
        Permission.SEARCH_SESSIONS,
        Permission.MANAGE_OWN_MEMBERS,
        Permission.BOOK_FOR_OWN_MEMBERS,
        Permission.OWN_CERTIFICATES,
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """A scope: the nation when all are None, else one state, district or centre."""

    state_id: int | None = None
    district_id: int | None = None
    centre_id: int | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """One caller of one request or job."""

    kind: ActorKind
    actor_id: str
    permissions: frozenset[Permission] = frozenset()
    account_id: UUID | None = None
    place: Place = field(default_factory=Place)
    address: str = ""

    def require(self, permission: Permission) -> None:
        """Raise NotPermitted unless this actor has the permission."""
        if permission not in self.permissions:
            raise NotPermitted

    def own_account(self) -> UUID:
        """The signed-in citizen's account. Raises NotPermitted for anybody else."""
        if self.account_id is None:
            raise NotPermitted
        return self.account_id

    def own_staff_id(self) -> UUID:
        """The member of staff who acts. Raises NotPermitted for anybody else."""
        if self.kind is not ActorKind.STAFF:
            raise NotPermitted
        return UUID(self.actor_id)

    def covers(self, *, state_id: int, district_id: int, centre_id: int | None = None) -> bool:
        """Whether the actor's scope includes this place."""
        scope = self.place
        return (
            (scope.state_id is None or scope.state_id == state_id)
            and (scope.district_id is None or scope.district_id == district_id)
            and (scope.centre_id is None or scope.centre_id == centre_id)
        )


def system(what: str) -> Actor:
    """The platform itself, acting as a job or a command called `what`: may do everything."""
    return Actor(ActorKind.SYSTEM, what, frozenset(Permission))
