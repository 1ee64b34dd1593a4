"""What the platform finds by itself: a document registered twice, and records that are likely of one person."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid5

from opencowin.cases import finding_queries, queries
from opencowin.cases.model import CaseKind, NewCase, Wish
from opencowin.cases.raising import about, new_row
from opencowin.cases.steps import DETAILS
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.registry import NoSuchBeneficiary, complete_likenesses, find_person, take_duplicates, typed_facts

PAIRS = "merges"
ATTEMPTS = UUID("2f0a7b1c-6d0b-5c2e-8e37-9d6f70656e63")
AT_ONCE, WINDOW, PER_PERSON = 200, 20_000, 3
OVERLAP = timedelta(seconds=30)
"""What a transaction wrote that was committed late is looked at again."""
FOUND_ALIKE = "Found by the platform: two records whose names sound alike."
FOUND_DOCUMENT = "Found by the platform: an identity document that is registered already was registered again."


async def find_merges(conn: Connection, floor: Floor) -> int:
    """Open merge cases for records that changed since the last time and are alike; how many."""
    await complete_likenesses(conn, floor)
    since = await finding_queries.found_until(conn, PAIRS)
    until = await finding_queries.end_of_window(conn, since, WINDOW) or since
    if until is None:
        return 0
    details = floor.keyring.seal(FOUND_ALIKE, DETAILS)
    opened = await finding_queries.open_merges(
        conn,
        since and since - OVERLAP,
        until,
        details=details,
        per_person=PER_PERSON,
        now=floor.clock.now(),
    )
    await finding_queries.note_until(conn, PAIRS, until)
    return opened


async def open_duplicates(conn: Connection, floor: Floor) -> int:
    """Open a case for each second registration of a document: one for a record and an account; how many."""
    opened = 0
    for attempt in await take_duplicates(conn, floor, AT_ONCE):
        if attempt.reference_id is None:
            continue
        try:
            person = await find_person(conn, attempt.reference_id)
        except NoSuchBeneficiary:
            continue
        case_id = uuid5(ATTEMPTS, f"{attempt.reference_id}/{attempt.account_id}")
        if person.account_id == attempt.account_id or await queries.identified(conn, case_id) is not None:
            continue
        new = NewCase(case_id, CaseKind.SAME_DOCUMENT, FOUND_DOCUMENT, attempt.reference_id)
        row = new_row(floor, person.account_id, new, Wish(typed=typed_facts(floor, attempt)))
        row = await about(conn, row, person, attempt.reference_id)
        opened += await queries.insert(conn, replace(row, source="system", other_account_id=attempt.account_id))
    return opened
