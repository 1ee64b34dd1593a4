"""Providers of national IDs: who may vouch for a person at the sign-in, as the country pack or the operator says."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import Key, OctKey, import_key
from pydantic import ConfigDict, SecretStr, TypeAdapter, ValidationError, with_config

from opencowin import registry
from opencowin.kit.country import PackBroken
from opencowin.kit.floor import Floor
from opencowin.kit.named import Named

PROVIDERS_FILE = "sign_in.toml"
SIGNATURES = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"})
"""Algorithms with a public key: a token signed with anything less proves nothing."""
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_STRICT = ConfigDict(extra="forbid")


class ClientAuthentication(StrEnum):
    """How this deployment shows the provider that it is the client it says it is."""

    PRIVATE_KEY_JWT = "private_key_jwt"
    CLIENT_SECRET_BASIC = "client_secret_basic"  # noqa: S105  the name of a method


@with_config(_STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimNames:
    """Under which names the provider tells what; None: it does not."""

    name: str | None = "name"
    birth_date: str | None = "birthdate"
    gender: str | None = "gender"
    document_number: str | None = None
    document_kind: str | None = None
    mobile: str | None = None
    """Only where the person proves this number each time, by a code: it opens the number's account."""
    mobile_verified: str = "phone_number_verified"


@with_config(_STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider of national IDs that speaks OpenID Connect."""

    id: str
    name: str
    name_l: Mapping[str, str] = field(default_factory=dict)
    issuer: str
    discovery: str | None = None
    """Where its description is, when that is not at the issuer's well-known address."""
    client_id: str
    authentication: ClientAuthentication
    assertion_algorithm: str = "RS256"
    scopes: tuple[str, ...] = ("openid", "profile")
    acr_values: tuple[str, ...] = ()
    prompt: str = "login"
    """`login`: whoever sits there now is asked, not whom the provider remembers from before."""
    ask_for_claims: bool = False
    """Whether the claims are named one by one in the request."""
    algorithms: tuple[str, ...] = ("RS256",)
    signed_userinfo: bool = False
    """Whether what is told of the person must be signed by the provider."""
    claims: ClaimNames = ClaimNames()
    birth_date_format: str = "%Y-%m-%d"
    genders: Mapping[str, int] = field(default_factory=dict)
    document: int | None = None
    """Which type of identity document the number is of."""
    documents: Mapping[str, int] = field(default_factory=dict)
    """The same where the provider tells the kind."""
    pseudonym_document: int | None = None
    """Which type a pseudonym counts as, where the provider tells no number."""

    @property
    def named(self) -> Named:
        """The provider as a text names it."""
        return Named(self.name, self.name_l)

    @property
    def description(self) -> str:
        """The address of what the provider says about itself."""
        return self.discovery or f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"


@with_config(_STRICT)
@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    provider: tuple[Provider, ...] = ()


_FILE = TypeAdapter(_File)


@dataclass(frozen=True, slots=True)
class ReadyProvider:
    """A provider that is on: this deployment has a secret for it."""

    provider: Provider
    secret: SecretStr
    private_key: Key | None
    """With which this deployment shows who it is, where the provider wants that instead of the secret."""


def listed_providers(floor: Floor) -> tuple[Provider, ...]:
    """Every provider that the operator's file lists, or else the country pack's. Raises PackBroken."""
    providers = _read(floor)
    problems = [problem for one in providers for problem in _problems(floor, one)]
    ids = [one.id for one in providers]
    problems += [f"provider {name} is listed twice" for name in sorted({one for one in ids if ids.count(one) > 1})]
    if problems:
        raise PackBroken(file=_file_name(floor), problem="; ".join(problems))
    return providers


def ready_providers(floor: Floor) -> tuple[ReadyProvider, ...]:
    """The listed providers that the settings hold a secret for; the others are off. Raises PackBroken."""
    secrets = floor.settings.sign_in_secrets
    listed = listed_providers(floor)
    if unknown := sorted(secrets.keys() - {one.id for one in listed}):
        raise PackBroken(file=_file_name(floor), problem=f"no provider is called {', '.join(unknown)}")
    return tuple(_ready(floor, one, secrets[one.id]) for one in listed if one.id in secrets)


def _ready(floor: Floor, provider: Provider, given: SecretStr) -> ReadyProvider:
    if provider.authentication is not ClientAuthentication.PRIVATE_KEY_JWT:
        return ReadyProvider(provider, given, None)
    path = floor.settings.data_dir / given.get_secret_value()
    try:
        return ReadyProvider(provider, SecretStr(""), _private_key(path.read_text("ascii")))
    except (OSError, ValueError) as wrong:
        why = "not a private key in PEM or JWK form" if isinstance(wrong, ValueError) else type(wrong).__name__
        problem = f"the private key for provider {provider.id} cannot be read at {path}: {why}"
        raise PackBroken(file=_file_name(floor), problem=problem) from None


def _private_key(text: str) -> Key:
    """A private key from PEM or JWK. Raises ValueError."""
    given = json.loads(text) if text.lstrip().startswith("{") else text
    kind = given.get("kty") if isinstance(given, dict) else None
    for key_type in ("RSA", "EC") if kind is None else (kind,):
        try:
            key: Key = import_key(given, key_type)
        except (JoseError, ValueError, TypeError):
            continue
        if key.is_private and not isinstance(key, OctKey):
            return key
    raise ValueError


def _file_name(floor: Floor) -> str:
    return str(floor.settings.sign_in_file or PROVIDERS_FILE)


def _read(floor: Floor) -> tuple[Provider, ...]:
    named = floor.settings.sign_in_file
    path = named or floor.pack.folder / PROVIDERS_FILE
    if named is None and not path.is_file():
        return ()
    try:
        tables: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        return _FILE.validate_python(tables).provider
    except OSError:
        raise PackBroken(file=str(path), problem="the file cannot be read") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise PackBroken(file=str(path), problem=str(fault)) from None
    except ValidationError as fault:
        found = (f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in fault.errors(include_url=False))
        raise PackBroken(file=str(path), problem="; ".join(found)) from None


def _problems(floor: Floor, one: Provider) -> Iterator[str]:
    if not _ID.fullmatch(one.id):
        yield f"provider {one.id}: its id must be of small letters, digits and hyphens, 30 at most"
    for address in (one.issuer, one.description):
        if not is_safe_address(address):
            yield f"provider {one.id}: {address} must begin with https://"
    if "openid" not in one.scopes:
        yield f"provider {one.id}: scopes must include openid"
    used = {*one.algorithms, one.assertion_algorithm}
    if not one.algorithms or used - SIGNATURES:
        yield f"provider {one.id}: algorithms must be some of {', '.join(sorted(SIGNATURES))}"
    known_documents = registry.document_types(floor.pack).types.keys()
    for document in {one.document, one.pseudonym_document, *one.documents.values()} - {None} - known_documents:
        yield f"provider {one.id}: the country has no identity document {document}"
    for gender in set(one.genders.values()) - {known.gender_id for known in registry.genders(floor.pack)}:
        yield f"provider {one.id}: the country has no gender {gender}"


def is_safe_address(address: str) -> bool:
    """Whether what is sent to this address, and what comes from it, cannot be read or altered on the way."""
    parts = urlsplit(address)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )
