"""What a device carries to check certificates without asking us: keys, signers, and the vaccines with their makers."""

import base64
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from opencowin.certificates import trust_queries
from opencowin.certificates.issuers import key_id
from opencowin.certificates.keys import own_certificates, own_issuer, own_keys, status_keys
from opencowin.certificates.model import Format
from opencowin.certificates.profile import read_vaccine_names
from opencowin.certificates.published import jwk
from opencowin.certificates.signers import PublicKey, algorithms_of
from opencowin.certificates.verifying import manufacturers
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor

HC1_FORMS = (Format.EU_DCC, Format.WHO_DDCC)


async def carried_keys(conn: Connection, floor: Floor) -> dict[str, object]:
    """Our keys of every form as JSON Web Keys, and the key of the list of revoked certificates.

    Of other issuers it is told only of which kinds some are trusted: the server checks theirs.
    """
    profile = (await own_issuer(conn, floor)).profile
    issuer = {
        "issuer": profile.issuer,
        "method": profile.verification_method,
        "evidence": profile.evidence_url,
        "context": profile.context_url,
        "keys": [jwk(key) for key in await own_keys(conn, Format.DIVOC)],
    }
    return {
        "issuers": [issuer],
        "country": profile.country_code,
        "signers": [
            {"kid": base64.b64encode(key_id(one)).decode(), "key": key}
            for one, key in _with_keys(await own_certificates(conn, HC1_FORMS))
        ],
        "cards": {"name": profile.name, "keys": [jwk(key) for key in await own_keys(conn, Format.SMART_HEALTH_CARD)]},
        "seals": [
            {"cer": _der(one), "key": key, "until": int(one.not_valid_after_utc.timestamp())}
            for one, key in _with_keys(await own_certificates(conn, [Format.ICAO_VDS_NC]))
        ],
        "status": await status_keys(conn, floor),
        "vaccines": await manufacturers(conn),
        "cvx": read_vaccine_names(floor.pack, "cvx"),
        "others": await trust_queries.kinds(conn),
    }


def _with_keys(certificates: Sequence[x509.Certificate]) -> list[tuple[x509.Certificate, dict[str, object]]]:
    keys: list[tuple[x509.Certificate, PublicKey]] = [
        (one, key)  # type: ignore[misc]  # told by algorithms_of
        for one in certificates
        if algorithms_of(key := one.public_key())
    ]
    return [(one, jwk(key)) for one, key in keys]


def _der(certificate: x509.Certificate) -> str:
    return base64.urlsafe_b64encode(certificate.public_bytes(Encoding.DER)).decode().rstrip("=")
