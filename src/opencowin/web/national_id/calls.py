"""Calls to one provider: its description and keys, kept for a while; a code exchanged; what it tells of a person."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import httpx2
from joserfc.jwk import KeySet

from opencowin.identity import ReadyProvider, is_safe_address
from opencowin.web.national_id.faults import AnswerUntrusted, ProviderDown, SignInOver
from opencowin.web.national_id.tokens import client_assertion, read_keys

KEPT_SECONDS = 3600
"""How long a provider's description and keys are believed before they are read again."""
AGAIN_SECONDS = 5
"""After a call for its description failed: how long nobody waits for another."""
LONGEST_ANSWER = 200_000
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Description:
    """What a provider says about itself, as far as we need it."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    names_itself: bool
    """Whether every answer by way of the browser names its issuer (RFC 9207)."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a code was exchanged for."""

    id_token: str
    access_token: str


class ProviderCalls:
    """One provider's far end, seen from one process."""

    def __init__(self, ready: ReadyProvider, http: httpx2.AsyncClient, seconds: float) -> None:
        self.provider = ready.provider
        self._secret, self._private_key = ready.secret.get_secret_value(), ready.private_key
        self._http, self._seconds = http, seconds
        self._reading = asyncio.Lock()
        self._description: Description | None = None
        self._described_at = self._failed_at = self._keys_at = float("-inf")
        self._keys: KeySet | None = None

    async def description(self) -> Description:
        """What the provider says about itself. Raises ProviderDown."""
        async with self._reading:
            now = time.monotonic()
            if self._description is not None and now - self._described_at < KEPT_SECONDS:
                return self._description
            if now - self._failed_at < AGAIN_SECONDS:
                raise ProviderDown("it did not answer a moment ago")
            try:
                self._description = self._read(_json(await self._call("GET", self.provider.description)))
            except ProviderDown:
                self._failed_at = now
                raise
            self._described_at = now
            return self._description

    async def keys(self, *, anew: bool = False) -> KeySet:
        """The keys with which the provider signs. Raises ProviderDown."""
        where = (await self.description()).jwks_uri
        now = time.monotonic()
        if anew or self._keys is None or now - self._keys_at > KEPT_SECONDS:
            self._keys, self._keys_at = read_keys(_json(await self._call("GET", where))), now
        return self._keys

    async def exchange(self, code: str, verifier: str, redirect_uri: str) -> Tokens:
        """The tokens of a code. Raises ProviderDown, SignInOver (a code used before, or too old), AnswerUntrusted."""
        endpoint = (await self.description()).token_endpoint
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "client_id": self.provider.client_id,
        }
        auth = None
        if self._private_key is not None:
            assertion = client_assertion(self.provider, self._private_key, endpoint, int(time.time()))
            form |= {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        else:
            auth = httpx2.BasicAuth(_quoted(self.provider.client_id), _quoted(self._secret))
        answer = await self._call("POST", endpoint, data=form, auth=auth, fine=(200, 400, 401))
        said = _json(answer)
        if answer.status_code != httpx2.codes.OK:
            error = str(said.get("error", ""))
            if error == "invalid_grant":
                raise SignInOver("the code was used before, or is too old")
            raise ProviderDown(f"it refuses this deployment: {error or answer.status_code}")
        id_token, access_token = said.get("id_token"), said.get("access_token")
        if not isinstance(id_token, str) or not isinstance(access_token, str):
            raise AnswerUntrusted("the exchange yielded no ID token")
        return Tokens(id_token, access_token)

    async def userinfo(self, access_token: str) -> str | dict[str, Any] | None:
        """What is told of the person: a signed token as text, or plain JSON; None where nothing more is told.

        Raises ProviderDown.
        """
        endpoint = (await self.description()).userinfo_endpoint
        if endpoint is None:
            return None
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/jwt, application/json;q=0.9"}
        answer = await self._call("GET", endpoint, headers=headers)
        if "application/jwt" in answer.headers.get("content-type", ""):
            return answer.text.strip()
        return _json(answer)

    async def _call(
        self, method: str, address: str, *, fine: tuple[int, ...] = (200,), **arguments: Any
    ) -> httpx2.Response:
        """One call within the time limit, redirects not followed. Raises ProviderDown."""
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._http.request(method, address, follow_redirects=False, **arguments)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as fault:
            raise ProviderDown(f"no answer: {type(fault).__name__}") from fault
        if answer.status_code not in fine or len(answer.content) > LONGEST_ANSWER:
            raise ProviderDown(f"an unusable answer: {answer.status_code}")
        return answer

    def _read(self, said: dict[str, Any]) -> Description:
        if said.get("issuer") != self.provider.issuer:
            raise ProviderDown("its description is of another issuer")
        userinfo = said.get("userinfo_endpoint")
        authorization, token, keys = (said.get(name) for name in ENDPOINTS)
        for address in (authorization, token, keys, userinfo or token):
            if not isinstance(address, str) or not is_safe_address(address):
                raise ProviderDown("its description names no safe addresses")
        methods = said.get("token_endpoint_auth_methods_supported") or [self.provider.authentication]
        if self.provider.authentication not in methods:
            raise ProviderDown(f"it does not take {self.provider.authentication}")
        names_itself = said.get("authorization_response_iss_parameter_supported") is True
        return Description(str(authorization), str(token), str(keys), userinfo, names_itself)


def _json(answer: httpx2.Response) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError as fault:
        raise ProviderDown("not JSON") from fault
    if not isinstance(said, dict):
        raise ProviderDown("not a JSON object")
    return said


def _quoted(text: str) -> str:
    """As a form writes it, which RFC 6749 asks of both halves of the basic credentials."""
    return str(httpx2.QueryParams({"": text})).removeprefix("=")
