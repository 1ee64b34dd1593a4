"""National IDs over OpenID Connect: this deployment as a relying party of the providers that it trusts."""

from opencowin.web.national_id.claims import told
from opencowin.web.national_id.faults import AnswerUntrusted, ProviderDown, SignInOver, Stopped
from opencowin.web.national_id.journey import Departure, RelyingParties, RelyingParty, relying_parties

__all__ = [
    "AnswerUntrusted",
    "Departure",
    "ProviderDown",
    "RelyingParties",
    "RelyingParty",
    "SignInOver",
    "Stopped",
    "relying_parties",
    "told",
]
