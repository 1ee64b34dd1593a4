"""Issuers' public keys: what anybody needs to check our tokens and certificates without asking us."""

from typing import Annotated, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse

from opencowin import certificates
from opencowin.kit.actor import Actor
from opencowin.web.guard import open_to_all
from opencowin.web.site import site_of

router = APIRouter(prefix="/.well-known", tags=["Keys"])
Public = Annotated[Actor, open_to_all()]
KEPT = {"Cache-Control": "public, max-age=300"}


@router.get("/jwks.json")
async def jwks(request: Request, _actor: Public) -> Any:
    """All public keys as a JSON Web Key Set."""
    site = site_of(request)
    async with site.transaction() as conn:
        of_certificates = await certificates.published_jwks(conn, site.floor)
    return JSONResponse({"keys": [*site.tokens.jwks()["keys"], *of_certificates]}, headers=KEPT)


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
