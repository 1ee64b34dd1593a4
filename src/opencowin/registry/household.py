"""What a household does: register members, change them, remove them, and see them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from opencowin.kit import audit
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.registry import directory, queries
from opencowin.registry.adding import add, count_registration, is_same_person
from opencowin.registry.checks import check
from opencowin.registry.model import Beneficiary, Channel, Facts, Person, Registration
from opencowin.registry.proof import Proof
from opencowin.registry.refusals import (
    MemberLocked,
    NoSuchBeneficiary,
    PriorityGroupUnproven,
    TooManyMembers,
)
from opencowin.registry.sealing import (
    DOCUMENT,
    NAME,
    SECRET_CODE,
    BeneficiaryRow,
    empty_facts,
    open_row,
    seal_facts,
)


async def register(
    conn: Connection,
    floor: Floor,
    actor: Actor,
    account_id: UUID,
    registration: Registration,
    *,
    channel: Channel = Channel.SELF,
    proof: Proof | None = None,
) -> Beneficiary:
    """Register a person in the household of an account; the same registration sent again answers the same person.

    Facts that the proof confirms are marked so. Raises NotPermitted, PriorityGroupUnproven, TooManyMembers,
    DocumentRegistered (keeps the attempt), TooManyDuplicates, and what `checks.check` raises.
    """
    permit(actor, account_id, registration, channel)
    facts = check(floor, registration)
    person = Person(account_id, uuid4())
    row = await _twin_by_document(conn, floor, actor, person, facts)
    if row is None:
        row = await _add(conn, floor, person, facts, channel)
    if proof is not None and _is_proven(floor, row, proof):
        row = await _mark(conn, floor, actor, row, proof)
    if not _is_own(actor, account_id):
        subject = ("beneficiary", row.beneficiary_id)
        await audit.record(conn, actor, "registry.register", subject=subject, reason=channel.value)
    return open_row(floor.keyring, row)


async def has_room(conn: Connection, floor: Floor, account_id: UUID) -> bool:
    """Whether one more member may be registered with this account."""
    return len(await queries.live_members(conn, account_id)) < floor.settings.members_per_mobile


async def edit(
    conn: Connection,
    floor: Floor,
    actor: Actor,
    reference_id: int,
    registration: Registration,
    *,
    keep_document: bool = False,
) -> Beneficiary:
    """Replace the facts of a member of one's own household, until the first dose. Priority groups stay as they are,
    and so does the document where that is asked.

    Raises NoSuchBeneficiary, MemberLocked, DocumentRegistered (keeps the attempt), and what `checks.check` raises.
    """
    row = await _hold_own(conn, actor, reference_id)
    if keep_document:
        number = floor.keyring.open(row.document_sealed, DOCUMENT)
        registration = replace(registration, document_type_id=row.document_type_id, document_number=number)
    facts = check(floor, replace(registration, priority_groups=tuple(row.priority_groups)))
    if facts.document_hash != row.document_hash:
        await _change_document(conn, floor, actor, row, facts)
    same = is_same_person(floor, row, facts) and facts.gender_id == row.gender_id
    sealed = seal_facts(floor.keyring, facts)
    await queries.change_beneficiary(conn, row.person, facts, sealed, floor.clock.now(), stays_confirmed=same)
    if (facts.gender_id, facts.birth_year) != (row.gender_id, row.birth_year):
        await count_registration(conn, floor, row, amount=-1)
        after = replace(row, gender_id=facts.gender_id, birth_year=facts.birth_year)
        await count_registration(conn, floor, after, amount=1)
    return open_row(floor.keyring, await row_of(conn, row.person))


async def remove(conn: Connection, floor: Floor, actor: Actor, reference_id: int) -> None:
    """Remove a member of one's own household, until the first dose: sealed facts are overwritten, the document may be
    registered again, the reference id is never given again. Raises NoSuchBeneficiary, MemberLocked."""
    await erase(conn, floor, await _hold_own(conn, actor, reference_id))


async def erase(conn: Connection, floor: Floor, row: BeneficiaryRow) -> None:
    """Overwrite a member's facts, for those who have found out that it may be done."""
    for held in (row.document_hash, row.passport_hash):
        if held is not None:
            await queries.free_document(conn, held, row.person)
    no_code = floor.keyring.seal("", SECRET_CODE)
    await queries.erase_beneficiary(conn, row.person, empty_facts(floor.keyring), no_code, floor.clock.now())
    await count_registration(conn, floor, row, amount=-1)


async def members(conn: Connection, floor: Floor, actor: Actor) -> list[Beneficiary]:
    """One's own household, in the order of the members' numbers. Raises NotPermitted.

    An operator who looks for the household leaves an audit row.
    """
    rows = await queries.live_members(conn, actor.own_account())
    if actor.kind is ActorKind.OPERATOR:
        subject = ("account", actor.own_account())
        await audit.record(conn, actor, "registry.members", subject=subject, reason="on behalf of the household")
    return [open_row(floor.keyring, row) for row in rows]


async def confirm_member(conn: Connection, floor: Floor, actor: Actor, proof: Proof) -> Beneficiary | None:
    """The member of one's own household whom the proof is of, marked as confirmed; None when there is none.

    Raises NotPermitted.
    """
    for row in await queries.live_members(conn, actor.own_account()):
        if _is_proven(floor, row, proof):
            return open_row(floor.keyring, await _mark(conn, floor, actor, row, proof))
    return None


async def own_members(conn: Connection, floor: Floor, actor: Actor, reference_ids: Sequence[int]) -> list[Beneficiary]:
    """These members of one's own household, in this order, kept as they are until the transaction ends.

    Raises NotPermitted, and NoSuchBeneficiary when any of them is not of this household.
    """
    found = await members_of_households(conn, floor, {actor.own_account(): reference_ids})
    return named_members(found, actor, reference_ids)


async def members_of_households(
    conn: Connection, floor: Floor, wanted: Mapping[UUID, Sequence[int]]
) -> Mapping[tuple[UUID, int], Beneficiary]:
    """Members of many households, by account and reference, kept as they are until the transaction ends.

    For `named_members` alone, which gives each actor those of the own household.
    """
    rows = await queries.share_members(conn, list(wanted), [number for some in wanted.values() for number in some])
    return {(row.account_id, row.reference_id): open_row(floor.keyring, row) for row in rows}


def named_members(
    found: Mapping[tuple[UUID, int], Beneficiary], actor: Actor, reference_ids: Sequence[int]
) -> list[Beneficiary]:
    """These members of the actor's own household. Raises NotPermitted and NoSuchBeneficiary."""
    account = actor.own_account()
    if any((account, reference_id) not in found for reference_id in reference_ids):
        raise NoSuchBeneficiary(field="beneficiary_reference_id")
    return [found[account, reference_id] for reference_id in reference_ids]


def _is_own(actor: Actor, account_id: UUID) -> bool:
    return actor.kind is ActorKind.CITIZEN and actor.account_id == account_id


def permit(actor: Actor, account_id: UUID, registration: Registration, channel: Channel) -> None:
    """Raises NotPermitted or PriorityGroupUnproven unless the actor may register this person in this way."""
    if channel is not Channel.SELF:
        by_list = channel is Channel.IMPORT and Permission.IMPORT_RECORDS in actor.permissions
        actor.require(Permission.IMPORT_RECORDS if by_list else Permission.REGISTER_BENEFICIARIES)
        return
    actor.require(Permission.MANAGE_OWN_MEMBERS)
    if actor.own_account() != account_id:
        raise NotPermitted
    if registration.priority_groups:
        raise PriorityGroupUnproven(field="priority_groups")


async def _mark(conn: Connection, floor: Floor, actor: Actor, row: BeneficiaryRow, proof: Proof) -> BeneficiaryRow:
    """Note that this proof confirms the member; the row as it is then."""
    if row.document_confirmed_by is not None:
        return row
    await queries.confirm_document(conn, row.person, proof.provider, floor.clock.now())
    subject = ("beneficiary", row.beneficiary_id)
    await audit.record(conn, actor, "registry.confirm_document", subject=subject, reason=proof.provider)
    return await row_of(conn, row.person)


def _is_proven(floor: Floor, row: BeneficiaryRow, proof: Proof) -> bool:
    return proof.confirms(
        floor,
        document_type_id=row.document_type_id,
        document_number=floor.keyring.open(row.document_sealed, DOCUMENT),
        name=floor.keyring.open(row.name_sealed, NAME),
        birth_year=row.birth_year,
        gender_id=row.gender_id,
    )


async def _twin_by_document(
    conn: Connection, floor: Floor, actor: Actor, person: Person, facts: Facts
) -> BeneficiaryRow | None:
    """Enter the document before anything else is written; the member of this household who registered with it."""
    holder = await directory.enter(conn, facts.document_hash, person)
    if holder is None or facts.document_hash is None:
        return None
    if holder.account_id == person.account_id:
        row = await queries.beneficiary_of(conn, holder)
        if row is not None and is_same_person(floor, row, facts):
            return row
    raise await directory.duplicate(conn, floor, actor, person.account_id, facts)


async def _add(conn: Connection, floor: Floor, person: Person, facts: Facts, channel: Channel) -> BeneficiaryRow:
    added = (await add(conn, floor, {person: facts}, channel))[person]
    if isinstance(added, TooManyMembers):
        raise added
    return added


async def row_of(conn: Connection, person: Person) -> BeneficiaryRow:
    """The row of a person. Raises NoSuchBeneficiary."""
    row = await queries.beneficiary_of(conn, person)
    if row is None:
        raise NoSuchBeneficiary
    return row


async def _hold_own(conn: Connection, actor: Actor, reference_id: int) -> BeneficiaryRow:
    actor.require(Permission.MANAGE_OWN_MEMBERS)
    row = await queries.hold_member(conn, actor.own_account(), reference_id)
    if row is None:
        raise NoSuchBeneficiary(field="beneficiary_reference_id")
    if row.locked_at is not None:
        raise MemberLocked
    return row


async def _change_document(conn: Connection, floor: Floor, actor: Actor, row: BeneficiaryRow, facts: Facts) -> None:
    if facts.document_hash is not None and await directory.enter(conn, facts.document_hash, row.person):
        raise await directory.duplicate(conn, floor, actor, row.account_id, facts)
    if row.document_hash is not None:
        await queries.free_document(conn, row.document_hash, row.person)
