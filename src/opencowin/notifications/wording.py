"""Wording: what a booking, a change or a certificate is told as, in the account's language."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from opencowin import cases, draw, identity, places, programme, registry, scheduling, vaccination, waitlist
from opencowin.kit.actor import Actor, ActorKind
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.notifications import queries
from opencowin.notifications.queries import BookedClaim, BookedSeat
from opencowin.notifications.templates import Template, Texts
from opencowin.registry import Beneficiary

CASE_TEMPLATES = {
    cases.News.RAISED: Template.CASE_RAISED,
    cases.News.ASKED: Template.CASE_ASKED,
    cases.News.ACCEPTED: Template.CASE_ACCEPTED,
    cases.News.REFUSED: Template.CASE_REFUSED,
    cases.News.DONE: Template.CASE_DONE,
    cases.News.NOTICE: Template.CASE_NOTICE,
}


@dataclass(frozen=True, slots=True)
class Wording:
    """A text, its language, and whom it is for."""

    template: Template
    language: str
    mobile: str
    text: str


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a text is for: the number, the language, and the members it may name."""

    mobile: str
    language: str
    members: dict[UUID, Beneficiary]


@dataclass(frozen=True, slots=True)
class Writer:
    """Words what is told, from the facts as they are now."""

    floor: Floor
    texts: Texts

    async def account(self, conn: Connection, account_id: UUID) -> Account:
        """The account that a job is about, read for its own household's sake."""
        actor = Actor(ActorKind.SYSTEM, "notifications", account_id=account_id)
        return Account(
            mobile=await identity.account_mobile(conn, self.floor, account_id),
            language=self.texts.language(await identity.account_language(conn, account_id)),
            members={one.person.beneficiary_id: one for one in await registry.members(conn, self.floor, actor)},
        )

    async def booking(
        self,
        conn: Connection,
        template: Template,
        whose: Account,
        claims: Sequence[BookedClaim],
        offer: scheduling.Replacement | None = None,
    ) -> Wording | None:
        """What to say of these seats of one booking; None when there is nobody, or nothing, left to say it of."""
        seat = await queries.seat_of(conn, claims[0]) if claims else None
        people = [whose.members[claim.beneficiary_id] for claim in claims if claim.beneficiary_id in whose.members]
        if seat is None or not people:
            return None
        values = await self._seat_values(conn, seat, whose.language) | {
            "dose": claims[0].dose_number,
            "members": "; ".join(self._member(person, whose.language) for person in people),
        }
        if offer is not None:
            template = Template.WITHDRAWN_OFFER
            values |= {"offer_centre": offer.centre.name_in(whose.language), "offer_date": self._date(offer.held_on)}
        return self._wording(template, whose, **values)

    async def certificate(
        self, conn: Connection, whose: Account, beneficiary_id: UUID, dose_number: int
    ) -> Wording | None:
        """What to say of a certificate that has appeared, and of the next dose; None when the person is gone."""
        person = whose.members.get(beneficiary_id)
        if person is None:
            return None
        values = {"dose": dose_number, "reference": person.reference_id, "url": self.floor.settings.address}
        due = await vaccination.due(conn, self.floor, person)
        if due is None or due.dose != dose_number + 1:
            return self._wording(Template.CERTIFICATE_READY, whose, **values)
        return self._wording(Template.CERTIFICATE_READY_NEXT, whose, date=self._date(due.from_date), **values)

    async def dose_due(
        self, conn: Connection, whose: Account, beneficiary_id: UUID, dose_number: int
    ) -> Wording | None:
        """What to say of a dose that may be given from now on; None where it may not, is given or is booked by now."""
        person = whose.members.get(beneficiary_id)
        if person is None or person.died_on is not None:
            return None
        booked = await scheduling.appointments_of(conn, person.person.account_id)
        due = await vaccination.due(conn, self.floor, person)
        waits = due is not None and due.dose == dose_number and due.from_date <= self.floor.clock.today()
        if not waits or any(one.beneficiary_id == beneficiary_id for one in booked):
            return None
        values = {"dose": dose_number, "reference": person.reference_id, "url": self.floor.settings.address}
        return self._wording(Template.DOSE_DUE, whose, **values)

    def revoked(self, whose: Account, beneficiary_id: UUID, news: tuple[str, int], reason: str) -> Wording | None:
        """What to say of a certificate (its number, its dose) that was revoked; None when the person is gone."""
        person = whose.members.get(beneficiary_id)
        if person is None:
            return None
        number, dose = news
        facts = {"certificate": number, "dose": dose, "reference": person.reference_id, "reason": reason}
        return self._wording(Template.CERTIFICATE_REVOKED, whose, url=self.floor.settings.address, **facts)

    def case(self, whose: Account, news: cases.CaseNews) -> Wording:
        """What to say of a case that moved on; the page says the rest."""
        values = {"number": news.case_number, "url": f"{self.floor.settings.address}/issues"}
        if news.news is cases.News.NOTICE and news.until is not None:
            values |= {"reference": news.reference_id or 0, "date": self._date(news.until)}
        return self._wording(CASE_TEMPLATES[news.news], whose, **values)

    async def told(self, conn: Connection, account_ids: Sequence[UUID]) -> dict[UUID, Account]:
        """Accounts that are told of something that concerns nobody's records: no member is read."""
        found = await identity.reached_accounts(conn, self.floor, account_ids)
        return {one: Account(mobile, self.texts.language(said), {}) for one, (mobile, said) in found.items()}

    async def slot_alert(
        self, conn: Connection, offered: scheduling.CentreSessions
    ) -> Callable[[Account, str], Wording]:
        """What to say of a session with free seats, and how to hear no more, to each account with its code."""
        seen, centre = offered.sessions[0], offered.centre
        vaccine = (await programme.current_programme(conn)).vaccines.get(seen.vaccine_id)
        district = await places.district(conn, centre.district_id)

        def say(whose: Account, code: str) -> Wording:
            language = whose.language
            values = {
                "vaccine": vaccine.name_l.get(language) or vaccine.name if vaccine else seen.vaccine_id,
                "date": self._date(seen.held_on),
                "centre": centre.name_in(language),
                "district": district.name_in(language),
                "url": f"{self.floor.settings.address}/find?district_id={centre.district_id}",
                "code": code,
            }
            return self._wording(Template.SLOT_ALERT, whose, **values)

        return say

    async def seat_kept(
        self, conn: Connection, session: scheduling.Session, whose: Account, kept: waitlist.Offered
    ) -> Wording:
        """What to say of a seat that is kept for somebody, until when, and how to take it."""
        centre, language = await places.read_centre(conn, session.centre_id), whose.language
        vaccine = (await programme.current_programme(conn)).vaccines.get(session.vaccine_id)
        until = self.floor.clock.local(kept.until)
        values = {
            "vaccine": vaccine.name_l.get(language) or vaccine.name if vaccine else session.vaccine_id,
            "date": self._date(session.held_on),
            "slot": next(one.label for one in session.slots if one.slot_number == kept.slot_number),
            "centre": centre.name_in(language),
            "district": (await places.district(conn, centre.district_id)).name_in(language),
            "until": f"{self._date(until.date())} {until:%H:%M}",
            "code": kept.code,
            "url": f"{self.floor.settings.address}/waitlist",
        }
        return self._wording(Template.SEAT_KEPT, whose, **values)

    async def draw_lost(self, conn: Connection, whose: Account, news: draw.DrawLost) -> Wording:
        """What to say to those to whom no seat fell."""
        values = {
            "district": (await places.district(conn, news.district_id)).name_in(whose.language),
            "number": news.entry_id,
            "url": f"{self.floor.settings.address}/draws/{news.draw_id}",
        }
        return self._wording(Template.DRAW_LOST, whose, **values)

    def otp(self, mobile: str, language: str, code: str, minutes: int, *, spoken: bool = False) -> Wording:
        """A one-time password, for so many minutes; a spoken one is to be told to an operator."""
        whose = Account(mobile, self.texts.language(language), {})
        template = Template.OTP_SPOKEN if spoken else Template.OTP
        return self._wording(template, whose, code=code, minutes=minutes)

    def staff_link(self, contact: str, language: str, url: str, hours: int) -> Wording:
        """A link by which somebody joins the staff, or chooses another password."""
        return self._wording(
            Template.STAFF_LINK, Account(contact, self.texts.language(language), {}), url=url, hours=hours
        )

    def developer(self, template: Template, owner: identity.KeyOwner, **values: object) -> Wording:
        """What a developer is told of a key, by e-mail."""
        return self._wording(template, Account(owner.contact, self.texts.language(owner.language), {}), **values)

    def assisted(self, whose: Account, operator: str, on: date) -> Wording:
        """What to say of an operator who acted for a household."""
        values = {"operator": operator, "date": self._date(on), "url": self.floor.settings.address}
        return self._wording(Template.ASSISTED, whose, **values)

    def _wording(self, template: Template, whose: Account, **values: object) -> Wording:
        text = self.texts.render(template, whose.language, **values)
        return Wording(template, whose.language, whose.mobile, text)

    async def _seat_values(self, conn: Connection, seat: BookedSeat, language: str) -> dict[str, object]:
        centre = await places.read_centre(conn, seat.centre_id)
        vaccine = (await programme.current_programme(conn)).vaccines.get(seat.vaccine_id)
        return {
            "vaccine": vaccine.name_l.get(language) or vaccine.name if vaccine else seat.vaccine_id,
            "date": self._date(seat.held_on),
            "slot": f"{seat.starts_at:%I:%M%p}-{seat.ends_at:%I:%M%p}",
            "centre": centre.name_in(language),
            "district": (await places.district(conn, centre.district_id)).name_in(language),
            "reason": seat.withdrawn_reason or "-",
            "url": self.floor.settings.address,
        }

    def _member(self, person: Beneficiary, language: str) -> str:
        values = {"reference": person.reference_id, "secret_code": person.secret_code}
        return self.texts.render(Template.MEMBER, language, **values)

    def _date(self, day: date) -> str:
        return day.strftime(self.floor.country.date_format)
