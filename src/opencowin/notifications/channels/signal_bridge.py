"""Signal, by the REST bridge of signal-cli: a text from our number to another, and what people write back."""

from urllib.parse import quote

import orjson

from opencowin.notifications.channels.delivery import Delivery, Heard, Outcome
from opencowin.notifications.channels.posting import Poster
from opencowin.notifications.gateways import Gateway
from opencowin.notifications.model import Outgoing

BUSY = frozenset({429, 503})
WAITS = 10
"""Seconds for which the bridge waits for something to be written."""


class SignalChannel:
    """One number. `address` is where the bridge is, `sender` the number with its country code; the secret, where the
    bridge stands behind a proxy that asks for one, goes as a bearer token."""

    keeps_text = False

    def __init__(self, gateway: Gateway, secret: str) -> None:
        self.name, self._gateway = gateway.name, gateway
        self._bridge = gateway.address.rstrip("/")
        self._http = Poster(gateway.seconds, {"Authorization": f"Bearer {secret}"} if secret else {})

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Hand one message over."""
        body = {"message": outgoing.text, "number": self._gateway.sender, "recipients": [outgoing.recipient]}
        answer = await self._http.post(f"{self._bridge}/v2/send", orjson.dumps(body), busy=BUSY)
        if isinstance(answer, Outcome):
            return answer
        return Outcome(Delivery.HANDED_ON, f"{outgoing.recipient}/{orjson.loads(answer)['timestamp']}")

    async def hear(self, _next_update: int) -> list[Heard]:
        """What was written to the number since it was asked last; the bridge tells it once.

        Raises aiohttp.ClientError, TimeoutError.
        """
        number = quote(self._gateway.sender, safe="")
        address = f"{self._bridge}/v1/receive/{number}?timeout={WAITS}"
        answer = await self._http.ask(address, seconds=WAITS + self._gateway.seconds)
        return [_heard(one.get("envelope") or {}) for one in orjson.loads(answer)]

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


def _heard(envelope: dict[str, object]) -> Heard:
    """An envelope as it is heard: without a text where it is a receipt, a call, or of a group."""
    message = envelope.get("dataMessage")
    said = message if isinstance(message, dict) else {}
    number, text = envelope.get("sourceNumber"), said.get("message")
    own = isinstance(number, str) and isinstance(text, str) and not said.get("groupInfo")
    return Heard(0, str(number) if own else "", str(text) if own else "")
