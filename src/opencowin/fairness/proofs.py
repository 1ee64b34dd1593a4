"""Proof of work for codes by SMS (ALTCHA, version 2), asked only when so many are asked for as in an attack.

A browser computes it in the background; nobody reads letters or picks pictures. Who brings none is served as long as an
allowance lasts that fills up again by the minute, so that people without scripts, and programs that know nothing of it,
still get through, one after the other.
"""

import json
import time
from base64 import b64encode

import altcha

from opencowin.fairness.refusals import WorkNeeded
from opencowin.kit.crypto import Keyring
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.limits import count_use
from opencowin.kit.throttle import DAY

ALGORITHM, COST = "PBKDF2/SHA-256", 2000
"""Iterations for each number that is tried; 256 are tried on average, half a second to some seconds on a phone."""
GOOD_FOR = 300
LONGEST_TEXT = 2000
MINUTE = 60


class Proofs:
    """What one web process knows of them: how much of the allowance is left, and the key that signs challenges."""

    def __init__(self, floor: Floor) -> None:
        """The settings say how many codes a minute are sent without a proof; 0: all."""
        self.per_minute = floor.settings.codes_without_proof_per_minute
        self._key = _key(floor.keyring)
        self._left, self._filled_at = float(self.per_minute), time.monotonic()

    @property
    def wanted(self) -> bool:
        """Whether so many are asked for that browsers had better begin to work: half of the allowance is used."""
        return bool(self.per_minute) and self._fill() < self.per_minute / 2

    def challenge(self) -> str:
        """A new challenge, as JSON, good for five minutes."""
        made = altcha.create_challenge(
            algorithm=ALGORITHM, cost=COST, hmac_secret=self._key, expires_at=int(time.time()) + GOOD_FOR
        )
        return json.dumps(made.to_dict())

    def header(self) -> str:
        """A new challenge as a header carries it."""
        return b64encode(self.challenge().encode()).decode()

    def admit(self, proof: str) -> str | None:
        """The challenge that a proof answers, to be spent by `spend_proof`; None where none was needed.

        Raises WorkNeeded where the allowance is used up and no proof is good.
        """
        if not self.per_minute:
            return None
        if (solved := self._solved(proof)) is not None:
            return solved
        if self._fill() < 1:
            raise WorkNeeded(retry_after=MINUTE)
        self._left -= 1
        return None

    def _solved(self, proof: str) -> str | None:
        if not proof or len(proof) > LONGEST_TEXT or not altcha.verify_solution(proof, self._key).verified:
            return None
        return str(altcha.Payload.from_base64(proof).challenge.parameters.nonce)

    def _fill(self) -> float:
        now = time.monotonic()
        filled = self._left + (now - self._filled_at) * self.per_minute / MINUTE
        self._left, self._filled_at = min(float(self.per_minute), filled), now
        return self._left


async def spend_proof(conn: Connection, floor: Floor, solved: str) -> None:
    """A proof is good once, at any process. Raises WorkNeeded when it was spent."""
    if await count_use(conn, floor.keyring, floor.clock, f"proof:{solved}", DAY) > 1:
        raise WorkNeeded(retry_after=MINUTE)


def _key(keyring: Keyring) -> bytes:
    return keyring.index("challenges", "proof-of-work")
