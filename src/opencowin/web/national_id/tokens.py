"""Tokens of OpenID Connect: which are believed, and the one with which this deployment shows who it is. Pure."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import Key, KeySet, import_key

from opencowin.identity import SIGNATURES, Provider
from opencowin.web.national_id.faults import AnswerUntrusted

Claims = Mapping[str, Any]
LEEWAY = 60
"""Seconds that the provider's clock may differ from ours."""
ASSERTION_SECONDS = 60
LONGEST_SUBJECT = 255
_HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}


class KeyUnknown(Exception):
    """The token names a key that was not among the provider's when they were last read."""


def read_keys(jwks: Any) -> KeySet:
    """The provider's keys for signatures; what is for something else, or of an unknown kind, is passed over."""
    found: list[Key] = []
    listed = jwks.get("keys") if isinstance(jwks, dict) else None
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict) or one.get("use", "sig") != "sig" or one.get("kty") == "oct":
            continue
        try:
            found.append(import_key(one))
        except (JoseError, ValueError):
            continue
    return KeySet(found)


def open_id_token(token: str, keys: KeySet, provider: Provider, *, nonce: str, access_token: str) -> Claims:
    """What an ID token says, once all of it is right. Raises AnswerUntrusted, KeyUnknown."""
    header, claims = _open(token, keys, provider)
    rules = jwt.JWTClaimsRegistry(
        leeway=LEEWAY,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    _check(rules, claims)
    audience, party = claims["aud"], claims.get("azp")
    if (isinstance(audience, list) and len(audience) > 1 and party is None) or party not in {None, provider.client_id}:
        raise AnswerUntrusted("the ID token is for another party")
    if "at_hash" in claims and claims["at_hash"] != _half_hash(access_token, header["alg"]):
        raise AnswerUntrusted("the access token is not the ID token's")
    subject_of(claims)
    return claims


def open_userinfo(token: str, keys: KeySet, provider: Provider) -> Claims:
    """What signed userinfo says; issuer, audience and times must be right where it names them.

    Raises AnswerUntrusted, KeyUnknown.
    """
    _, claims = _open(token, keys, provider)
    rules = jwt.JWTClaimsRegistry(leeway=LEEWAY, iss={"value": provider.issuer}, aud={"value": provider.client_id})
    _check(rules, claims)
    return claims


def subject_of(claims: Claims) -> str:
    """The provider's name for the person. Raises AnswerUntrusted."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise AnswerUntrusted("no subject is named")
    return subject


def client_assertion(provider: Provider, key: Key, audience: str, now: int) -> str:
    """What shows the provider that the holder of this key asks (RFC 7523)."""
    header = {"alg": provider.assertion_algorithm, **({"kid": key.kid} if key.kid else {})}
    claims = {
        "iss": provider.client_id,
        "sub": provider.client_id,
        "aud": audience,
        "jti": secrets.token_urlsafe(16),
        "iat": now,
        "exp": now + ASSERTION_SECONDS,
    }
    return jwt.encode(header, claims, key, algorithms=[provider.assertion_algorithm])


def _open(token: str, keys: KeySet, provider: Provider) -> tuple[dict[str, Any], dict[str, Any]]:
    allowed = sorted(SIGNATURES & set(provider.algorithms))
    try:
        opened = jwt.decode(token, keys, algorithms=allowed)
    except InvalidKeyIdError as unknown:
        raise KeyUnknown from unknown
    except (JoseError, ValueError) as wrong:
        raise AnswerUntrusted(f"a token is not believed: {type(wrong).__name__}") from wrong
    return dict(opened.header), opened.claims


def _check(rules: jwt.JWTClaimsRegistry, claims: dict[str, Any]) -> None:
    try:
        rules.validate(claims)
    except JoseError as wrong:
        raise AnswerUntrusted(
            f"a token is not believed: {wrong.error} {getattr(wrong, 'claim', '')}".strip()
        ) from wrong


def _half_hash(value: str, algorithm: str) -> str:
    digest = _HASHES[algorithm[-3:]](value.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
