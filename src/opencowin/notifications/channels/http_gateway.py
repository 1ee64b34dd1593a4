"""SMS gateways over HTTP: one JSON request a message, in the form that the operator's file gives."""

from collections.abc import Mapping

import orjson

from opencowin.notifications.channels.delivery import HANDED_ON, Delivery, Outcome
from opencowin.notifications.channels.posting import Poster
from opencowin.notifications.gateways import Gateway
from opencowin.notifications.model import Outgoing

BUSY = frozenset({408, 425, 429, 503})
"""Answers that say: not taken, come again."""
_PLACES = ("recipient", "text", "sender", "reference", "template_id")


class HttpChannel:
    """One gateway, over connections that are kept open."""

    keeps_text = False

    def __init__(self, gateway: Gateway, secret: str) -> None:
        self.name, self._gateway = gateway.name, gateway
        self._http = Poster(gateway.seconds, {"Authorization": f"Bearer {secret}"} if secret else None)

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Hand one message over."""
        answer = await self._http.post(self._gateway.address, orjson.dumps(self._body(outgoing)), busy=BUSY)
        if isinstance(answer, Outcome):
            return answer
        return Outcome(Delivery.HANDED_ON, self._reference(answer)) if answer else HANDED_ON

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    def _body(self, outgoing: Outgoing) -> dict[str, str]:
        values = {
            "recipient": outgoing.recipient,
            "text": outgoing.text,
            "sender": self._gateway.sender,
            "reference": outgoing.reference,
            "template_id": self._gateway.template_id(outgoing.template, outgoing.language),
        }
        return {name: _filled(pattern, values) for name, pattern in self._gateway.body.items()}

    def _reference(self, answer: bytes) -> str | None:
        try:
            found = orjson.loads(answer)
        except ValueError:
            return None
        value = found.get(self._gateway.reference_field) if isinstance(found, dict) else None
        return str(value)[:200] if isinstance(value, str | int) and value != "" else None


def _filled(pattern: str, values: Mapping[str, str]) -> str:
    for name in _PLACES:
        if pattern == f"{{{name}}}":
            return values[name]
    return pattern.format_map(values)
