"""What a device carries to check certificates without asking us: keys, signers, and the vaccines with their makers."""

import base64

from cryptography.hazmat.primitives.asymmetric import ec

from opencowin.certificates.issuers import jwk, key_id
from opencowin.certificates.keys import credential_keys, document_signers, own_issuer, status_keys
from opencowin.certificates.verifying import manufacturers
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor


async def carried_keys(conn: Connection, floor: Floor) -> dict[str, object]:
    """Issuers of W3C credentials, HC1 signers, the key of the list of revoked certificates; keys as JSON Web Keys."""
    profile = (await own_issuer(conn, floor)).profile
    issuer = {
        "issuer": profile.issuer,
        "method": profile.verification_method,
        "evidence": profile.evidence_url,
        "keys": [jwk(key) for key in await credential_keys(conn)],
    }
    signers = [
        {"kid": base64.b64encode(key_id(one)).decode(), "key": jwk(key)}
        for one in await document_signers(conn)
        if isinstance(key := one.public_key(), ec.EllipticCurvePublicKey)
    ]
    return {
        "issuers": [issuer],
        "signers": signers,
        "status": await status_keys(conn, floor),
        "vaccines": await manufacturers(conn),
    }
