"""The many services that Apprise speaks: SMS aggregators, mail, Signal by its REST bridge."""

import asyncio
from urllib.parse import quote

import apprise

from opencowin.notifications.channels.delivery import HANDED_ON, REFUSED, UNSURE, Outcome
from opencowin.notifications.gateways import Gateway
from opencowin.notifications.model import Outgoing


class AppriseChannel:
    """One service, by its Apprise address with {recipient} and, where it needs one, {secret} in it."""

    keeps_text = False

    def __init__(self, gateway: Gateway, secret: str) -> None:
        self.name, self._gateway, self._secret = gateway.name, gateway, secret

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Hand one message over, in a thread. The library tells yes or no alone, so a no may be a lost answer."""
        address = self._gateway.address.format(
            recipient=quote(outgoing.recipient, safe="+"), secret=quote(self._secret, safe="")
        )
        service = apprise.Apprise.instantiate(address)
        if service is None:
            return REFUSED
        done = await asyncio.to_thread(service.notify, body=outgoing.text)
        return HANDED_ON if done else UNSURE

    async def close(self) -> None:
        """Nothing is kept open."""
