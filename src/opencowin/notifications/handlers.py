"""What the worker does when something happened that people are told: word it, write it, send it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import orjson

from opencowin import alerts, cases, certificates, draw, feeds, identity, scheduling, talks, waitlist
from opencowin.kit.db import Connection, Pool, transaction
from opencowin.kit.floor import Floor
from opencowin.kit.jobs import Handler, Job
from opencowin.notifications import queries
from opencowin.notifications.gateways import read_carriage
from opencowin.notifications.model import Draft, Medium, Priority
from opencowin.notifications.reaching import Reach, drafts_for, reaches
from opencowin.notifications.reminding import DOSE_DUE, REMINDED, DoseDue
from opencowin.notifications.sending import Scribe, write
from opencowin.notifications.templates import Template, read_texts
from opencowin.notifications.wording import Wording, Writer

CAUSES = UUID("7c1d4e0a-6a0b-5d6e-9a44-6f70656e6377")
ANSWER_LASTS = timedelta(minutes=15)
LIVE = frozenset({"pending", "confirmed"})
EVERY = LIVE | {"given", "released"}


def handlers(pool: Pool, floor: Floor, scribe: Scribe | None = None) -> list[Handler]:
    """The handlers of this room, which write through the scribe of this process. Raises PackBroken when the country
    pack's texts or the operator's file of gateways are not complete."""
    scribe = scribe or Scribe(pool, floor, read_carriage(floor))
    desk = Desk(pool, floor, Writer(floor, read_texts(floor.pack, floor.country.default_language)), scribe)
    return [
        Handler(identity.OTP_REQUESTED, desk.on_otp_requested),
        Handler(identity.STAFF_INVITED, desk.on_staff_invited),
        Handler(identity.KEY_DECIDED, desk.on_key_decided),
        Handler(feeds.WEBHOOK_OFF, desk.on_webhook_off),
        Handler(identity.ASSISTED, desk.on_assisted),
        Handler(scheduling.BOOKED, desk.on_booking(scheduling.BOOKED, Template.BOOKED, LIVE)),
        Handler(scheduling.MOVED, desk.on_booking(scheduling.MOVED, Template.MOVED, LIVE)),
        Handler(scheduling.CANCELLED, desk.on_booking(scheduling.CANCELLED, Template.CANCELLED, EVERY)),
        Handler(scheduling.WITHDRAWN, desk.on_withdrawn),
        Handler(scheduling.SEATS_OFFERED, desk.on_seats_offered),
        Handler(certificates.CERTIFICATE_ISSUED, desk.on_certificate_issued),
        Handler(certificates.CERTIFICATE_REVOKED, desk.on_certificate_revoked),
        Handler(cases.CASE_MOVED, desk.on_case_moved),
        Handler(talks.ANSWERED, desk.on_answered),
        Handler(REMINDED, desk.on_booking(REMINDED, Template.REMINDER, LIVE, Priority.MANY)),
        Handler(DOSE_DUE, desk.on_dose_due),
        Handler(draw.DRAW_LOST, desk.on_draw_lost),
    ]


def cause(job: Job[Any], news: object) -> UUID:
    """The identity of what a job tells: the same facts, the same cause."""
    return uuid5(CAUSES, job.name + orjson.dumps(news, option=orjson.OPT_SORT_KEYS).decode())


@dataclass(frozen=True, slots=True)
class Desk:
    """Turns jobs into messages: worded in one transaction, written in another, and then handed on."""

    pool: Pool
    floor: Floor
    writer: Writer
    scribe: Scribe

    async def on_otp_requested(self, news: identity.OtpRequested) -> None:
        """Send a one-time password while it is good."""
        mobile, code = identity.open_otp_request(self.floor, news)
        minutes = max(1, int((news.expires_at - news.caused_at).total_seconds()) // 60)
        said = self.writer.otp(mobile, news.language, code, minutes, spoken=news.spoken)
        await self.scribe.deliver(_draft(news.txn_id, said, news.caused_at, news.expires_at, Priority.URGENT))

    async def on_staff_invited(self, news: identity.StaffInvited) -> None:
        """Send a link by which somebody joins the staff, to a number or an e-mail address, while it is good."""
        contact, url, is_email = identity.open_staff_invited(self.floor, news)
        hours = max(1, int((news.expires_at - news.caused_at).total_seconds()) // 3600)
        said = self.writer.staff_link(contact, news.language, url, hours)
        draft = _draft(news.invitation_id, said, news.caused_at, news.expires_at, Priority.URGENT)
        await self.scribe.deliver(replace(draft, medium=Medium.EMAIL if is_email else Medium.SMS))

    async def on_key_decided(self, news: identity.KeyDecided) -> None:
        """Tell a developer that the key is granted, with the link that makes it, or refused."""
        contact, link = identity.open_key_decided(self.floor, news)
        owner = identity.KeyOwner(contact, news.language)
        if link:
            days = (news.until - news.happened_at).days
            said = self.writer.developer(Template.KEY_GRANTED, owner, url=link, days=days)
        else:
            url = f"{self.floor.settings.address}/developers"
            said = self.writer.developer(Template.KEY_REFUSED, owner, url=url)
        draft = _draft(news.request_id, said, news.happened_at, news.until)
        await self.scribe.deliver(replace(draft, medium=Medium.EMAIL))

    async def on_webhook_off(self, news: feeds.WebhookOff) -> None:
        """Tell who asked for a key that an address is not called any more; keys of the operator have nobody to tell."""
        async with transaction(self.pool) as conn:
            owner = await identity.owner_of_key(conn, self.floor, news.key_id)
        if owner is not None:
            url = f"{self.floor.settings.address}/developers"
            said = self.writer.developer(Template.WEBHOOK_OFF, owner, answer=news.answer, url=url)
            draft = _draft(cause(feeds.WEBHOOK_OFF, news), said, news.happened_at)
            await self.scribe.deliver(replace(draft, medium=Medium.EMAIL))

    async def on_answered(self, news: talks.Answered) -> None:
        """Send what a talk answered by SMS, while the talk lasts."""
        mobile, answer = talks.open_answer(self.floor, news)
        text = self.writer.texts.render(Template.ANSWER, news.language, text=answer)
        said = Wording(Template.ANSWER, self.writer.texts.language(news.language), mobile, text)
        draft = _draft(news.cause_id, said, news.happened_at, news.happened_at + ANSWER_LASTS, Priority.URGENT)
        await self.scribe.deliver(draft)

    async def on_assisted(self, news: identity.Assisted) -> None:
        """Tell a household which operator acted for it; what was booked is told by itself."""

        async def word(conn: Connection) -> Wording | None:
            whose = await self.writer.account(conn, news.account_id)
            return self.writer.assisted(whose, news.operator, self.floor.clock.local(news.happened_at).date())

        await self._tell(news.account_id, cause(identity.ASSISTED, news), news.happened_at, word)

    async def on_certificate_issued(self, news: certificates.CertificateIssued) -> None:
        """Tell that a certificate is ready and when the next dose is due."""

        async def word(conn: Connection) -> Wording | None:
            whose = await self.writer.account(conn, news.account_id)
            return await self.writer.certificate(conn, whose, news.beneficiary_id, news.dose_number)

        await self._tell(news.account_id, cause(certificates.CERTIFICATE_ISSUED, news), self.floor.clock.now(), word)

    async def on_certificate_revoked(self, news: certificates.CertificateRevoked) -> None:
        """Tell that a certificate stands no longer, why, and where to turn."""

        async def word(conn: Connection) -> Wording | None:
            reason = await certificates.why_revoked(conn, news.certificate_id) or ""
            whose = await self.writer.account(conn, news.account_id)
            return self.writer.revoked(whose, news.beneficiary_id, (news.certificate_id, news.dose_number), reason)

        await self._tell(news.account_id, cause(certificates.CERTIFICATE_REVOKED, news), self.floor.clock.now(), word)

    async def on_withdrawn(self, news: scheduling.BookingNews) -> None:
        """Tell that a session will not take place, and which one near by has seats."""

        async def word(conn: Connection) -> Wording | None:
            claims = await queries.claims(conn, news.account_id, news.claim_ids)
            ended = [one for one in claims if one.state in EVERY]
            offer = None
            if ended:
                first = ended[0]
                offer = await scheduling.nearest_replacement(conn, self.floor, first.session_id, first.dose_number)
            whose = await self.writer.account(conn, news.account_id)
            return await self.writer.booking(conn, Template.WITHDRAWN, whose, ended, offer)

        await self._tell(news.account_id, cause(scheduling.WITHDRAWN, news), news.happened_at, word)

    async def on_seats_offered(self, news: scheduling.SeatsOffered) -> None:
        """First to those in line, for whom seats are kept; then tell those who want to hear of such seats.

        Whom the line or the lot chose, and what they are told, is kept together.
        """
        for session_id in news.session_ids:
            async with transaction(self.pool) as conn:
                await write(conn, self.floor, self.scribe.carriage, await self._kept_seats(conn, session_id))
                if await alerts.nobody_waits(conn):
                    continue
                found = await alerts.alert_round(conn, self.floor, session_id)
                if found is not None:
                    await write(conn, self.floor, self.scribe.carriage, await self._alerts(conn, session_id, found))
            self.scribe.written.set()

    async def _kept_seats(self, conn: Connection, session_id: UUID) -> list[Draft]:
        drafts, now = [], self.floor.clock.now()
        told_at = self.scribe.carriage.quiet.until(self.floor.clock.local(now))
        made = await waitlist.offer_round(conn, self.floor, session_id, told_at)
        reached = await reaches(conn, self.floor, [one.account_id for one in made])
        accounts = await self.writer.told(conn, [one.account_id for one in made])
        for one in made:
            whose = accounts[one.account_id]
            session = await scheduling.read_session(conn, session_id)
            said = await self.writer.seat_kept(conn, session, whose, one)
            about = uuid5(CAUSES, f"seat kept {session_id} {one.waiting_id}")
            draft = _draft(about, said, now, one.until, Priority.MANY)
            drafts += await self._by_all_ways(conn, draft, reached.get(one.account_id))
        return drafts

    async def _alerts(self, conn: Connection, session_id: UUID, found: alerts.AlertRound) -> list[Draft]:
        """In the order of the lot, whatever the ways by which a household is reached."""
        drafts, now = [], self.floor.clock.now()
        say, households = await self.writer.slot_alert(conn, found.offered), [one.account_id for one in found.people]
        reached = await reaches(conn, self.floor, households)
        accounts = await self.writer.told(conn, households)
        for one in found.people:
            if (whose := accounts.get(one.account_id)) is None:
                continue
            said = say(whose, one.code)
            alert = uuid5(CAUSES, f"{session_id} {one.account_id}")
            draft = _draft(alert, said, now, found.until, Priority.MANY)
            drafts += await self._by_all_ways(conn, draft, reached.get(one.account_id))
        return drafts

    async def on_case_moved(self, news: cases.CaseNews) -> None:
        """Tell one side of a case that it moved on."""

        async def word(conn: Connection) -> Wording | None:
            return self.writer.case(await self.writer.account(conn, news.account_id), news)

        await self._tell(news.account_id, cause(cases.CASE_MOVED, news), news.happened_at, word)

    def on_booking(
        self,
        job: Job[scheduling.BookingNews],
        template: Template,
        states: frozenset[str],
        priority: Priority = Priority.OWN,
    ) -> Callable[[scheduling.BookingNews], Awaitable[None]]:
        """The handler of a job about claims of a booking: it speaks of those that are in these states by now."""

        async def on_news(news: scheduling.BookingNews) -> None:
            async def word(conn: Connection) -> Wording | None:
                claims = await queries.claims(conn, news.account_id, news.claim_ids)
                whose = await self.writer.account(conn, news.account_id)
                return await self.writer.booking(conn, template, whose, [one for one in claims if one.state in states])

            await self._tell(news.account_id, cause(job, news), news.happened_at, word, priority)

        return on_news

    async def on_dose_due(self, news: DoseDue) -> None:
        """Remind somebody of a dose that may be given now, where that is still so."""

        async def word(conn: Connection) -> Wording | None:
            whose = await self.writer.account(conn, news.account_id)
            return await self.writer.dose_due(conn, whose, news.beneficiary_id, news.dose_number)

        about = uuid5(CAUSES, f"{DOSE_DUE.name} {news.beneficiary_id} {news.dose_number}")
        await self._tell(news.account_id, about, news.happened_at, word, Priority.MANY)

    async def on_draw_lost(self, news: draw.DrawLost) -> None:
        """Tell a household that no seat fell to an entry of its."""

        async def word(conn: Connection) -> Wording | None:
            return await self.writer.draw_lost(conn, await self.writer.account(conn, news.account_id), news)

        about = uuid5(CAUSES, f"{draw.DRAW_LOST.name} {news.entry_id}")
        await self._tell(news.account_id, about, news.happened_at, word, Priority.MANY)

    async def _tell(
        self,
        account_id: UUID,
        cause_id: UUID,
        caused_at: datetime,
        word: Callable[[Connection], Awaitable[Wording | None]],
        priority: Priority = Priority.OWN,
    ) -> None:
        """By all ways of the household. An account that a national ID opened has no number."""
        async with transaction(self.pool) as conn:
            said = await word(conn)
            if said is None:
                return
            reached = await reaches(conn, self.floor, [account_id])
            draft = _draft(cause_id, said, caused_at, priority=priority)
            drafts = await self._by_all_ways(conn, draft, reached.get(account_id))
        for one in drafts:
            await self.scribe.deliver(one)

    async def _by_all_ways(self, conn: Connection, draft: Draft, reach: Reach | None) -> list[Draft]:
        carriage, texts = self.scribe.carriage, self.writer.texts
        return await drafts_for(conn, self.floor, carriage, texts, draft, reach or Reach())


def _draft(
    cause_id: UUID,
    said: Wording,
    caused_at: datetime,
    expires_at: datetime | None = None,
    priority: Priority = Priority.OWN,
) -> Draft:
    return Draft(
        cause_id, said.template, said.language, said.mobile, said.text, caused_at, expires_at, priority=priority
    )
