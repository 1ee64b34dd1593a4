"""The sheet of historic doses: given before, or written on paper; kept and flagged as every dose is."""

from collections.abc import Hashable, Sequence
from uuid import UUID

from opencowin import certificates, places, programme, registry, vaccination
from opencowin.bulk import records
from opencowin.bulk.model import Column, Form, Line
from opencowin.bulk.refusals import InUse
from opencowin.bulk.sheets.sheet import Made, Reading, Sheet
from opencowin.kit.actor import Actor, NotPermitted, Permission, Place
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor

LARGEST_ID = 2**31 - 1
UNDONE = "the record was entered by a mistaken upload"


class Doses(Sheet):
    """A row is a dose of a registered person, at a centre of the officer's; the nation's may name none."""

    permission = Permission.IMPORT_RECORDS
    columns = (
        Column(name="reference_id", form=Form.NUMBER, most=10**15, example="12345678901234"),
        Column(name="dose", form=Form.NUMBER, least=1, most=vaccination.LARGEST_DOSE_NUMBER, example="1"),
        Column(name="vaccine", most=60, example="COVISHIELD"),
        Column(name="batch_number", needed=False, most=50, example="B-1"),
        Column(name="given_on", form=Form.DAY, example="2021-05-31"),
        Column(name="centre_id", form=Form.NUMBER, needed=False, least=1, most=LARGEST_ID, example="1"),
        Column(name="vaccinator_name", most=100, example="Meera Nair"),
    )

    def key(self, line: Line) -> Hashable | None:
        """The person and the number of the dose."""
        said = (line.values["reference_id"], line.values["dose"])
        return None if None in said else said

    async def check(
        self, conn: Connection, floor: Floor, actor: Actor, lines: Sequence[Line], reading: Reading
    ) -> None:
        """Persons known, vaccines known, days past, centres within reach."""
        del reading
        rules = await programme.current_programme(conn)
        asked = [line.values["reference_id"] for line in lines if line.values["reference_id"]]
        known = await records.known_references(conn, asked)
        found = await places.centres_with_ids(
            conn, [line.values["centre_id"] for line in lines if line.values["centre_id"]]
        )
        names = await places.place_names(conn, {centre.district_id for centre in found.values()})
        for line in lines:
            said = line.values
            if said["reference_id"] is not None and said["reference_id"] not in known:
                line.blame("reference_id", registry.NoSuchBeneficiary())
            if said["vaccine"] and said["vaccine"].upper() not in rules.vaccines:
                line.blame("vaccine", records.unknown_vaccine(said["vaccine"]))
            if said["given_on"] and said["given_on"] > floor.clock.today():
                line.blame("given_on", vaccination.DateInFuture())
            centre = found.get(said["centre_id"])
            if said["centre_id"] is None:
                if actor.place != Place() and not line.is_wrong("centre_id"):
                    line.blame("centre_id", NotPermitted())
            elif centre is None:
                line.blame("centre_id", places.UnknownCentre(centre_id=said["centre_id"]))
            elif not actor.covers(
                state_id=names[centre.district_id].state_id, district_id=centre.district_id, centre_id=centre.centre_id
            ):
                line.blame("centre_id", NotPermitted())

    async def save(self, conn: Connection, floor: Floor, actor: Actor, line: Line, mark: UUID) -> Made:
        """Record the dose."""
        said = line.values
        person = await registry.find_person(conn, said["reference_id"])
        given = vaccination.GivenDose(
            person=person,
            dose_id=mark,
            dose_number=said["dose"],
            vaccine_id=said["vaccine"].upper(),
            batch_number=said["batch_number"] or "",
            given_on=said["given_on"],
            vaccinator_name=said["vaccinator_name"],
            centre_id=said["centre_id"],
        )
        dose = await vaccination.import_dose(conn, floor, actor, given)
        return {
            "account_id": str(person.account_id),
            "beneficiary_id": str(person.beneficiary_id),
            "dose_id": str(dose.dose_id),
            "added": dose.dose_id == mark,
        }

    async def undo(self, conn: Connection, floor: Floor, actor: Actor, made: Made) -> None:
        """Take the record back, unless a later dose builds on it; its certificate is revoked. Raises InUse."""
        if not made["added"]:
            return
        person = registry.Person(UUID(made["account_id"]), UUID(made["beneficiary_id"]))
        dose_id = UUID(made["dose_id"])
        try:
            await vaccination.retract_dose(conn, floor, actor, person, dose_id, UNDONE)
        except vaccination.LaterDoseStands:
            raise InUse(field="dose") from None
        certificate_id = await certificates.standing_certificate(conn, person, dose_id)
        if certificate_id is not None:
            await certificates.revoke(conn, floor, actor, certificate_id, UNDONE)
