"""The sheet of priority lists: who an employer or the State names as a member of a group."""

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from uuid import UUID

from opencowin import identity, programme, registry, scheduling
from opencowin.bulk import records
from opencowin.bulk.model import Column, Form, Line
from opencowin.bulk.refusals import ChoiceUnknown, InUse
from opencowin.bulk.sheets.sheet import Made, Reading, Sheet
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor

CONSENT = "list"
"""The consent that a list stands for: the employer's or the State's, given for its people."""


class Lists(Sheet):
    """A row is a person, registered with the row's mobile unless the document is registered already."""

    permission = Permission.IMPORT_RECORDS
    columns = (
        Column(name="group", most=60, example="health_care_worker"),
        Column(name="mobile", most=20, example="7100000001"),
        Column(name="name", most=100, example="Asha Kumari"),
        Column(name="birth_year", form=Form.NUMBER, least=1900, most=2100, example="1990"),
        Column(name="gender_id", form=Form.NUMBER, least=0, most=99, example="2"),
        Column(name="document_type_id", form=Form.NUMBER, least=0, most=999, example="6"),
        Column(name="document_number", most=40),
        Column(name="comorbidity", form=Form.YES_NO, needed=False, example="no"),
    )

    def is_open_to(self, actor: Actor) -> bool:
        """Lists come from employers and the State, by way of an officer; not from a centre."""
        return super().is_open_to(actor) and actor.place.centre_id is None

    def key(self, line: Line) -> Hashable | None:
        """The document in the group."""
        said = [line.values[name] for name in ("group", "document_type_id", "document_number")]
        return None if None in said else (said[0], said[1], str(said[2]).casefold())

    async def check(
        self, conn: Connection, floor: Floor, actor: Actor, lines: Sequence[Line], reading: Reading
    ) -> None:
        """Groups that have a list, and facts that could be registered; never whether somebody is registered."""
        del actor, reading
        rules = await programme.current_programme(conn)
        listed = sorted(group.group_id for group in rules.groups.values() if group.listed)
        documents = registry.document_types(floor.pack)
        genders = {one.gender_id for one in registry.genders(floor.pack)}
        for line in lines:
            said = line.values
            if said["group"] is not None and said["group"] not in listed:
                line.blame("group", ChoiceUnknown(choices=", ".join(listed)))
            if said["gender_id"] is not None and said["gender_id"] not in genders:
                line.blame("gender_id", registry.UnknownGender())
            if said["birth_year"] is not None and said["birth_year"] > floor.clock.today().year:
                line.blame("birth_year", registry.InvalidBirthYear(earliest=1900, latest=floor.clock.today().year))
            _try(line, "mobile", floor.country.normalise_mobile)
            _try(line, "name", registry.clean_name)
            if said["document_type_id"] is not None and said["document_number"] is not None:
                kind = said["document_type_id"]
                _try(line, "document_number", partial(documents.accept, kind))

    async def save(self, conn: Connection, floor: Floor, actor: Actor, line: Line, mark: UUID) -> Made:
        """Put the person on the list; registered now unless the document is registered."""
        del mark
        said = line.values
        asked = registry.Registration(
            name=said["name"],
            birth_year=said["birth_year"],
            gender_id=said["gender_id"],
            document_type_id=said["document_type_id"],
            document_number=said["document_number"],
            comorbidity=bool(said["comorbidity"]),
            consent_version=CONSENT,
        )
        account_id = await identity.open_account(conn, floor, said["mobile"], floor.country.default_language)
        done = await registry.enlist(conn, floor, actor, account_id, asked, said["group"])
        return {
            "account_id": str(done.person.account_id),
            "beneficiary_id": str(done.person.beneficiary_id),
            "group": said["group"],
            "registered": done.registered,
            "added": done.added,
        }

    async def undo(self, conn: Connection, floor: Floor, actor: Actor, made: Made) -> None:
        """Take the person off the list; who was registered by the row is removed, unless booked or vaccinated."""
        person = registry.Person(UUID(made["account_id"]), UUID(made["beneficiary_id"]))
        if made["registered"]:
            await scheduling.refuse_if_booked(conn, person)
            if await records.person_is_known_otherwise(conn, person, made["group"]):
                raise InUse(field="group")
        elif not made["added"]:
            return
        await registry.delist(conn, floor, actor, person, made["group"], remove=made["registered"])


def _try(line: Line, column: str, check: Callable[[str], object]) -> None:
    if line.values[column] is None:
        return
    try:
        check(line.values[column])
    except Refusal as no:
        line.blame(column, no)
