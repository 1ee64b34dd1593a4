"""Sign-in tokens: ES256 JSON Web Tokens, verified without a read of the database; their keys rotate by themselves."""

import asyncio
import hmac
from collections import OrderedDict
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, GuestProtocol
from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout

from opencowin.identity.refusals import NotSignedIn
from opencowin.kit import signing_keys
from opencowin.kit.db import Connection, Pool, transaction
from opencowin.kit.floor import Floor
from opencowin.registry import Person

PURPOSE, ALGORITHM = "token", "ES256"
KEY_LASTS = timedelta(days=30)
KNOWN_BEFORE_USE = timedelta(minutes=10)
"""A new key signs only when every process has had time to learn of it."""
REFRESH_EVERY = timedelta(minutes=5)
REFRESH_AT_MOST_EVERY = timedelta(seconds=10)
SIGN_IN, STATUS, STATUS_TOLD = "BENEFICIARY", "STATUS", "STATUS_TOLD"
"""Types of token: the second is good for one question only, the status of one person; the third is its answer."""
SHARE_CODE_DIGITS = 32
REMEMBERED = 5_000
"""Tokens whose signature is not checked again, a few megabytes: a person makes several calls in a row."""
log = structlog.get_logger(__name__)


class TokenBook:
    """Issues and reads tokens. Holds the keys in memory; `refresh` reads them, at the start and from time to time."""

    def __init__(self, floor: Floor, pool: Pool) -> None:
        self._floor = floor
        self._pool = pool
        self._signing: ECKey | None = None
        self._verifying: dict[str, ECKey] = {}
        self._read: OrderedDict[bytes, dict[str, Any]] = OrderedDict()
        self._asked_at: datetime | None = None
        self._refreshing: asyncio.Task[None] | None = None

    async def refresh(self) -> None:
        """Read the keys again; makes the first one, and the next one when the newest is a month old."""
        self._asked_at = self._floor.clock.now()
        async with transaction(self._pool) as conn:
            await self._make_key_if_due(conn)
            current = await signing_keys.current(conn, self._floor.keyring, PURPOSE)
            public = await signing_keys.published(conn, PURPOSE)
        if current is not None:
            self._signing = ECKey.import_key(current.private_pem, {"kid": current.key_id})
        lasts = timedelta(minutes=self._floor.settings.token_minutes)
        self._verifying = {
            key.key_id: ECKey.import_key(key.public_pem, {"kid": key.key_id, "alg": ALGORITHM, "use": "sig"})
            for key in public
            if key.retired_at is None or key.retired_at + lasts > self._asked_at
        }
        self._read.clear()

    def issue(self, account_id: UUID, face: str, reference_id: int | None = None) -> str:
        """A token for an account, which signed in on this face of the API; it may name a member by reference."""
        claims = {"sub": str(account_id), "user_type": SIGN_IN, "face": face}
        if reference_id is not None:
            claims["beneficiary_reference_id"] = str(reference_id)
        return self._sign(claims)

    def read(self, token: str) -> UUID:
        """The account of a token. Raises NotSignedIn."""
        return UUID(self._claims(token, SIGN_IN)["sub"])

    def issue_status(self, person: Person) -> str:
        """A token for one person's vaccination status, and for nothing else."""
        one = {"sub": str(person.account_id), "beneficiary": str(person.beneficiary_id)}
        return self._sign({**one, "user_type": STATUS, "face": "status"})

    def read_status(self, token: str) -> Person:
        """Whose status the token is for. Raises NotSignedIn."""
        claims = self._claims(token, STATUS)
        return Person(UUID(claims["sub"]), UUID(claims["beneficiary"]))

    def sign_status(self, reference_id: int, status: int, lasts: timedelta) -> str:
        """What was told of a person's status, for whoever asked to show on; it opens nothing."""
        told = {"sub": str(reference_id), "vaccination_status": status}
        return self._sign({**told, "user_type": STATUS_TOLD}, lasts)

    def share_code(self, reference_id: int, lasts: timedelta) -> str:
        """A code that opens one reference's status page for a while."""
        until = int((self._floor.clock.now() + lasts).timestamp())
        return f"{until:x}-{self._share_mark(reference_id, until)}"

    def share_code_holds(self, reference_id: int, code: str) -> bool:
        """Whether the code was made here for this reference and its time is not over."""
        until_text, _, mark = code.partition("-")
        try:
            until = int(until_text, 16)
        except ValueError:
            return False
        right = hmac.compare_digest(mark.encode(), self._share_mark(reference_id, until).encode())
        return right and self._floor.clock.now().timestamp() < until

    def jwks(self) -> dict[str, Any]:
        """The public keys, as a JSON Web Key Set."""
        return {"keys": [key.as_dict(private=False) for key in self._verifying.values()]}

    async def _make_key_if_due(self, conn: Connection) -> None:
        keyring = self._floor.keyring
        newest = await signing_keys.newest(conn, keyring, PURPOSE)
        if newest is not None and newest.age < KEY_LASTS:
            return
        await signing_keys.hold(conn, PURPOSE)
        again = await signing_keys.newest(conn, keyring, PURPOSE)
        if again is not None and (newest is None or again.key_id != newest.key_id):
            return
        made = ECKey.generate_key("P-256")
        await signing_keys.store(
            conn,
            keyring,
            PURPOSE,
            key_id=f"{PURPOSE}:{made.thumbprint()[:16]}",
            algorithm=ALGORITHM,
            private_pem=made.as_pem(private=True),
            public_pem=made.as_pem(private=False).decode(),
            signs_after=timedelta(0) if newest is None else KNOWN_BEFORE_USE,
        )

    def _sign(self, claims: dict[str, Any], lasts: timedelta | None = None) -> str:
        self._refresh_if_older_than(REFRESH_EVERY)
        if self._signing is None or self._signing.kid is None:
            raise RuntimeError("TokenBook.refresh() comes before the first token")
        issued_at = int(self._floor.clock.now().timestamp())
        header = {"alg": ALGORITHM, "kid": self._signing.kid}
        good_for = lasts or timedelta(minutes=self._floor.settings.token_minutes)
        times = {"iat": issued_at, "exp": issued_at + int(good_for.total_seconds())}
        everything = {**claims, **times, "jti": str(uuid4()), "iss": self._floor.settings.address}
        return jwt.encode(header, everything, self._signing, algorithms=[ALGORITHM])

    def _claims(self, token: str, user_type: str) -> dict[str, Any]:
        self._refresh_if_older_than(REFRESH_EVERY)
        claims = self._signed_claims(token)
        now = self._floor.clock.now().timestamp()
        if claims["user_type"] != user_type or claims["iss"] != self._floor.settings.address or now >= claims["exp"]:
            raise NotSignedIn
        return claims

    def _signed_claims(self, token: str) -> dict[str, Any]:
        """What a signed token says; those lately read are known by their hash, until the keys are read again."""
        mark = sha256(token.encode()).digest()
        claims = self._read.get(mark)
        if claims is None:
            try:
                claims = jwt.decode(token, self._key_for, algorithms=[ALGORITHM]).claims
            except (JoseError, ValueError):
                raise NotSignedIn from None
            self._read[mark] = claims
            if len(self._read) > REMEMBERED:
                self._read.popitem(last=False)
        return claims

    def _key_for(self, token: GuestProtocol) -> ECKey:
        key = self._verifying.get(str(token.headers().get("kid")))
        if key is None:
            self._refresh_if_older_than(REFRESH_AT_MOST_EVERY)
            raise NotSignedIn
        return key

    def _refresh_if_older_than(self, age: timedelta) -> None:
        """Read the keys again in the background; the call at hand does not wait for it."""
        running = self._refreshing is not None and not self._refreshing.done()
        if running or self._asked_at is None or self._floor.clock.now() - self._asked_at < age:
            return
        self._asked_at = self._floor.clock.now()
        self._refreshing = asyncio.get_running_loop().create_task(self._refresh_or_tell())

    async def _refresh_or_tell(self) -> None:
        try:
            await self.refresh()
        except (DatabaseError, PoolTimeout) as fault:
            log.warning("token_keys_not_refreshed", fault=str(fault))

    def _share_mark(self, reference_id: int, until: int) -> str:
        return self._floor.keyring.index(f"{reference_id}:{until}", "share_code").hex()[:SHARE_CODE_DIGITS]
