"""The reception: in each process, sign-ins that come together share transactions, and each is answered after its own.

The rules are those of `request_otp` and `confirm_otp`. What only few calls meet (a number that asks twice, a limit that
is used up, a wrong code) is left to these, each in a transaction of its own.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from opencowin.identity import reception_queries as queries
from opencowin.identity.accounts import MOBILE, known_language
from opencowin.identity.model import OTP_REQUESTED, Confirmed, OtpPurpose
from opencowin.identity.one_time import confirm_otp, is_right, new_otp, request_limits, request_otp, wrong_tries
from opencowin.identity.queries import OtpRow
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.kit.limits import count_uses, uses_of
from opencowin.kit.sharing import Alone, Sharing, Told, Transaction


@dataclass(frozen=True, slots=True)
class _Wish:
    """A one-time password, please."""

    mobile: str | int
    address: str
    language: str


@dataclass(frozen=True, slots=True)
class _Proof:
    """A code that is shown."""

    otp_hash: str
    txn_id: UUID
    address: str


class Reception:
    """Answers as `request_otp` and `confirm_otp` do, for signing in."""

    def __init__(self, floor: Floor, transaction: Transaction) -> None:
        """A reception whose transactions are these; the settings say how many calls may wait."""
        room = floor.settings.sign_in_room
        self._wishes = Sharing(floor, transaction, _request_together, _request_alone, room=room)
        self._proofs = Sharing(floor, transaction, _confirm_together, _confirm_alone, room=room)

    async def request_otp(self, mobile: str | int, *, address: str, language: str) -> UUID:
        """Have a password sent and commit. Raises what `request_otp` raises, and Unavailable when too many wait."""
        return await self._wishes(_Wish(mobile, address, language))

    async def confirm_otp(self, otp_hash: str, txn_id: UUID, *, address: str) -> Confirmed:
        """Confirm one and commit. Raises what `confirm_otp` raises, and Unavailable when too many wait."""
        return await self._proofs(_Proof(otp_hash, txn_id, address))


async def _request_alone(conn: Connection, floor: Floor, wish: _Wish) -> UUID:
    return await request_otp(conn, floor, wish.mobile, address=wish.address, language=wish.language)


async def _confirm_alone(conn: Connection, floor: Floor, proof: _Proof) -> Confirmed:
    return await confirm_otp(conn, floor, proof.otp_hash, proof.txn_id, address=proof.address)


async def _request_together(conn: Connection, floor: Floor, wishes: Sequence[_Wish]) -> list[Told[UUID]]:
    """A password for each number that has not asked lately, within the limits; in their order."""
    answers: list[Told[UUID]] = [Alone()] * len(wishes)
    numbers: dict[bytes, tuple[int, str]] = {}
    for at, wish in enumerate(wishes):
        try:
            number = floor.country.normalise_mobile(wish.mobile)
        except Refusal as no:
            answers[at] = no
            continue
        numbers.setdefault(floor.keyring.index(number, MOBILE), (at, number))
    await queries.hold_numbers(conn, list(numbers))
    now = floor.clock.now()
    lately = await queries.asked_since(conn, list(numbers), now - timedelta(seconds=floor.settings.otp_resend_seconds))
    limits = {
        one: request_limits(floor, one, wishes[at].address) for one, (at, _) in numbers.items() if one not in lately
    }
    every = list(dict.fromkeys(limit.key for both in limits.values() for limit in both))
    used = Counter(dict(zip(every, await uses_of(conn, floor.keyring, floor.clock, every), strict=True)))
    taken: Counter[tuple[str, timedelta]] = Counter()
    made = []
    for one, both in limits.items():
        if all(used[limit.key] + taken[limit.key] < limit.most for limit in both):
            at, number = numbers[one]
            taken.update(limit.key for limit in both)
            made.append(new_otp(floor, number, purpose=OtpPurpose.SIGN_IN, language=wishes[at].language, now=now))
            answers[at] = made[-1][0].txn_id
    # Numbers before addresses, which many share: the order of every other call.
    ordered = sorted(taken, key=lambda key: (key[0].startswith("otp-address"), key))
    await count_uses(conn, floor.keyring, floor.clock, {key: taken[key] for key in ordered})
    await queries.insert_otps(conn, [row for row, _ in made])
    await OTP_REQUESTED.enqueue(conn, *(news for _, news in made))
    return answers


async def _confirm_together(conn: Connection, floor: Floor, proofs: Sequence[_Proof]) -> list[Told[Confirmed]]:
    """Confirm those that are right, one for each number; in their order."""
    answers: list[Told[Confirmed]] = [Alone()] * len(proofs)
    rows = {row.txn_id: row for row in await queries.hold_otps(conn, [proof.txn_id for proof in proofs])}
    now = floor.clock.now()
    right: dict[bytes, tuple[int, OtpRow]] = {}
    for at, proof in enumerate(proofs):
        row = rows.get(proof.txn_id)
        if row is not None and is_right(floor, row, proof.txn_id, proof.otp_hash, OtpPurpose.SIGN_IN, now):
            right.setdefault(row.mobile_hash, (at, row))
    limits = {one: wrong_tries(floor, row, proofs[at].address) for one, (at, row) in right.items()}
    every = list(dict.fromkeys(limit.key for some in limits.values() for limit in some))
    used = dict(zip(every, await uses_of(conn, floor.keyring, floor.clock, every), strict=True))
    good = {
        one: found
        for one, found in right.items()
        if all(used[limit.key] < limit.most for limit in limits[one]) and found[1].detail_sealed is None
    }
    opened = await _accounts(conn, floor, [row for _, row in good.values()])
    await queries.spend_otps(conn, [good[one][1].txn_id for one in opened], now)
    for one, (account, is_new) in opened.items():
        at, row = good[one]
        number = floor.keyring.open(row.mobile_sealed, MOBILE)
        answers[at] = Confirmed(account, is_new, number, OtpPurpose.SIGN_IN, None)
    return answers


async def _accounts(conn: Connection, floor: Floor, rows: Sequence[OtpRow]) -> dict[bytes, tuple[UUID, bool]]:
    """The account of each number, made where there is none, signed in to; and whether it is new."""
    fresh, now = {row.mobile_hash: uuid4() for row in rows}, floor.clock.now()
    new = await queries.reserve_mobiles(conn, fresh)
    known = await queries.accounts_of_hashes(conn, [one for one in fresh if one not in new])
    seal = floor.keyring.seal
    await queries.insert_accounts(
        conn,
        [
            queries.NewAccount(
                fresh[row.mobile_hash],
                seal(floor.keyring.open(row.mobile_sealed, MOBILE), MOBILE),
                known_language(floor, row.language),
            )
            for row in rows
            if row.mobile_hash in new
        ],
        now,
    )
    await queries.note_sign_ins(conn, list(known.values()), now)
    return {one: (fresh[one], True) for one in new} | {one: (account, False) for one, account in known.items()}
