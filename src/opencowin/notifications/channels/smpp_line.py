"""What the SMPP library is to keep of a line: who awaits which answer, and nothing of what was answered.

Its own notes keep every number and text for three days, and look through all of them for each message.
"""

from aiosmpplib import ESME, AbstractCorrelator, AbstractThrottleHandler, DeliverSm, SmppMessage, SubmitSm
from aiosmpplib.correlator import STATUS_SENT, SegmentStatus


class Awaited(AbstractCorrelator):  # type: ignore[misc]  # the library's own interface, untyped
    """Requests without an answer yet, by their numbers on the line."""

    def __init__(self) -> None:
        self._asked: dict[int, SmppMessage] = {}

    def ask(self, request: SmppMessage) -> None:
        """A request goes out: noted before it does, since an answer may come at once."""
        self._asked[request.sequence_num] = request

    def forget(self, request: SmppMessage) -> None:
        """Nobody awaits this answer any more."""
        self._asked.pop(request.sequence_num or 0, None)

    async def get(self, response: SmppMessage) -> SmppMessage | None:
        """What was asked."""
        return self._asked.pop(response.sequence_num, None)

    async def put(self, smpp_message: SmppMessage) -> None:
        """It is noted already."""

    async def expired(self, smpp_message: SmppMessage) -> None:
        """Whoever asked keeps time."""

    def get_cumulated_status(self, ref_num: int) -> int:
        """Messages are not cut into parts: long ones go whole, as a payload."""
        del ref_num
        return int(STATUS_SENT)

    async def get_segmented(self, smpp_seq_num: int, remove: bool = False) -> tuple[SegmentStatus | None, int]:
        """No parts."""
        del smpp_seq_num, remove
        return None, STATUS_SENT

    async def put_delivery(self, smsc_message_id: str, submit_sm: SubmitSm) -> None:
        """Receipts are matched in the database."""

    async def put_delivery_segmented(self, deliver_sm: DeliverSm) -> DeliverSm | None:
        """What people write is heard part by part."""
        return deliver_sm

    async def get_delivery(self, receipt: DeliverSm) -> SubmitSm | None:
        """Receipts are matched in the database."""
        del receipt
        return None


class Session(ESME):  # type: ignore[misc]
    """A line to a centre that, when it is built anew, leaves no broken one behind."""

    async def connect(self) -> None:
        """Build it."""
        if self._writer is not None:
            self._writer.close()
        await super().connect()


class NeverHeld(AbstractThrottleHandler):  # type: ignore[misc]
    """The library holds nothing back: who sends at which pace is decided before it is given a message."""

    async def throttled(self) -> None:
        """The channel tells it."""

    async def not_throttled(self) -> None:
        """The channel tells it."""

    async def allow_request(self) -> bool:
        """Always."""
        return True

    async def throttle_delay(self) -> float:
        """None."""
        return 0.0
