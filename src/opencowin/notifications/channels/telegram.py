"""Telegram, by its Bot API: a text to a chat that somebody opened with our bot."""

import orjson

from opencowin.notifications.channels.delivery import Delivery, Outcome
from opencowin.notifications.channels.posting import Poster
from opencowin.notifications.gateways import Gateway
from opencowin.notifications.model import Outgoing

BUSY = frozenset({429})


class TelegramChannel:
    """One bot. `address` is https://api.telegram.org or a server of one's own; the secret is the bot's token."""

    keeps_text = False

    def __init__(self, gateway: Gateway, secret: str) -> None:
        self.name = gateway.name
        self._call = f"{gateway.address.rstrip('/')}/bot{secret}/sendMessage"
        self._http = Poster(gateway.seconds)

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Hand one message over."""
        body = {"chat_id": int(outgoing.recipient), "text": outgoing.text, "disable_notification": not outgoing.urgent}
        answer = await self._http.post(self._call, orjson.dumps(body), busy=BUSY)
        if isinstance(answer, Outcome):
            return answer
        return Outcome(Delivery.HANDED_ON, f"{outgoing.recipient}/{orjson.loads(answer)['result']['message_id']}")

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
