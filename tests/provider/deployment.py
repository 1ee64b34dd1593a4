"""A deployment that trusts the test provider: its clients there, its list of providers, its secrets, its country."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from joserfc.jwk import ECKey
from pydantic import SecretStr

from opencowin.kit.floor import Floor
from opencowin.kit.pack import CountryPack

SECRET = "a secret that only the two of them know"
PSEUDONYM = 90
NOWHERE: Mapping[str, str] = MappingProxyType({})
PSEUDONYM_TYPE = """
[[document]]
id = 90
name = "National ID"
pattern = '[A-Z2-7]{20}'
how_to_write = "what the provider says"
offered = false
"""
ENTRY = """
[[provider]]
id = "{id}"
name = "{name}"
name_l = {{ hi = "नागरिक पहचान" }}
issuer = "{issuer}"
client_id = "{id}"
{facts}
genders = {{ Female = 2, Male = 1 }}
[provider.claims]
{claims}
"""
NUMBERED = """
document = 6
scopes = ["openid", "profile", "document", "phone"]
"""
NUMBER_CLAIMS = """
document_number = "individual_id"
mobile = "phone_number"
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A provider as the deployment lists it, and the client that the provider has for it."""

    id: str
    name: str = "Citizen ID"
    facts: str = 'authentication = "client_secret_basic"'
    claims: str = ""
    client: Mapping[str, Any] | None = None


ENTRIES = (
    Entry(
        "citizen",
        facts=NUMBERED
        + """
authentication = "private_key_jwt"
assertion_algorithm = "ES256"
signed_userinfo = true
ask_for_claims = true
""",
        claims=NUMBER_CLAIMS,
        client={
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": "ES256",
            "userinfo_signed_response_alg": "RS256",
        },
    ),
    Entry("plain", name="Plain ID", facts=f'authentication = "client_secret_basic"\npseudonym_document = {PSEUDONYM}'),
    Entry("unsigned", facts='authentication = "client_secret_basic"\nsigned_userinfo = true'),
    Entry("curve", client={"id_token_signed_response_alg": "ES256"}),
    Entry("symmetric", client={"id_token_signed_response_alg": "HS256"}),
    Entry("late"),
    Entry("rejected"),
    Entry("away", name="Far ID"),
)


def clients(key: ECKey, address: str) -> list[dict[str, Any]]:
    """The clients that the provider has for these entries."""
    found = []
    for one in ENTRIES:
        client: dict[str, Any] = {
            "client_id": one.id,
            "client_secret": SECRET,
            "token_endpoint_auth_method": "client_secret_basic",
            "redirect_uris": [f"{address}/sign-in/return"],
            "response_types": ["code"],
            "grant_types": ["authorization_code"],
            "scope": "openid profile document phone",
            **(one.client or {}),
        }
        if client["token_endpoint_auth_method"] == "private_key_jwt":
            del client["client_secret"]
            client["jwks"] = {"keys": [key.as_dict(private=False)]}
        if one.id == "rejected":
            client["client_secret"] = "another secret, which is wrong here"
        found.append(client)
    return found


def trusting(
    floor: Floor, folder: Path, key: ECKey, *, issuer: str, address: str, elsewhere: Mapping[str, str] = NOWHERE
) -> Floor:
    """The floor of a deployment at an address, with a country pack of its own that lists the provider.

    Some entries may have their issuer elsewhere.
    """
    pack = folder / "country"
    shutil.copytree(floor.pack.folder, pack)
    with (pack / "identity_documents.toml").open("a") as documents:
        documents.write(PSEUDONYM_TYPE)
    written = [
        ENTRY.format(id=one.id, name=one.name, issuer=elsewhere.get(one.id, issuer), facts=one.facts, claims=one.claims)
        for one in ENTRIES
    ]
    (pack / "sign_in.toml").write_text("".join(written), "utf-8")
    (folder / "key.jwk").write_text(json.dumps(key.as_dict(private=True)), "ascii")
    secrets = {one.id: SecretStr(SECRET) for one in ENTRIES} | {"citizen": SecretStr(str(folder / "key.jwk"))}
    changes = {"public_url": address, "sign_in_file": None, "sign_in_secrets": secrets, "sign_in_seconds": 2}
    settings = floor.settings.model_copy(update=changes)
    return replace(floor, settings=settings, pack=CountryPack(pack.name, pack))
