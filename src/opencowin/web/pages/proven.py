"""What a national ID proved, in the form of registration: filled in, its document fixed, confirmed when it is sent."""

from dataclasses import asdict, dataclass, replace
from datetime import date

from starlette.requests import Request

from opencowin import registry
from opencowin.kit.named import Named
from opencowin.web.pages.render import Reader
from opencowin.web.pages.visits import Proven, visit_of
from opencowin.web.site import site_of


@dataclass(frozen=True, slots=True)
class FixedDocument:
    """An identity document that the form shows and does not ask for, and who confirmed it."""

    name: str
    masked: str
    provider: str


def kept(proof: registry.Proof) -> Proven:
    """The proof as the visit keeps it until the person is registered."""
    born = proof.birth_date.isoformat() if proof.birth_date else ""
    return Proven(**{**asdict(proof), "birth_date": born})


def proof_of(request: Request) -> registry.Proof | None:
    """Who signed in here by national ID, while that person is not registered yet."""
    known = visit_of(request).proven
    if known is None:
        return None
    born = date.fromisoformat(known.birth_date) if known.birth_date else None
    return registry.Proof(**{**asdict(known), "birth_date": born})


def provider_name(request: Request, provider_id: str) -> Named:
    """A provider as a text names it; one that is off by now keeps the name of its entry."""
    party = site_of(request).national_ids.by_id.get(provider_id)
    return party.provider.named if party else Named(provider_id, {})


def fields(proof: registry.Proof) -> dict[str, list[str]]:
    """The form's fields as the provider fills them in."""
    facts = {"name": proof.name, "birth_year": proof.birth_year, "gender": proof.gender_id, "proven": 1}
    return {field: [str(fact)] for field, fact in facts.items() if fact}


def fixed(request: Request, proof: registry.Proof | None, wanted: str) -> FixedDocument | None:
    """The proven document, where the form is wanted for the person whom it proves."""
    document = proof.document(site_of(request).floor) if proof and wanted else None
    if proof is None or document is None:
        return None
    return _shown(request, document.type_id, document.masked, proof.provider)


def confirmed(request: Request, member: registry.Beneficiary) -> FixedDocument | None:
    """The document of a member whom a provider confirmed: it is not asked for again."""
    if member.document_confirmed_by is None:
        return None
    return _shown(request, member.document_type_id, member.document_masked, member.document_confirmed_by)


def completed(asked: registry.Registration, proof: registry.Proof) -> registry.Registration:
    """A registration with what its form does not ask for: the proven document, and the day of birth."""
    born = proof.birth_date if proof.birth_date and proof.birth_date.year == asked.birth_year else None
    if proof.document_type_id is None:
        return replace(asked, birth_date=born)
    return replace(
        asked, birth_date=born, document_type_id=proof.document_type_id, document_number=proof.document_number
    )


def _shown(request: Request, type_id: int, masked: str, provider_id: str) -> FixedDocument:
    kind, language = site_of(request).documents.get(type_id), Reader(request).language.code
    provider = provider_name(request, provider_id).in_language(language)
    return FixedDocument(kind.named.in_language(language), masked if kind.offered else "", provider)
