"""Tokens of a provider of national IDs: what is believed, with keys of our own that sign whatever a test wants."""

import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from opencowin.identity import ClientAuthentication, Provider
from opencowin.web.national_id.faults import AnswerUntrusted
from opencowin.web.national_id.tokens import (
    KeyUnknown,
    client_assertion,
    open_id_token,
    open_userinfo,
    read_keys,
    subject_of,
)

ISSUER = "https://id.example.org"
THEIRS = ECKey.generate_key("P-256", {"kid": "theirs", "use": "sig"})
SECRET = OctKey.generate_key(256)


def provider(**facts: Any) -> Provider:
    known = {
        "id": "citizen",
        "name": "Citizen ID",
        "issuer": ISSUER,
        "client_id": "us",
        "authentication": ClientAuthentication.CLIENT_SECRET_BASIC,
        "algorithms": ("ES256",),
    }
    return Provider(**{**known, **facts})


def token(key: Any = THEIRS, alg: str = "ES256", **claims: Any) -> str:
    now = int(time.time())
    known = {"iss": ISSUER, "aud": "us", "sub": "4711", "nonce": "n", "iat": now, "exp": now + 300, **claims}
    header = {"alg": alg, "kid": "theirs"}
    return jwt.encode(header, {name: one for name, one in known.items() if one is not None}, key, algorithms=[alg])


def opened(text: str, keys: KeySet | None = None) -> Any:
    known = keys or read_keys({"keys": [THEIRS.as_dict(private=False)]})
    return open_id_token(text, known, provider(), nonce="n", access_token="at")


def test_a_right_token_is_believed() -> None:
    assert subject_of(opened(token())) == "4711"
    assert subject_of(opened(token(aud=["us", "them"], azp="us"))) == "4711"


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://id.example.net"},
        {"iss": None},
        {"aud": "them"},
        {"aud": None},
        {"aud": ["us", "them"]},
        {"azp": "them"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"nbf": 2_000_000_000_000},
        {"sub": ""},
        {"sub": None},
        {"sub": 4711},
        {"sub": "x" * 256},
        {"at_hash": "of another access token"},
    ],
    ids=str,
)
def test_a_token_with_one_thing_wrong_is_not(wrong: dict[str, Any]) -> None:
    with pytest.raises(AnswerUntrusted):
        opened(token(**wrong))


def test_a_token_is_signed_by_the_provider_and_nobody_else() -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "theirs"})
    with pytest.raises(AnswerUntrusted):
        opened(token(stranger))
    with pytest.raises(KeyUnknown):
        opened(token(), read_keys({"keys": [RSAKey.generate_key(2048, {"kid": "new"}).as_dict(private=False)]}))


def test_a_secret_or_no_algorithm_signs_nothing() -> None:
    both = read_keys({"keys": [{**SECRET.as_dict(), "kid": "theirs"}, THEIRS.as_dict(private=False)]})
    assert [one.key_type for one in both] == ["EC"]
    with pytest.raises(AnswerUntrusted):
        opened(token(SECRET, "HS256"), both)
    unsigned = "eyJhbGciOiJub25lIiwia2lkIjoidGhlaXJzIn0." + token().split(".")[1] + "."
    with pytest.raises(AnswerUntrusted):
        opened(unsigned)


def test_keys_that_nobody_understands_are_passed_over() -> None:
    odd = [{"kty": "LATTICE", "kid": "x"}, {"kty": "EC"}, 4, {**THEIRS.as_dict(private=False), "use": "enc"}]
    assert list(read_keys({"keys": odd})) == []
    assert list(read_keys(["keys"])) == []


def test_userinfo_of_another_client_is_not_believed() -> None:
    keys = read_keys({"keys": [THEIRS.as_dict(private=False)]})
    assert open_userinfo(token(exp=None, nonce=None), keys, provider())["sub"] == "4711"
    with pytest.raises(AnswerUntrusted):
        open_userinfo(token(aud="them"), keys, provider())


def test_the_assertion_is_for_one_place_and_a_minute() -> None:
    ours = ECKey.generate_key("P-256")
    said = jwt.decode(
        client_assertion(provider(assertion_algorithm="ES256"), ours, f"{ISSUER}/token", 1000), ours, ["ES256"]
    )
    assert said.claims | {"jti": ""} == {
        "iss": "us",
        "sub": "us",
        "aud": f"{ISSUER}/token",
        "iat": 1000,
        "exp": 1060,
        "jti": "",
    }
    assert "kid" not in said.header
