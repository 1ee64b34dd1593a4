"""The list of providers of national IDs: what is on, and what an operator is told of a list that is wrong."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey
from pydantic import SecretStr

from opencowin.identity import ReadyProvider, listed_providers, ready_providers
from opencowin.kit.country import PackBroken
from opencowin.kit.floor import Floor

ENTRY = {
    "id": 'id = "x"',
    "issuer": 'issuer = "https://id.example.org"',
    "authentication": 'authentication = "client_secret_basic"',
    "rest": 'name = "X"\nclient_id = "x"',
}


def with_list(floor: Floor, folder: Path, text: str, **secrets: str) -> Floor:
    """The floor of a deployment with this list."""
    path = folder / "sign_in.toml"
    path.write_text(text, "utf-8")
    changes: dict[str, Any] = {
        "sign_in_file": path,
        "sign_in_secrets": {name: SecretStr(secret) for name, secret in secrets.items()},
    }
    return replace(floor, settings=floor.settings.model_copy(update=changes))


def an_entry(**lines: str) -> str:
    return "[[provider]]\n" + "\n".join({**ENTRY, **lines}.values()) + "\n"


def test_a_country_pack_without_a_list_has_no_provider(floor: Floor) -> None:
    assert listed_providers(floor) == ()


def test_the_example_of_the_country_pack_can_be_used_as_it_stands(floor: Floor, tmp_path: Path) -> None:
    lines = (floor.pack.folder / "sign_in.toml").read_text("utf-8").splitlines()
    example = "\n".join(line.removeprefix("# ").removeprefix("#") for line in lines[lines.index("# [[provider]]") :])
    (one,) = listed_providers(with_list(floor, tmp_path, example))
    assert one.id == "esignet"
    assert one.claims.document_number == "individual_id"
    assert one.claims.mobile is None


def test_a_provider_without_a_secret_is_off(floor: Floor, tmp_path: Path) -> None:
    two = an_entry() + an_entry(id='id = "y"')
    assert [one.provider.id for one in ready_providers(with_list(floor, tmp_path, two, y="secret"))] == ["y"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('issuer = "http://id.example.org"', "must begin with https://"),
        ('issuer = "id.example.org"', "must begin with https://"),
        ('discovery = "http://id.example.org/x"', "must begin with https://"),
        ('id = "X"', "small letters"),
        ('algorithms = ["none"]', "algorithms must be some of"),
        ('algorithms = ["HS256"]', "algorithms must be some of"),
        ("algorithms = []", "algorithms must be some of"),
        ("document = 77", "no identity document 77"),
        ("genders = { X = 77 }", "no gender 77"),
        ("secret = 'in the pack'", "secret"),
        ('scopes = ["profile"]', "scopes must include openid"),
        ('authentication = "none"', "authentication"),
        ("claims = { phone = 'x' }", "phone"),
        ("[[provider", "line"),
    ],
)
def test_a_list_that_is_wrong_is_refused(floor: Floor, tmp_path: Path, wrong: str, said: str) -> None:
    text = an_entry(**{wrong.partition(" ")[0]: wrong})
    with pytest.raises(PackBroken, match=re.escape(said)):
        listed_providers(with_list(floor, tmp_path, text))


def test_two_of_one_name_and_a_secret_for_nobody_are_refused(floor: Floor, tmp_path: Path) -> None:
    with pytest.raises(PackBroken, match="provider x is listed twice"):
        listed_providers(with_list(floor, tmp_path, an_entry() + an_entry()))
    with pytest.raises(PackBroken, match="no provider is called z"):
        ready_providers(with_list(floor, tmp_path, an_entry(), z="secret"))


def with_key(floor: Floor, folder: Path, text: bytes) -> ReadyProvider:
    (folder / "key").write_bytes(text)
    entry = an_entry(authentication='authentication = "private_key_jwt"')
    (ready,) = ready_providers(with_list(floor, folder, entry, x=str(folder / "key")))
    return ready


def test_a_private_key_is_pem_or_jwk(floor: Floor, tmp_path: Path) -> None:
    rsa, curve = RSAKey.generate_key(2048), ECKey.generate_key("P-256", {"kid": "ours"})
    pem = with_key(floor, tmp_path, rsa.as_pem(private=True)).private_key
    assert pem is not None
    assert (pem.key_type, pem.kid) == ("RSA", None)
    jwk = with_key(floor, tmp_path, str(curve.as_dict(private=True)).replace("'", '"').encode()).private_key
    assert jwk is not None
    assert (jwk.key_type, jwk.kid) == ("EC", "ours")
    for wrong in (b"", b"{}", rsa.as_pem(private=False), b"{", b"\xff"):
        with pytest.raises(PackBroken, match="private key for provider x cannot be read"):
            with_key(floor, tmp_path, wrong)
    with pytest.raises(PackBroken, match="FileNotFoundError"):
        ready_providers(
            with_list(floor, tmp_path, an_entry(authentication='authentication = "private_key_jwt"'), x="nowhere")
        )
