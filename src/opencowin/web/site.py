"""What a web process holds while it runs: the pool, the floor, token keys, catalogues and the pack's short lists."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from starlette.requests import Request

from opencowin.fairness import Entrance, Proofs
from opencowin.identity import KeyBook, Reception, TokenBook
from opencowin.kit.db import Connection, Pool, transaction
from opencowin.kit.floor import Floor
from opencowin.kit.i18n import Catalogues, choose_language
from opencowin.registry import DocumentTypes, Gender, RegistrationDesk
from opencowin.scheduling import Desk, VaccinationDesk
from opencowin.web.board import Board
from opencowin.web.limiter import Limiter
from opencowin.web.national_id import RelyingParties
from opencowin.web.tail import Tail


@dataclass(frozen=True, slots=True)
class Site:
    """One web process."""

    floor: Floor
    pool: Pool
    tokens: TokenBook
    keys: KeyBook
    catalogues: Catalogues
    documents: DocumentTypes
    genders: Mapping[int, Gender]
    limiter: Limiter
    national_ids: RelyingParties
    board: Board
    desk: Desk
    vaccinations: VaccinationDesk
    reception: Reception
    registrations: RegistrationDesk
    tail: Tail
    entrance: Entrance
    proofs: Proofs

    def transaction(self) -> AbstractAsyncContextManager[Connection]:
        """One transaction for one request."""
        return transaction(self.pool, self.board.changed_here)


def site_of(request: Request) -> Site:
    """The site that serves this request."""
    site = request.app.state.site
    assert isinstance(site, Site)
    return site


def language_of(request: Request) -> str:
    """The language that the caller wants, a code of the country pack."""
    return choose_language(site_of(request).floor.country, request.headers.get("accept-language", ""))
