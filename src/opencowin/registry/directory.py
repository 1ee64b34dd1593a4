"""The directory of identity documents: one document registers once in the nation, a second attempt is kept."""

import json
from uuid import UUID

from opencowin.kit.actor import Actor, ActorKind
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.throttle import DAY, Limit, count_all, wait_for
from opencowin.registry import queries
from opencowin.registry.adding_queries import reserve_documents
from opencowin.registry.model import Facts, Person
from opencowin.registry.refusals import DocumentRegistered, TooManyDuplicates

ATTEMPT = "duplicate_attempt.facts"
DUPLICATES_PER_DAY = 20
"""Enough for honest mistakes of a household; too few to find out whose numbers are registered."""


async def enter(conn: Connection, document_hash: bytes | None, person: Person) -> Person | None:
    """Enter a document for this person: None when that is done, or else the person who holds it.

    A document whose number two persons may share (no hash) is not entered. Waits for a transaction that is entering or
    freeing the same document.
    """
    if document_hash is None:
        return None
    while not await reserve_documents(conn, {document_hash: person}):
        holder = await queries.holder_of_document(conn, document_hash)
        if holder is not None:
            return holder
    return None


async def duplicate(conn: Connection, floor: Floor, actor: Actor, account_id: UUID, facts: Facts) -> DocumentRegistered:
    """Keep the attempt for a human; the refusal to raise, which commits it. Raises TooManyDuplicates."""
    limits = [Limit(f"duplicate:{account_id}", DUPLICATES_PER_DAY, DAY)] if actor.kind is ActorKind.CITIZEN else []
    if wait := await wait_for(conn, floor, limits):
        raise TooManyDuplicates(retry_after=wait)
    await count_all(conn, floor, limits)
    assert facts.document_hash is not None
    typed = {"name": facts.name, "birth": str(facts.birth_date or facts.birth_year), "gender_id": facts.gender_id}
    sealed = floor.keyring.seal(json.dumps(typed, ensure_ascii=False), ATTEMPT)
    await queries.add_duplicate_attempt(conn, facts.document_hash, account_id, floor.clock.now(), sealed)
    return DocumentRegistered(field="photo_id_number")
