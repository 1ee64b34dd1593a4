"""Registry: who the beneficiaries are, by which identity document, and in which household (one mobile, a few members).

FHIR Patient; WHO client registry. Names, document numbers and full birth dates are sealed; a document is found by its
keyed hash only, and registers once in the nation. Nobody is found by a mobile number or a name alone.
How staff and partners read is watched: budgets by the hour, alarms on what is unusual.
Owns the tables household, beneficiary, beneficiary_reference, identity_document, duplicate_attempt and look_alert.
"""

from opencowin.registry.code_marks import MARKS, code_mark
from opencowin.registry.corrections import (
    Correction,
    accept_passport,
    add_passport,
    check_correction,
    confirm_death,
    correct,
    holds_document,
    take_duplicates,
    typed_facts,
)
from opencowin.registry.documents import (
    AcceptedDocument,
    DocumentNumberInvalid,
    DocumentNumberMissing,
    DocumentType,
    DocumentTypes,
    UnknownDocumentType,
)
from opencowin.registry.enlisting import Enlisted, delist, enlist, who_shows
from opencowin.registry.household import confirm_member, edit, has_room, members, own_members, register, remove
from opencowin.registry.lists import document_types, genders
from opencowin.registry.model import Beneficiary, Channel, Gender, Person, Registration, age_band
from opencowin.registry.names import InvalidName, clean_name, same_name
from opencowin.registry.people import (
    Traveller,
    find_person,
    first_reference,
    has_secret_code,
    holder_of,
    lock,
    member_named,
    prove,
    read_people,
    read_person,
    read_travellers,
)
from opencowin.registry.proof import Proof
from opencowin.registry.record_queries import DuplicateAttempt
from opencowin.registry.records import Parted, complete_likenesses, merge_records, move_member, part_records
from opencowin.registry.reference_ids import is_reference_id
from opencowin.registry.refusals import (
    ConsentMissing,
    DocumentRegistered,
    InvalidBirthDate,
    InvalidBirthYear,
    InvalidDeathDate,
    MemberLocked,
    NoSuchAlert,
    NoSuchBeneficiary,
    NotATravelDocument,
    NotMerged,
    PriorityGroupUnproven,
    SameRecord,
    TooManyDuplicates,
    TooManyLooks,
    TooManyMembers,
    TooManyWrongCodes,
    UnknownGender,
    WrongSecretCode,
)
from opencowin.registry.watch_queries import (
    AlertKind,
    LookAlert,
)
from opencowin.registry.watching import (
    alerts,
    count_look,
    count_refused_look,
    look_after_alert,
    refuse_beyond_budget,
    unseen_alerts,
)

__all__ = [
    "MARKS",
    "AcceptedDocument",
    "AlertKind",
    "Beneficiary",
    "Channel",
    "ConsentMissing",
    "Correction",
    "DocumentNumberInvalid",
    "DocumentNumberMissing",
    "DocumentRegistered",
    "DocumentType",
    "DocumentTypes",
    "DuplicateAttempt",
    "Enlisted",
    "Gender",
    "InvalidBirthDate",
    "InvalidBirthYear",
    "InvalidDeathDate",
    "InvalidName",
    "LookAlert",
    "MemberLocked",
    "NoSuchAlert",
    "NoSuchBeneficiary",
    "NotATravelDocument",
    "NotMerged",
    "Parted",
    "Person",
    "PriorityGroupUnproven",
    "Proof",
    "Registration",
    "SameRecord",
    "TooManyDuplicates",
    "TooManyLooks",
    "TooManyMembers",
    "TooManyWrongCodes",
    "Traveller",
    "UnknownDocumentType",
    "UnknownGender",
    "WrongSecretCode",
    "accept_passport",
    "add_passport",
    "age_band",
    "alerts",
    "check_correction",
    "clean_name",
    "code_mark",
    "complete_likenesses",
    "confirm_death",
    "confirm_member",
    "correct",
    "count_look",
    "count_refused_look",
    "delist",
    "document_types",
    "edit",
    "enlist",
    "find_person",
    "first_reference",
    "genders",
    "has_room",
    "has_secret_code",
    "holder_of",
    "holds_document",
    "is_reference_id",
    "lock",
    "look_after_alert",
    "member_named",
    "members",
    "merge_records",
    "move_member",
    "own_members",
    "part_records",
    "prove",
    "read_people",
    "read_person",
    "read_travellers",
    "refuse_beyond_budget",
    "register",
    "remove",
    "same_name",
    "take_duplicates",
    "typed_facts",
    "unseen_alerts",
    "who_shows",
]
