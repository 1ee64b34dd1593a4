"""Issuers' public keys and the list of revoked certificates: what anybody needs to check them without asking us."""

from typing import Annotated, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from opencowin import certificates
from opencowin.kit.actor import Actor
from opencowin.web.fresh import has_it
from opencowin.web.guard import open_to_all
from opencowin.web.site import site_of

router = APIRouter(prefix="/.well-known", tags=["Keys"])
Public = Annotated[Actor, open_to_all()]
KEPT = {"Cache-Control": "public, max-age=300"}
JWS = "application/jose"
STATUS_OUT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A JSON Web Signature (compact, ES256; its `kid` is in jwks.json). Its payload: `iat`; "
        "`next_update`, after which a copy should not be relied on; `hash_type` SIGNATURE as in the European gateway; "
        "`hash_bytes` 16; `hashes`, base64url of `count` hashes one after the other, in order. A certificate is "
        "revoked when the first 16 bytes of SHA-256 over its signature are among them: over a whole RSA or Ed25519 "
        "signature, over the first half (r) of an ECDSA one, whichever form it stands in.",
        "content": {JWS: {"schema": {"type": "string"}}},
    },
    304: {"description": "As the caller has it."},
}


@router.get("/jwks.json")
async def jwks(request: Request, _actor: Public) -> Any:
    """All public keys as a JSON Web Key Set; readers of SMART Health Cards look here."""
    site = site_of(request)
    async with site.transaction() as conn:
        of_certificates = await certificates.published_jwks(conn, site.floor)
    return JSONResponse(
        {"iss": site.floor.settings.address, "keys": [*site.tokens.jwks()["keys"], *of_certificates]}, headers=KEPT
    )


@router.get("/did.json")
async def did(request: Request, _actor: Public) -> Any:
    """The DID document of the issuer of W3C credentials."""
    site = site_of(request)
    async with site.transaction() as conn:
        return JSONResponse(await certificates.published_did(conn, site.floor), headers=KEPT)


@router.get("/dcc/keys.json")
async def dcc_keys(request: Request, _actor: Public) -> Any:
    """The trust list of HC1 certificates: signing CAs and document signers."""
    site = site_of(request)
    async with site.transaction() as conn:
        return JSONResponse(await certificates.published_trust_list(conn, site.floor), headers=KEPT)


@router.get("/status/revoked.jws", response_class=Response, responses=STATUS_OUT)
async def revoked(request: Request, _actor: Public) -> Response:
    """All revoked certificates as hashes of their signatures: for checking without asking us. Names nobody."""
    site = site_of(request)
    async with site.transaction() as conn:
        status = await certificates.published_status(conn, site.floor)
    headers = {**KEPT, "ETag": status.tag}
    if has_it(request, status.tag):
        return Response(status_code=304, headers=headers)
    return Response(status.text, media_type=JWS, headers=headers)
