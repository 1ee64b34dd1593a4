"""Registry: who the beneficiaries are, by which identity document, and in which household (one mobile, a few members).

FHIR Patient; WHO client registry. Names, document numbers and full birth dates are sealed; a document is found by its
keyed hash only, and registers once in the nation. Nobody is found by a mobile number or a name alone.
Owns the tables household, beneficiary, beneficiary_reference, identity_document and duplicate_attempt.
"""

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
    find_person,
    first_reference,
    holder_of,
    lock,
    member_named,
    prove,
    read_people,
    read_person,
    travel_document,
)
from opencowin.registry.proof import Proof
from opencowin.registry.reference_ids import is_reference_id
from opencowin.registry.refusals import (
    ConsentMissing,
    DocumentRegistered,
    InvalidBirthDate,
    InvalidBirthYear,
    MemberLocked,
    NoSuchBeneficiary,
    PriorityGroupUnproven,
    TooManyDuplicates,
    TooManyMembers,
    TooManyWrongCodes,
    UnknownGender,
    WrongSecretCode,
)

__all__ = [
    "AcceptedDocument",
    "Beneficiary",
    "Channel",
    "ConsentMissing",
    "DocumentNumberInvalid",
    "DocumentNumberMissing",
    "DocumentRegistered",
    "DocumentType",
    "DocumentTypes",
    "Enlisted",
    "Gender",
    "InvalidBirthDate",
    "InvalidBirthYear",
    "InvalidName",
    "MemberLocked",
    "NoSuchBeneficiary",
    "Person",
    "PriorityGroupUnproven",
    "Proof",
    "Registration",
    "TooManyDuplicates",
    "TooManyMembers",
    "TooManyWrongCodes",
    "UnknownDocumentType",
    "UnknownGender",
    "WrongSecretCode",
    "age_band",
    "clean_name",
    "confirm_member",
    "delist",
    "document_types",
    "edit",
    "enlist",
    "find_person",
    "first_reference",
    "genders",
    "has_room",
    "holder_of",
    "is_reference_id",
    "lock",
    "member_named",
    "members",
    "own_members",
    "prove",
    "read_people",
    "read_person",
    "register",
    "remove",
    "same_name",
    "travel_document",
    "who_shows",
]
