"""A household with doses and an officer of their district: what the tests of cases stand on."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

from opencowin import cases, certificates, identity, places, registry, vaccination
from opencowin.kit.actor import Actor, ActorKind, Permission, Place
from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection, fetch_value
from opencowin.kit.floor import Floor
from tests.builders import TEST, citizen, mobile, new_centre, registration, stock_in

JPEG, PDF = b"\xff\xd8\xff\xe0 a picture", b"%PDF-1.7 a document"


def officer(**place: int) -> Actor:
    """An officer of the nation, or of a state or district."""
    return Actor(ActorKind.STAFF, "officer", frozenset({Permission.ANSWER_CASES}), place=Place(**place))


def later(floor: Floor, days: int) -> Floor:
    """The floor some days on."""
    return replace(floor, clock=Clock(floor.clock.zone, lambda: floor.clock.now() + timedelta(days=days)))


class Bench:
    """A centre with stock; people, their doses and cases there."""

    def __init__(self, conn: Connection, floor: Floor, centre: places.Centre) -> None:
        self.conn, self.floor, self.centre = conn, floor, centre

    @classmethod
    async def of(cls, conn: Connection, floor: Floor) -> "Bench":
        centre = await new_centre(conn)
        await stock_in(conn, floor, centre, "COVISHIELD", doses=1000)
        return cls(conn, floor, centre)

    async def person(
        self, name: str = "Asha Kumari", account: UUID | None = None, **facts: object
    ) -> registry.Beneficiary:
        """Somebody registered, in an account of their own unless one is given."""
        account = account or await identity.open_account(self.conn, self.floor, mobile())
        asked = replace(registration(name), **facts)  # type: ignore[arg-type]
        return await registry.register(self.conn, self.floor, citizen(account), account, asked)

    async def dose(
        self,
        who: registry.Beneficiary,
        number: int = 1,
        ago: int = 0,
        *,
        vaccine: str = "COVISHIELD",
        batch: str = "B-1",
        certified: bool = True,
    ) -> vaccination.Dose:
        """A dose given here so many days ago, with its certificate."""
        given = vaccination.GivenDose(
            person=who.person,
            dose_id=uuid4(),
            dose_number=number,
            vaccine_id=vaccine,
            batch_number=batch,
            given_on=self.day(ago),
            vaccinator_name="Sister Mary",
            district_id=self.centre.district_id,
            centre_id=self.centre.centre_id,
        )
        dose = await vaccination.record_dose(self.conn, self.floor, TEST, given)
        if certified:
            await certificates.issue_due(self.conn, self.floor, who.person)
        return dose

    def day(self, ago: int = 0) -> date:
        """A day in the past."""
        return self.floor.clock.today() - timedelta(days=ago)

    async def raised(
        self, who: registry.Beneficiary, kind: cases.CaseKind, wish: cases.Wish | None = None, **more: object
    ) -> cases.Case:
        """A case that the person's household raises."""
        new = cases.NewCase(uuid4(), kind, "Please put it right", who.reference_id, wish)
        actor = citizen(who.person.account_id)
        return await cases.raise_case(self.conn, self.floor, actor, replace(new, **more))  # type: ignore[arg-type]

    async def accept(self, case: cases.Case, actor: Actor | None = None) -> None:
        """The district's officer accepts."""
        await cases.accept(self.conn, self.floor, actor or officer(), case.case_number, "Seen the papers.")

    async def sheet(self, who: registry.Beneficiary | registry.Person) -> certificates.Sheet:
        """The certificate that stands."""
        person = who if isinstance(who, registry.Person) else who.person
        return await certificates.sheet(self.conn, self.floor, citizen(person.account_id), person)

    async def numbers(self, person: registry.Person) -> list[tuple[int, str]]:
        """The person's doses: number and day."""
        doses = await vaccination.doses_of(self.conn, person)
        return [(one.dose_number, one.given_on.isoformat()) for one in doses]

    async def counted(self, **keys: object) -> int:
        """The doses that the reports count, by some of their keys."""
        return int(
            await fetch_value(
                self.conn,
                """
                SELECT coalesce(sum(amount), 0) FROM measure_change
                WHERE measure = 'dose' AND (keys->>'centre')::int = %(centre)s
                  AND (%(dose)s::text IS NULL OR keys->>'dose' = %(dose)s)
                """,
                centre=self.centre.centre_id,
                dose=str(keys["dose"]) if "dose" in keys else None,
            )
        )

    async def state(self, case: cases.Case) -> cases.CaseState:
        """How far a case is."""
        found = await fetch_value(
            self.conn, "SELECT state FROM help_case WHERE case_number = %(number)s", number=case.case_number
        )
        return cases.CaseState(found)

    async def revoked(self, certificate_id: str) -> bool:
        """Whether a certificate stands no longer, and the published list says so."""
        marks = await fetch_value(
            self.conn, "SELECT count(*) FROM revocation_mark WHERE certificate_id = %(id)s", id=certificate_id
        )
        return bool(marks) and await certificates.why_revoked(self.conn, certificate_id) is not None
