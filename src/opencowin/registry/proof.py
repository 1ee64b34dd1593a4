"""Proof of identity: what a provider of national IDs says of the person who signed in, and whom that confirms."""

from dataclasses import dataclass
from datetime import date

from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.registry.documents import AcceptedDocument
from opencowin.registry.lists import document_types
from opencowin.registry.names import same_name


@dataclass(frozen=True, slots=True)
class Proof:
    """A person as a provider knows them; what it does not say is empty."""

    provider: str
    document_type_id: int | None = None
    document_number: str = ""
    name: str = ""
    birth_year: int | None = None
    birth_date: date | None = None
    gender_id: int | None = None

    def document(self, floor: Floor) -> AcceptedDocument | None:
        """The identity document that is proven; None where the provider gives none that the country accepts."""
        if self.document_type_id is None:
            return None
        try:
            return document_types(floor.pack).accept(self.document_type_id, self.document_number)
        except Refusal:
            return None

    def confirms(
        self, floor: Floor, *, document_type_id: int, document_number: str, name: str, birth_year: int, gender_id: int
    ) -> bool:
        """Whether these facts are of the proven person: the document, and all else that the provider says."""
        document = self.document(floor)
        return (
            document is not None
            and (document.type_id, document.normalised) == (document_type_id, document_number)
            and (not self.name or same_name(self.name, name))
            and self.birth_year in {None, birth_year}
            and self.gender_id in {None, gender_id}
        )
