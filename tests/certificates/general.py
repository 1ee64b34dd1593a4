"""Canonical forms by a general JSON-LD processor (PyLD), with the contexts that Co-WIN's certificates name."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from pyld import jsonld

SECURITY = "https://w3id.org/security/v2"
CREDENTIALS = "https://www.w3.org/2018/credentials/v1"
VACCINATION = "https://cowin.gov.in/credentials/vaccination/v1"
URDNA = {"algorithm": "URDNA2015", "format": "application/n-quads"}


def protected(**terms: object) -> dict[str, object]:
    return {"@version": 1.1, "@protected": True, **terms}


def schema(*same: str, **named: str) -> dict[str, str]:
    return {key: f"schema:{key}" for key in same} | {key: f"schema:{name}" for key, name in named.items()}


ADDRESS = {
    "@id": "schema:PostalAddress",
    "@context": protected(
        **schema("streetAddress", "addressRegion", "postalCode", "addressCountry"),
        streetAddress2="vac:addressLine2",
        city="vac:city",
        district="vac:district",
    ),
}
PERSON = protected(**schema("name", "gender", "nationality", refId="id", uhid="id", age="Number"), address=ADDRESS)
EVIDENCE = protected(
    **schema(certificateId="id", batch="id", vaccine="id", manufacturer="id", feedbackUrl="url", infoUrl="url"),
    **schema("date", effectiveStart="date", effectiveUntil="date", dose="doseValue", totalDoses="doseValue"),
    verifier={"@id": "vac:verifier", "@context": protected(**schema("name"))},
    facility={"@id": "vac:Facility", "@context": protected(**schema("name"), address=ADDRESS)},
)
CO_WIN = {
    "@context": protected(
        id="@id",
        type="@type",
        schema="https://schema.org/",
        vac=VACCINATION,
        ProofOfVaccinationCredential={
            "@id": "schema:ProofOfVaccinationCredential",
            "@context": protected(nonTransferable="vac:nonTransferable"),
        },
        Person={"@id": "schema:Person", "@context": PERSON},
        Vaccination={"@id": "vac:Vaccination", "@context": EVIDENCE},
    )
}


def bundled(name: str) -> dict[str, Any]:
    """A W3C context that comes with PyLD."""
    found = files("pyld.documentloader.frozen") / "bundled" / name
    return dict(json.loads(found.read_text("utf-8")))


CONTEXTS = {
    CREDENTIALS: bundled("credentials-v1.jsonld"),
    "https://w3id.org/security/v1": bundled("security-v1.jsonld"),
    SECURITY: bundled("security-v2.jsonld"),
    VACCINATION: CO_WIN,
}


def local(url: str, _options: object) -> dict[str, object]:
    return {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": url, "document": CONTEXTS[url]}


def general(document: Mapping[str, object]) -> str:
    return str(jsonld.normalize(dict(document), {**URDNA, "documentLoader": local}))
