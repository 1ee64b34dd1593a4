"""What of a certificate's signature is told apart, looked up and published: a part that nobody can write otherwise."""

import hashlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from opencowin.certificates import cose, icao, smart
from opencowin.certificates.divoc import divoc_mark
from opencowin.certificates.model import Format
from opencowin.certificates.refusals import CannotCheck
from opencowin.certificates.signers import Algorithm, lasting

MARK_BYTES = 16


def _envelope(text: str) -> bytes:
    envelope = cose.opened(text)
    if envelope.algorithm is None:
        raise CannotCheck
    return lasting(envelope.algorithm, envelope.signature)


def _card(text: str) -> bytes:
    return lasting(Algorithm.ES256, smart.opened(text).signature)


def _seal(text: str) -> bytes:
    seal = icao.opened(text)
    return lasting(seal.algorithm, seal.signature)


SIGNATURES: Mapping[Format, Callable[[str], bytes]] = MappingProxyType(
    {
        Format.DIVOC: divoc_mark,
        Format.EU_DCC: _envelope,
        Format.WHO_DDCC: _envelope,
        Format.SMART_HEALTH_CARD: _card,
        Format.ICAO_VDS_NC: _seal,
    }
)


def mark_of(form: Format, text: str) -> bytes:
    """What the list of revoked certificates says of one of this form. Raises NotACertificate or CannotCheck."""
    return hashlib.sha256(SIGNATURES[form](text)).digest()[:MARK_BYTES]


def marks_of(payloads: Mapping[Format, str]) -> list[bytes]:
    """What the list says of a revoked certificate, one mark for each form that it was issued in."""
    return [mark_of(form, text) for form, text in payloads.items()]
