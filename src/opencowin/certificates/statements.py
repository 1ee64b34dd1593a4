"""From records to a statement: a person and the doses up to one, in the words of the country pack."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from opencowin import places
from opencowin.certificates.model import CertificateStatement, DoseStatement, Facility, Stage, VaccineCodes
from opencowin.certificates.profile import vaccine_codes
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.programme import Programme, Vaccine
from opencowin.registry import Beneficiary, Traveller, genders
from opencowin.vaccination import Dose, vaccinator_name

NUMBER_DIGITS = 11
UNKNOWN_PLACE = Facility(name="", district="", state="", postal_code="")


def new_certificate_id() -> str:
    """A random number of eleven digits, as is printed on certificates; it opens nothing by itself."""
    return str(secrets.randbelow(9 * 10 ** (NUMBER_DIGITS - 1)) + 10 ** (NUMBER_DIGITS - 1))


def stage_of(dose_number: int, primary_doses: int) -> Stage:
    """Provisional until the primary doses are complete, then final; further doses are precaution doses."""
    if dose_number < primary_doses:
        return Stage.PROVISIONAL
    return Stage.FINAL if dose_number == primary_doses else Stage.PRECAUTION


def codes_of(floor: Floor, vaccine: Vaccine) -> VaccineCodes:
    """A vaccine in words and codes."""
    return vaccine_codes(floor.pack, vaccine.vaccine_id, vaccine.manufacturer, vaccine.codes)


@dataclass(frozen=True, slots=True)
class Where:
    """The places that doses were given at, by centre."""

    facilities: Mapping[int, Facility]

    def of(self, dose: Dose) -> Facility:
        """Where a dose was given; empty where that is not known."""
        return self.facilities.get(dose.centre_id, UNKNOWN_PLACE) if dose.centre_id is not None else UNKNOWN_PLACE


async def places_of(conn: Connection, doses: Iterable[Dose]) -> Where:
    """The places of these doses, in two statements."""
    numbers = sorted({dose.centre_id for dose in doses if dose.centre_id is not None})
    centres = await places.centres_with_ids(conn, numbers)
    names = await places.place_names(conn, {one.district_id for one in centres.values()})
    return Where(
        {
            number: Facility(
                name=centre.name,
                district=names[centre.district_id].district_name,
                state=names[centre.district_id].state_name,
                postal_code=centre.pin_code,
                street=centre.address,
                city=centre.block_name,
            )
            for number, centre in centres.items()
        }
    )


def _gender(floor: Floor, beneficiary: Beneficiary) -> str:
    return next(one.name for one in genders(floor.pack) if one.gender_id == beneficiary.gender_id)


def state_doses(
    floor: Floor, rules: Programme, holder: Traveller, doses: Sequence[Dose], where: Where
) -> CertificateStatement:
    """What the certificate of the last of these doses (in order of their numbers) says."""
    beneficiary = holder.beneficiary
    primary = rules.vaccines[doses[-1].vaccine_id].primary_doses
    total = max(primary, doses[-1].dose_number)
    stated = [
        DoseStatement(
            number=dose.dose_number,
            total=total,
            vaccine=codes_of(floor, rules.vaccines[dose.vaccine_id]),
            batch=dose.batch_number,
            given_on=dose.given_on,
            vaccinator=vaccinator_name(floor, dose),
            facility=where.of(dose),
        )
        for dose in doses
    ]
    place = stated[-1].facility
    return CertificateStatement(
        certificate_id=new_certificate_id(),
        beneficiary_reference=str(beneficiary.reference_id),
        subject_id=f"did:opencowin:{beneficiary.reference_id}",
        name=beneficiary.name,
        birth_year=beneficiary.birth_year,
        birth_date=beneficiary.birth_date,
        sex=_gender(floor, beneficiary),
        identity=beneficiary.document_masked,
        travel_document=holder.passport,
        doses=tuple(stated),
        stage=stage_of(doses[-1].dose_number, primary),
        issued_at=floor.clock.local(floor.clock.now()),
        district=place.district,
        state=place.state,
        postal_code=place.postal_code,
    )
