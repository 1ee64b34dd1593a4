"""Documents that both canonizers, the server's and the page's, must write alike, or refuse alike."""

import copy
from typing import Any

from tests.certificates.general import CREDENTIALS, VACCINATION

PROOF = {
    "type": "Ed25519Signature2018",
    "created": "2021-06-04T12:00:00Z",
    "verificationMethod": "did:india",
    "proofPurpose": "assertionMethod",
}
ADDRESS = {"streetAddress": "", "district": "Gautam Buddha Nagar", "addressRegion": "उत्तर प्रदेश", "postalCode": "201301"}
DOCUMENT: dict[str, Any] = {
    "@context": [CREDENTIALS, VACCINATION],
    "type": ["VerifiableCredential", "ProofOfVaccinationCredential"],
    "issuer": "https://cowin.gov.in/",
    "issuanceDate": "2021-06-04T12:00:00Z",
    "nonTransferable": "true",
    "credentialSubject": {
        "type": "Person",
        "id": "did:opencowin:12345678901234",
        "refId": "12345678901234",
        "name": "श्रीमती क्षितिज",
        "age": "37",
        "address": ADDRESS,
    },
    "evidence": [
        {
            "id": "https://cowin.gov.in/vaccine/12345678901",
            "type": ["Vaccination"],
            "certificateId": "12345678901",
            "batch": "4120Z02",
            "vaccine": "COVISHIELD",
            "date": "2021-06-03",
            "dose": 2,
            "totalDoses": 2,
            "verifier": {"name": "Sunita Devi"},
            "facility": {"name": "PHC Rampur", "address": {**ADDRESS, "city": "Rampur"}},
        }
    ],
}
TEXTS = (
    "", "क्\u200dष", 'quo"te', "back\\slash", "line\nbreak", "\r", "\u2028", "😀", "A\u0301", "\u00c1", "\u0001", "\x7f",
    "\ufffd", "\ue000", "ﷺ", "𝒜", "</script>", "$&", "_:c14n0", "<https://schema.org/name>",
)  # fmt: skip
"""What a name may hold; a tab is written differently by JSON-LD processors and never signed."""


def _with(path: str, value: object, *, remove: bool = False) -> dict[str, Any]:
    made = copy.deepcopy(DOCUMENT)
    *way, last = path.split(".")
    node: Any = made
    for step in way:
        node = node[int(step)] if step.isdigit() else node[step]
    if remove:
        del node[last]
    else:
        node[last] = value
    return made


def mapped() -> list[dict[str, Any]]:
    """Documents with a canonical form."""
    names = [_with("credentialSubject.name", text) for text in TEXTS]
    pairs = [_with("evidence.0.manufacturer", text) for text in ("\ue000", "𝒜", "4120Z02", "COVISHIELD")]
    return [
        DOCUMENT,
        *names,
        *pairs,
        _with("evidence.0.batch", ["\ue000", "𝒜", "A"]),
        _with("evidence.0.batch", []),
        _with("evidence.0.batch", None),
        _with("evidence.0.dose", 0),
        _with("evidence.0.dose", -3),
        _with("evidence.0.totalDoses", 0, remove=True),
        _with("evidence", DOCUMENT["evidence"][0]),
        _with("credentialSubject.uhid", "91-1234"),
        _with("credentialSubject.id", 0, remove=True),
        _with("credentialSubject.address.city", "Noida"),
        _with("expirationDate", "2023-06-04T12:00:00Z"),
        _with("credentialSubject.address", 0, remove=True),
    ]


def refused() -> list[dict[str, Any]]:
    """Documents with a key, a value or a shape that the mapping does not know."""
    return [
        _with("unheard", "x"),
        _with("constructor", "x"),
        _with("issuer", "no iri"),
        _with("issuer", "https://cowin.gov.in/<"),
        _with("nonTransferable", True),
        _with("type", ["Other"]),
        _with("type", []),
        _with("credentialSubject.type", 0, remove=True),
        _with("credentialSubject.bonus", "x"),
        _with("credentialSubject.name", {"@value": "x"}),
        _with("credentialSubject.name", [["x"]]),
        _with("credentialSubject.address", "somewhere"),
        _with("credentialSubject.address.type", "Person"),
        _with("evidence.0.dose", 2.5),
        _with("evidence.0.dose", True),
        _with("evidence.0.facility", [ADDRESS]),
        _with("evidence.0.verifier", {"name": "A", "age": "3"}),
        _with("credentialSubject", [{"type": "Person", "name": "A"}, {"type": "Person", "name": "A"}]),
    ]
