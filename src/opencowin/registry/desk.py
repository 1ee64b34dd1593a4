"""The registration desk: in each process, people who register themselves together share a transaction.

The rules are those of `register`. What only few calls meet (a document that is entered already, two members of one
household at once, an operator's call) is left to it, each call in a transaction of its own.
"""

from collections.abc import Sequence
from uuid import uuid4

from opencowin.kit.actor import Actor, ActorKind
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.kit.sharing import Alone, Sharing, Told, Transaction
from opencowin.registry.adding import add
from opencowin.registry.adding_queries import free_documents, reserve_documents
from opencowin.registry.checks import check
from opencowin.registry.household import permit, register
from opencowin.registry.model import Beneficiary, Channel, Facts, Person, Registration
from opencowin.registry.refusals import TooManyMembers
from opencowin.registry.sealing import open_row

_Asked = tuple[Actor, Registration]


class RegistrationDesk:
    """Registers members of the caller's own household, as `register` does."""

    def __init__(self, floor: Floor, transaction: Transaction) -> None:
        """A desk whose transactions are these; the settings say how many calls may wait."""
        room = floor.settings.sign_in_room
        self._calls = Sharing(floor, transaction, _register_together, _register_alone, room=room)

    async def register(self, actor: Actor, registration: Registration) -> Beneficiary:
        """Register and commit. Raises what `register` raises, and Unavailable when too many wait."""
        return await self._calls((actor, registration))


async def _register_alone(conn: Connection, floor: Floor, asked: _Asked) -> Beneficiary:
    actor, registration = asked
    return await register(conn, floor, actor, actor.own_account(), registration)


async def _register_together(conn: Connection, floor: Floor, asked: Sequence[_Asked]) -> list[Told[Beneficiary]]:
    """Register the first of each household and document, unless the document is entered; in their order."""
    told: list[Told[Beneficiary]] = [Alone()] * len(asked)
    wanted: dict[Person, tuple[int, Facts]] = {}
    accounts, documents = set(), dict[bytes, Person]()
    for at, (actor, registration) in enumerate(asked):
        if actor.kind is not ActorKind.CITIZEN:
            continue
        try:
            permit(actor, account := actor.own_account(), registration, Channel.SELF)
            facts = check(floor, registration)
        except Refusal as no:
            told[at] = no
            continue
        if account in accounts or facts.document_hash in documents:
            continue
        person = Person(account, uuid4())
        accounts.add(account)
        wanted[person] = at, facts
        if facts.document_hash is not None:
            documents[facts.document_hash] = person
    # Documents before households: the order of every other call.
    entered = await reserve_documents(conn, documents)
    new = {person: facts for person, (_, facts) in wanted.items() if facts.document_hash in {None, *entered}}
    added = await add(conn, floor, new, Channel.SELF)
    await free_documents(conn, [one for one in entered if isinstance(added[documents[one]], TooManyMembers)])
    for person, row in added.items():
        told[wanted[person][0]] = row if isinstance(row, TooManyMembers) else open_row(floor.keyring, row)
    return told
