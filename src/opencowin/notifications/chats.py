"""Chats: what people write to our bot or number is heard and answered there; for a household only where it proved it.

Whoever writes is a stranger until a household has proved that address to be its own: a stranger may look where seats
are free, and is told how to prove. What ends alerts or messages is always heard.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from opencowin import alerts, identity, scheduling, talks
from opencowin.alerts import Keyword
from opencowin.kit.actor import Actor, system
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.kit.i18n import Catalogues
from opencowin.kit.limits import count_use
from opencowin.notifications import addresses
from opencowin.notifications.channels.delivery import Heard
from opencowin.notifications.gateways import Carriage, Gateway
from opencowin.notifications.model import Draft, Medium, Priority
from opencowin.notifications.sending import write
from opencowin.notifications.templates import Template, Texts

START = re.compile(r"/start(?:@\w+)?(?:\s+(\S+))?\s*", re.IGNORECASE)
TO_A_BOT = re.compile(r"^(/\w+)@\w+")
"""A command that names the bot, as in groups."""
ALL = "ALL"
"""STOP ALL: nothing more is sent there."""
MOST_ANSWERS, AN_HOUR = 60, timedelta(hours=1)
ANSWER_LASTS = timedelta(minutes=15)
MOST_LETTERS = 2000
MOST_SESSIONS, DAYS = 10, 14
NO_MORE = "Nothing more is sent to this address."
WELCOME = (
    "Messages for your household come here from now on. You can also write: FIND or ALERT with a PIN code, STATUS, or"
    " STOP. STOP ALL ends all messages here."
)
TO_STRANGERS = (
    "FIND and a PIN code tells where seats are free. For alerts and messages of your household, add this chat at {url}"
)
CHAT_TEXTS = (NO_MORE, WELCOME, TO_STRANGERS)
"""What only chats say."""


@dataclass(frozen=True, slots=True)
class Ear:
    """What hearing needs: where it is heard, and what is answered in."""

    floor: Floor
    carriage: Carriage
    catalogues: Catalogues
    texts: Texts
    gateway: Gateway

    @property
    def medium(self) -> Medium:
        """By what people write."""
        return self.gateway.medium

    @property
    def actor(self) -> Actor:
        """Who hears."""
        return system(f"gateway {self.gateway.name}")


async def hear(conn: Connection, ear: Ear, heard: Heard) -> bool:
    """Do what somebody wrote, and write the answer; False where there is none."""
    if not heard.address or not heard.text.strip():
        return False
    text = TO_A_BOT.sub(r"\1", heard.text.strip()[:MOST_LETTERS])
    used = await count_use(conn, ear.floor.keyring, ear.floor.clock, f"chat:{ear.medium}:{heard.address}", AN_HOUR)
    stops = alerts.stop_code(ear.floor, text)
    if used > MOST_ANSWERS and stops is None:
        return False
    accounts = await addresses.accounts_at(conn, ear.floor, ear.medium, heard.address)
    if stops is not None:
        said, language = await _stop(conn, ear, heard, accounts, stops)
    elif (start := START.fullmatch(text)) and start[1]:
        said, language = await _prove(conn, ear, heard, start[1])
    elif accounts and not start:
        said, language = await _talk(conn, ear, heard.address, accounts[0], text)
    else:
        said, language = await _to_a_stranger(conn, ear, heard, text)
    if used > MOST_ANSWERS:
        return False
    now = ear.floor.clock.now()
    draft = Draft(
        uuid4(), Template.ANSWER, language, heard.address, said, now, now + ANSWER_LASTS, ear.medium, Priority.URGENT
    )
    return await write(conn, ear.floor, ear.carriage, [draft]) > 0


async def stop_by_mail(conn: Connection, floor: Floor, actor: Actor, sender: str, text: str) -> int:
    """End the alert whose code a letter from this address names; how many ended. Since anybody can write a letter in
    another's name, one without a code ends nothing: the link in each of ours does. Raises NotPermitted."""
    code = alerts.stop_code(floor, text)
    if not code:
        return 0
    accounts = await addresses.accounts_at(conn, floor, Medium.EMAIL, sender.strip().lower())
    return sum([await alerts.stop_for(conn, actor, account, code) for account in accounts])


async def _stop(conn: Connection, ear: Ear, heard: Heard, accounts: list[UUID], code: str) -> tuple[str, str]:
    language = await _language(conn, ear, heard, accounts)
    if code == ALL:
        await addresses.end_for_all(conn, ear.floor, ear.actor, ear.medium, heard.address)
        return ear.catalogues.text(NO_MORE, language), language
    ended = sum([await alerts.stop_for(conn, ear.actor, account, code) for account in accounts])
    return ear.catalogues.text("The alert is ended." if ended else "There is no such alert.", language), language


async def _prove(conn: Connection, ear: Ear, heard: Heard, token: str) -> tuple[str, str]:
    account = await addresses.prove_chat(conn, ear.floor, ear.actor, token, heard.address)
    if account is None:
        language = await _language(conn, ear, heard, [])
        return ear.catalogues.refusal(addresses.ProofWrong(), language), language
    language = await _language(conn, ear, heard, [account])
    return ear.catalogues.text(WELCOME, language), language


async def _talk(conn: Connection, ear: Ear, address: str, account: UUID, text: str) -> tuple[str, str]:
    chat = talks.Chat(f"{ear.medium}:{address}", f"gateway {ear.gateway.name}", text)
    said = await talks.hear_chat(conn, ear.floor, ear.catalogues, account, chat)
    return said.text, said.language


async def _to_a_stranger(conn: Connection, ear: Ear, heard: Heard, text: str) -> tuple[str, str]:
    """Where seats are free, for whoever asks; anything else is for households that have proved the chat."""
    language = await _language(conn, ear, heard, [])
    first, *rest = text.split() or [""]
    if alerts.keyword_of(ear.floor, first) is Keyword.FIND and rest:
        return await _free_at(conn, ear, "".join(rest), language), language
    url = f"{ear.floor.settings.address}/messages"
    return ear.catalogues.text(TO_STRANGERS, language).format(url=url), language


async def _free_at(conn: Connection, ear: Ear, words: str, language: str) -> str:
    floor = ear.floor
    try:
        pin = floor.country.postal_code.normalise(words)
    except Refusal as no:
        return ear.catalogues.refusal(no, language)
    wish = scheduling.Wish(from_date=floor.clock.today(), days=DAYS, pin_code=pin, only_free=True)
    found = [(view, one.centre) for one in await scheduling.find_sessions(conn, floor, wish) for view in one.sessions]
    lines = [
        f"{view.held_on.strftime(floor.country.date_format)} {centre.name_in(language)}, {view.vaccine_id}"
        f" {view.min_age}+ ({view.free_total})"
        for view, centre in sorted(found, key=lambda pair: (pair[0].held_on, pair[1].name))
    ]
    if not lines:
        return ear.catalogues.text(
            "Nothing is free here for this choice. Try other days, another vaccine, or a district nearby.", language
        )
    return "\n".join([*lines[:MOST_SESSIONS], f"{floor.settings.address}/find?pin={pin}"])


async def _language(conn: Connection, ear: Ear, heard: Heard, accounts: list[UUID]) -> str:
    """Of the household; of a stranger what the carrier tells, where the country has it."""
    if accounts:
        return await identity.account_language(conn, accounts[0])
    known = ear.floor.country.language(heard.language) if heard.language else None
    return known.code if known else ear.floor.country.default_language
