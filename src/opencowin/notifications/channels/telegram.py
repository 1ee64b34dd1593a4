"""Telegram, by its Bot API: a text to a chat that somebody opened with our bot, and what people write there."""

import orjson

from opencowin.notifications.channels.delivery import Delivery, Heard, Outcome
from opencowin.notifications.channels.posting import Poster
from opencowin.notifications.gateways import Gateway
from opencowin.notifications.model import Outgoing

BUSY, GONE = frozenset({429}), frozenset({403})
"""Come again; and: the chat was closed to our bot."""
WAITS, AT_ONCE = 20, 100
"""Seconds for which the server keeps an answer back until there is something, and how many it answers."""


class TelegramChannel:
    """One bot. `address` is https://api.telegram.org or a server of one's own; the secret is the bot's token."""

    keeps_text = False

    def __init__(self, gateway: Gateway, secret: str) -> None:
        self.name, self._seconds = gateway.name, gateway.seconds
        self._bot = f"{gateway.address.rstrip('/')}/bot{secret}"
        self._http = Poster(gateway.seconds)

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Hand one message over."""
        body = {"chat_id": int(outgoing.recipient), "text": outgoing.text, "disable_notification": not outgoing.urgent}
        answer = await self._http.post(f"{self._bot}/sendMessage", orjson.dumps(body), busy=BUSY, gone=GONE)
        if isinstance(answer, Outcome):
            return answer
        return Outcome(Delivery.HANDED_ON, f"{outgoing.recipient}/{orjson.loads(answer)['result']['message_id']}")

    async def hear(self, next_update: int) -> list[Heard]:
        """What was written to the bot since an update, at the latest after `WAITS` seconds. Of groups nothing is heard.

        Raises aiohttp.ClientError, TimeoutError.
        """
        asked = {"offset": next_update, "limit": AT_ONCE, "timeout": WAITS, "allowed_updates": ["message"]}
        answer = await self._http.ask(f"{self._bot}/getUpdates", orjson.dumps(asked), seconds=WAITS + self._seconds)
        return [_heard(one) for one in orjson.loads(answer)["result"]]

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


def _heard(update: dict[str, object]) -> Heard:
    """An update as it is heard: without a text where it is none of a person's own chat."""
    message = update.get("message")
    said = message if isinstance(message, dict) else {}
    chat, sender, text = said.get("chat") or {}, said.get("from") or {}, said.get("text")
    own = chat.get("type") == "private" and isinstance(text, str)
    return Heard(
        update=int(str(update["update_id"])),
        address=str(chat["id"]) if own else "",
        text=str(text) if own else "",
        language=str(sender.get("language_code") or ""),
    )
