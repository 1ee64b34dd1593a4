"""Reaching: one piece of news goes to a household by all its ways; by SMS too, or only where the others failed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.notifications import address_queries, spare_queries
from opencowin.notifications.gateways import Carriage
from opencowin.notifications.model import Draft, Medium, Priority
from opencowin.notifications.sealed import RECIPIENT
from opencowin.notifications.sending import write
from opencowin.notifications.stopping import stop_link
from opencowin.notifications.templates import Template, Texts

SPARE = "message.spare"
WAIT = timedelta(minutes=15)
"""How long the other ways have before an SMS goes too."""
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Reach:
    """By what else than its number a household is reached, and whether it wants an SMS last."""

    ways: tuple[tuple[Medium, str], ...] = ()
    sms_last: bool = False


async def reaches(conn: Connection, floor: Floor, accounts: Sequence[UUID]) -> Mapping[UUID, Reach]:
    """How households are reached; those that are missing by SMS alone."""
    found: dict[UUID, Reach] = {}
    for one in await address_queries.ways_of(conn, accounts):
        known = found.get(one.account_id, Reach())
        if one.medium == Medium.SMS:
            found[one.account_id] = replace(known, sms_last=True)
        else:
            way = (Medium(one.medium), floor.keyring.open(one.address_sealed, RECIPIENT))
            found[one.account_id] = replace(known, ways=(*known.ways, way))
    return found


async def drafts_for(  # noqa: PLR0917 (said in one breath: this news, for whoever is reached so)
    conn: Connection, floor: Floor, carriage: Carriage, texts: Texts, draft: Draft, reach: Reach
) -> list[Draft]:
    """The messages that carry a piece of news, which is worded for the SMS: one for each way. Where the household wants
    an SMS last, that one is kept back until it is known what became of the others."""
    copies = [_copy(floor, texts, draft, medium, address) for medium, address in reach.ways]
    if not draft.address:
        return copies
    if not (copies and reach.sms_last):
        return [draft, *copies]
    now = floor.clock.now()
    begins = carriage.quiet.until(floor.clock.local(now)) if draft.priority <= Priority.MANY else now
    causes = [one.cause_id for one in copies]
    sealed = floor.keyring.seal(_written(draft), SPARE)
    await spare_queries.keep(conn, draft.cause_id, causes, sealed, now, begins + WAIT)
    return copies


async def settle_spares(conn: Connection, floor: Floor, carriage: Carriage) -> int:
    """Write the SMS that turned out to be needed, and forget the others; how many were written."""
    settled = await spare_queries.take_settled(conn, floor.clock.now(), AT_ONCE)
    needed = [_read(one.cause_id, floor.keyring.open(one.draft_sealed, SPARE)) for one in settled if one.is_needed]
    return await write(conn, floor, carriage, needed)


def _copy(floor: Floor, texts: Texts, draft: Draft, medium: Medium, address: str) -> Draft:
    text = draft.text
    if medium is Medium.EMAIL:
        foot = texts.render(Template.MAIL_FOOT, draft.language, url=stop_link(floor, address))
        text = f"{text}\n\n-- \n{foot}"
    return replace(draft, cause_id=uuid5(draft.cause_id, address), address=address, medium=medium, text=text)


def _written(draft: Draft) -> str:
    facts = {
        "template": draft.template.value,
        "language": draft.language,
        "address": draft.address,
        "text": draft.text,
        "caused_at": draft.caused_at.isoformat(),
        "expires_at": draft.expires_at.isoformat() if draft.expires_at else "",
        "priority": draft.priority.value,
    }
    return json.dumps(facts, ensure_ascii=False)


def _read(cause_id: UUID, written: str) -> Draft:
    facts = json.loads(written)
    return Draft(
        cause_id,
        Template(facts["template"]),
        facts["language"],
        facts["address"],
        facts["text"],
        datetime.fromisoformat(facts["caused_at"]),
        datetime.fromisoformat(facts["expires_at"]) if facts["expires_at"] else None,
        priority=Priority(facts["priority"]),
    )
