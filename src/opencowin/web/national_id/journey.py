"""The journey to a provider and back: what the browser carries there, and what is believed of what it brings."""

import base64
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx2
from joserfc.jwk import KeySet

from opencowin.identity import Provider, ready_providers
from opencowin.kit.floor import Floor
from opencowin.web.national_id.calls import ProviderCalls
from opencowin.web.national_id.faults import AnswerUntrusted, ProviderDown, Stopped
from opencowin.web.national_id.tokens import (
    Claims,
    KeyUnknown,
    open_id_token,
    open_userinfo,
    subject_of,
)

RETURN = "/sign-in/return"
"""Where providers send people back to."""
NOT_THE_PERSON = frozenset(
    {
        "server_error",
        "temporarily_unavailable",
        "invalid_request",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_response_type",
    }
)
"""Errors that the provider or this deployment's entry there is the cause of; any other: the person did not go on."""


@dataclass(frozen=True, slots=True)
class Departure:
    """What must come back: sealed in the browser's cookie, and only the browser that left can bring it."""

    provider_id: str
    state: str
    nonce: str
    verifier: str
    left_at: int
    language: str = ""


class RelyingParty:
    """This deployment as one provider knows it."""

    def __init__(self, calls: ProviderCalls, address: str) -> None:
        self._calls = calls
        self._redirect_uri = address + RETURN

    @property
    def provider(self) -> Provider:
        """Whom it trusts."""
        return self._calls.provider

    async def leave(self, *, now: int, languages: str, chosen: str) -> tuple[str, Departure]:
        """Where to send the browser, and what must come back with it. Raises ProviderDown."""
        description = await self._calls.description()
        departure = Departure(
            self.provider.id,
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            left_at=now,
            language=chosen,
        )
        digest = hashlib.sha256(departure.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(self.provider.scopes),
            "state": departure.state,
            "nonce": departure.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "ui_locales": languages,
            "prompt": self.provider.prompt,
            "acr_values": " ".join(self.provider.acr_values),
            "claims": self._wanted() if self.provider.ask_for_claims else "",
        }
        joint = "&" if "?" in description.authorization_endpoint else "?"
        given = {name: value for name, value in query.items() if value}
        return description.authorization_endpoint + joint + urlencode(given), departure

    async def arrive(self, departure: Departure, answer: Mapping[str, str]) -> Claims:
        """What the provider tells of the person, all of it checked; `sub` is among it.

        The caller has compared `state`. Raises Stopped, ProviderDown, SignInOver, AnswerUntrusted.
        """
        description = await self._calls.description()
        named = answer.get("iss")
        if named != self.provider.issuer and (named is not None or description.names_itself):
            raise AnswerUntrusted("the answer is another issuer's")
        if error := answer.get("error"):
            raise ProviderDown(error) if error in NOT_THE_PERSON else Stopped(error[:60])
        if not answer.get("code"):
            raise AnswerUntrusted("the answer has no code")
        tokens = await self._calls.exchange(answer["code"], departure.verifier, self._redirect_uri)
        claims = await self._id_claims(tokens.id_token, departure.nonce, tokens.access_token)
        told = await self._userinfo(tokens.access_token)
        if told is not None and subject_of(told) != claims["sub"]:
            raise AnswerUntrusted("userinfo is of another subject")
        return {**claims, **(told or {})}

    async def _id_claims(self, token: str, nonce: str, access_token: str) -> Claims:
        def opened(keys: KeySet) -> Claims:
            return open_id_token(token, keys, self.provider, nonce=nonce, access_token=access_token)

        return await self._with_keys(opened, "the ID token")

    async def _userinfo(self, access_token: str) -> Claims | None:
        told = await self._calls.userinfo(access_token)
        if isinstance(told, str):
            signed = told
            return await self._with_keys(lambda keys: open_userinfo(signed, keys, self.provider), "userinfo")
        if told is not None and self.provider.signed_userinfo:
            raise AnswerUntrusted("userinfo is not signed")
        return told

    async def _with_keys(self, opened: Callable[[KeySet], Claims], what: str) -> Claims:
        """What is opened with the provider's keys, read anew once where it names one that is not among them."""
        try:
            return opened(await self._calls.keys())
        except KeyUnknown:
            keys = await self._calls.keys(anew=True)
        try:
            return opened(keys)
        except KeyUnknown as unknown:
            raise AnswerUntrusted(f"{what} is signed with an unknown key") from unknown

    def _wanted(self) -> str:
        """The claims parameter: each claim that the provider's entry names, by name."""
        names = self.provider.claims
        verified = names.mobile_verified if names.mobile else None
        wanted = (names.name, names.birth_date, names.gender, names.document_number, names.document_kind, names.mobile)
        asked: dict[str, Any] = {name: {"essential": False} for name in (*wanted, verified) if name and name != "sub"}
        return json.dumps({"userinfo": asked}, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class RelyingParties:
    """The providers that are on, in the order of their list."""

    by_id: Mapping[str, RelyingParty]

    @property
    def providers(self) -> tuple[Provider, ...]:
        """What the sign-in page offers."""
        return tuple(one.provider for one in self.by_id.values())


@asynccontextmanager
async def relying_parties(floor: Floor) -> AsyncIterator[RelyingParties]:
    """The providers that are on, ready to be called while this lasts. Raises PackBroken."""
    ready = ready_providers(floor)
    if not ready:
        yield RelyingParties({})
        return
    async with httpx2.AsyncClient(timeout=floor.settings.sign_in_seconds) as http:
        found = {}
        for one in ready:
            calls = ProviderCalls(one, http, floor.settings.sign_in_seconds)
            found[one.provider.id] = RelyingParty(calls, floor.settings.address)
        yield RelyingParties(found)
