"""Telegram, by its Bot API: a text to a chat that somebody opened with our bot."""

import httpx2

from opencowin.notifications.channels.delivery import NOT_TAKEN, REFUSED, UNSURE, Delivery, Outcome
from opencowin.notifications.gateways import Gateway
from opencowin.notifications.model import Outgoing

TOO_MANY = 429


class TelegramChannel:
    """One bot. `address` is https://api.telegram.org or a server of one's own; the secret is the bot's token."""

    keeps_text = False

    def __init__(self, gateway: Gateway, secret: str) -> None:
        self.name = gateway.name
        self._call = f"{gateway.address.rstrip('/')}/bot{secret}/sendMessage"
        self._http = httpx2.AsyncClient(timeout=gateway.seconds)

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Hand one message over."""
        body = {"chat_id": int(outgoing.recipient), "text": outgoing.text, "disable_notification": not outgoing.urgent}
        try:
            answer = await self._http.post(self._call, json=body)
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            return NOT_TAKEN
        except httpx2.HTTPError:
            return UNSURE
        if answer.is_success:
            return Outcome(Delivery.HANDED_ON, f"{outgoing.recipient}/{answer.json()['result']['message_id']}")
        if answer.status_code == TOO_MANY:
            return NOT_TAKEN
        return REFUSED if answer.is_client_error else UNSURE

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
