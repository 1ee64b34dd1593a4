"""A member goes to another mobile by consent of both sides: the household is signed in, the new number shows a code."""

from uuid import UUID

from opencowin.cases import queries
from opencowin.cases.model import Case, CaseKind, CaseState, NewCase, News, Wish
from opencowin.cases.moving import move_person
from opencowin.cases.raising import about, new_row
from opencowin.cases.refusals import ConsentElsewhere, OwnNumber
from opencowin.cases.steps import opened, step, tell
from opencowin.identity import OtpPurpose, account_mobile, confirm_otp, request_otp
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.registry import own_members


async def ask_for_transfer(
    conn: Connection, floor: Floor, actor: Actor, reference_id: int, mobile: str, *, language: str
) -> UUID:
    """Have a code sent to the number that a member shall go to; the transaction to confirm it under.

    Raises NotPermitted, NoSuchBeneficiary, InvalidMobile, OwnNumber, OtpWait, TooManyOtps.
    """
    actor.require(Permission.MANAGE_OWN_MEMBERS)
    await own_members(conn, floor, actor, [reference_id])
    number = floor.country.normalise_mobile(mobile)
    if number == await account_mobile(conn, floor, actor.own_account()):
        raise OwnNumber(field="mobile")
    return await request_otp(
        conn,
        floor,
        number,
        address=actor.address,
        purpose=OtpPurpose.TAKE_OVER_MEMBER,
        language=language,
        detail=_agreed(actor.own_account(), reference_id),
    )


async def transfer(
    conn: Connection, floor: Floor, actor: Actor, reference_id: int, *, otp_hash: str, txn_id: UUID, case_id: UUID
) -> Case:
    """Move a member to the number that showed the code: with doses, certificates and appointments, under a new code.

    Raises NotPermitted, NoSuchBeneficiary, InvalidOtp and TooManyWrongOtps (which keep the count), ConsentElsewhere,
    TooManyMembers.
    """
    actor.require(Permission.MANAGE_OWN_MEMBERS)
    if (done := await queries.identified(conn, case_id)) is not None and done.account_id == actor.own_account():
        return opened(floor, done)
    (member,) = await own_members(conn, floor, actor, [reference_id])
    confirmed = await confirm_otp(
        conn, floor, otp_hash, txn_id, address=actor.address, purpose=OtpPurpose.TAKE_OVER_MEMBER
    )
    if confirmed.detail != _agreed(actor.own_account(), reference_id):
        raise ConsentElsewhere
    new = NewCase(case_id, CaseKind.TRANSFER, "Transfer to another mobile", reference_id)
    row = await about(conn, new_row(floor, actor.own_account(), new, Wish()), member.person, reference_id)
    await queries.insert(conn, row)
    await step(conn, floor, actor, row, CaseState.RAISED)
    await move_person(conn, floor, actor, member.person, confirmed.account_id, reason=f"case {row.case_number}")
    await step(conn, floor, actor, row, CaseState.DONE)
    await tell(conn, floor, row, confirmed.account_id, News.DONE, 0)
    found = await queries.identified(conn, case_id)
    assert found is not None
    return opened(floor, found)


def _agreed(account_id: UUID, reference_id: int) -> str:
    """What the holder of the new number agrees to by showing the code."""
    return f"{account_id}/{reference_id}"
