"""Certificates a second on one core: each signed form, and the whole printed page."""

import asyncio
import json
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from io import BytesIO
from typing import Any

import segno

from benchmarks.lab import Lab
from benchmarks.measure import Goal, Pair, per_cpu_second
from opencowin.certificates import EVERYDAY, Format, issue_due, own_issuer, sheet
from opencowin.certificates.divoc import ENTRY, sign_divoc
from opencowin.certificates.issuers import new_issuer
from opencowin.certificates.model import CertificateStatement
from opencowin.certificates.pdf import LEVELS, render_certificate
from opencowin.certificates.signers import Algorithm
from opencowin.certificates.signing import SIGNERS
from opencowin.kit.actor import system
from opencowin.kit.db import make_pool
from opencowin.registry import Person
from tests.certificates.general import general
from tests.certificates.made import NOW, PACK, PROFILE, issuer, statement

SECONDS = 0.6
SIGNED = 1000.0
SIGNED_REASON = "three times the mean of Co-WIN's record day, 25 million in a day, on one core"
PRINTED = 50.0
PEOPLE = 500
MESSAGE = b"m" * 512


@contextmanager
def pairs(lab: Lab) -> Iterator[list[Pair]]:
    """What is measured here."""
    people, signer = lab.vaccinated(PEOPLE), issuer().signing(Format.DIVOC).signer
    batch = Pair(
        f"signed forms issued by batches of {PEOPLE} people (records read, all forms signed, sealed, stored), one core",
        partial(_issued, lab, people),
        f"the bare {signer.algorithm.value} signature over 512 bytes",
        partial(per_cpu_second, partial(signer.sign, MESSAGE), SECONDS),
        Goal(SIGNED, "three times the mean of Co-WIN's record day, on one core with its database beside it"),
    )
    yield [*_alone(), batch]


def _issued(lab: Lab, people: Sequence[Person]) -> float:
    """Forms a second when certificates are issued for everybody, which is then taken back."""

    async def once() -> float:
        async with (
            make_pool(lab.dsn, size=1) as pool,
            pool.connection() as conn,
            conn.transaction(force_rollback=True),
        ):
            await own_issuer(conn, lab.floor)
            begun = time.perf_counter()
            issued = await issue_due(conn, lab.floor, *people)
            took = time.perf_counter() - begun
            assert len(issued) == len(people)
            made = await sheet(conn, lab.floor, system("benchmark"), people[0])
            return len(issued) * len(made.payloads) / took

    return asyncio.run(once())


def _alone() -> list[Pair]:
    what = statement(travel_document="K1234567")
    return [
        *(_credential(what, algorithm) for algorithm in (Algorithm.PS256, Algorithm.EDDSA)),
        *(_signed(form, what) for form in Format),
        Pair(
            "certificates signed in the two everyday forms and printed, one core",
            partial(per_cpu_second, _Printer(what).one_more, SECONDS),
            "segno drawing the same two QR codes, and nothing else",
            partial(per_cpu_second, partial(_draw, _texts(what)), SECONDS),
            Goal(PRINTED, "six cores for the mean of that day"),
        ),
    ]


def _credential(what: CertificateStatement, algorithm: Algorithm) -> Pair:
    who = new_issuer(PROFILE, NOW, {Format.DIVOC: algorithm})
    document = _document(sign_divoc(what, who).text)
    return Pair(
        f"certificates signed (divoc, Co-WIN's form, {algorithm.value}), one core",
        partial(per_cpu_second, partial(sign_divoc, what, who), SECONDS),
        "PyLD canonising the same document, without signing it",
        partial(per_cpu_second, partial(general, document), SECONDS),
        Goal(SIGNED, SIGNED_REASON),
    )


def _signed(form: Format, what: CertificateStatement) -> Pair:
    signer = issuer().signing(form).signer
    return Pair(
        f"certificates signed ({form.value}), one core",
        partial(per_cpu_second, partial(SIGNERS[form], what, issuer()), SECONDS),
        f"the bare {signer.algorithm.value} signature over 512 bytes",
        partial(per_cpu_second, partial(signer.sign, MESSAGE), SECONDS),
        Goal(SIGNED, SIGNED_REASON),
    )


def _document(text: str) -> dict[str, Any]:
    """What was signed, without the proof."""
    with zipfile.ZipFile(BytesIO(text.encode("latin-1"))) as archive:
        document: dict[str, Any] = json.loads(archive.read(ENTRY))
    del document["proof"]
    return document


def _texts(what: CertificateStatement) -> Mapping[Format, str]:
    return {form: SIGNERS[form](what, issuer()).text for form in EVERYDAY}


class _Printer:
    """Prints for another person each time, so that nothing of the page can be kept from the last one."""

    def __init__(self, what: CertificateStatement) -> None:
        self.what, self.count = what, 0

    def one_more(self) -> bytes:
        """The next person's certificate."""
        self.count += 1
        number = str(10_000_000_000 + self.count)
        what = replace(self.what, name=f"{self.what.name} {self.count}", certificate_id=number, travel_document="")
        return render_certificate(PACK, what, _texts(what), "hi")


def _draw(texts: Mapping[Format, str]) -> None:
    for form, text in texts.items():
        segno.make_qr(text, error=LEVELS[form], boost_error=False).save(BytesIO(), kind="svg")
