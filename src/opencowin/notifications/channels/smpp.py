"""SMPP 3.4: the protocol of operators' message centres, over one bound connection; receipts come back on it, and what
people write to our number."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from aiosmpplib import (
    NPI,
    TON,
    AbstractBroker,
    AbstractHook,
    DeliverSm,
    EnquireLink,
    GenericNack,
    OptionalParam,
    PhoneNumber,
    SmppCommandStatus,
    SmppMessage,
    SmppSessionState,
    SubmitSm,
    SubmitSmResp,
    Unbind,
)

from opencowin.notifications.channels.delivery import NOT_TAKEN, REFUSED, UNSURE, Delivery, Outcome
from opencowin.notifications.channels.smpp_line import Awaited, NeverHeld, Session
from opencowin.notifications.gateways import Gateway
from opencowin.notifications.model import Outgoing, Receipt

WAITS = frozenset({SmppCommandStatus.ESME_RTHROTTLED, SmppCommandStatus.ESME_RMSGQFUL, SmppCommandStatus.ESME_RSYSERR})
"""What a centre answers when it has not taken a message and may take it later."""
OPTIONAL_TEMPLATE = 0x1401
"""Vendor parameter under which centres take the number that a regulator gave the text."""
FINAL = {"DELIVRD": Receipt.DELIVERED, "UNDELIV": Receipt.UNDELIVERED, "EXPIRED": Receipt.UNDELIVERED}
TellReceipts = Callable[[str, Sequence[tuple[str, Receipt]]], Awaitable[None]]
"""Told of receipts: the gateway, and of each its own name of the message and what became of it."""
HearText = Callable[[str, str, str], Awaitable[None]]
"""Told of what somebody wrote: the gateway, the number that it came from, and the text."""
MOST_WRITTEN, HEARD_AGAIN = 1_000, 30
"""How many of those may wait to be heard, then the centre waits; and how often each is tried."""
MOST_RECEIPTS, TOGETHER, GATHERING = 10_000, 500, 0.02
"""How many receipts may wait to be noted, how many are noted at once, and for how many seconds they gather."""


log = structlog.stdlib.get_logger("opencowin.notifications")


class SmppChannel(AbstractBroker, AbstractHook):  # type: ignore[misc]  # the library's own interfaces, untyped
    """One message centre, bound as transceiver at the first message. `address` is host:port."""

    keeps_text = False

    def __init__(self, gateway: Gateway, secret: str) -> None:
        self.name, self._gateway, self._secret = gateway.name, gateway, secret
        self.tell_receipts: TellReceipts | None = None
        self._queue: asyncio.Queue[SmppMessage] = asyncio.Queue()
        self._answers: dict[str, asyncio.Future[Outcome]] = {}
        self._awaited = Awaited()
        self._receipts: asyncio.Queue[tuple[str, Receipt]] = asyncio.Queue(MOST_RECEIPTS)
        self.hear_text: HearText | None = None
        self._written: asyncio.Queue[tuple[str, str]] = asyncio.Queue(MOST_WRITTEN)
        self._session: Session | None = None
        self._running: list[asyncio.Task[None]] = []

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Hand one message over, and wait for the centre's answer to it."""
        if not await self._is_bound():
            return NOT_TAKEN
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._answers[outgoing.reference] = answer
        message = self._submit(outgoing)
        try:
            self._queue.put_nowait(message)
            return await asyncio.wait_for(answer, self._gateway.seconds)
        except TimeoutError:
            return NOT_TAKEN if message.sequence_num is None else UNSURE
        finally:
            self._answers.pop(outgoing.reference, None)
            self._awaited.forget(message)

    async def close(self) -> None:
        """Unbind."""
        if self._session is not None:
            line = self._session._writer  # the library says goodbye and leaves closing the line to the centre
            await self._session.stop()
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
            if line is not None:
                line.close()
            self._session, self._running = None, []

    async def enqueue(self, message: SmppMessage) -> None:
        """The library puts back what it could not send."""
        await self._queue.put(message)

    async def dequeue(self) -> SmppMessage:
        """The library takes the next message that somebody still wants to be sent."""
        while True:
            message = await self._queue.get()
            if (waiting := self._answers.get(message.log_id)) is not None and not waiting.done():
                return message

    async def sending(self, smpp_message: SmppMessage, pdu: bytes, client_id: str) -> None:
        """Only who awaits an answer is noted of what goes out: it holds numbers and texts."""
        del pdu, client_id
        if isinstance(smpp_message, SubmitSm | EnquireLink | Unbind):
            self._awaited.ask(smpp_message)

    async def received(self, smpp_message: SmppMessage | None, pdu: bytes, client_id: str) -> None:
        """An answer to a message, a receipt, or what somebody wrote."""
        del pdu, client_id
        if isinstance(smpp_message, SubmitSmResp | GenericNack):
            self._answer(smpp_message)
        elif isinstance(smpp_message, DeliverSm) and smpp_message.is_receipt():
            told = smpp_message.parse_receipt()
            receipt = FINAL.get(str(told.get("stat", "")))
            if receipt and told.get("id"):
                await self._receipts.put((str(told["id"])[:200], receipt))
        elif isinstance(smpp_message, DeliverSm):
            text = smpp_message.short_message or smpp_message.message_payload
            await self._written.put((smpp_message.source.number, text))

    async def send_error(self, smpp_message: SmppMessage, error: Exception, client_id: str) -> None:
        """A message that could not be built is refused; one whose connection broke may have arrived."""
        del client_id
        if isinstance(smpp_message, SubmitSm):
            self._settle(smpp_message.log_id, REFUSED if isinstance(error, ValueError) else UNSURE)

    async def _note_receipts(self) -> None:
        """Those of the same moment together; while the database is away they wait, and then the centre does."""
        while True:
            told = [await self._receipts.get()]
            await asyncio.sleep(GATHERING)
            while len(told) < TOGETHER and not self._receipts.empty():
                told.append(self._receipts.get_nowait())
            while self.tell_receipts is not None:
                try:
                    await self.tell_receipts(self.name, told)
                    break
                except Exception as fault:
                    log.warning("receipts were not noted", channel=self.name, fault=type(fault).__name__)
                    await asyncio.sleep(1)

    async def _hear_texts(self) -> None:
        """One after the other; what cannot be heard now is tried again, a text that breaks is passed over."""
        while True:
            number, text = await self._written.get()
            for _ in range(HEARD_AGAIN):
                if self.hear_text is None:
                    break
                try:
                    await self.hear_text(self.name, number, text)
                    break
                except Exception as fault:
                    log.warning("text was not heard", channel=self.name, fault=type(fault).__name__)
                    await asyncio.sleep(1)

    def _answer(self, answer: SubmitSmResp | GenericNack) -> None:
        if answer.command_status is SmppCommandStatus.ESME_ROK and isinstance(answer, SubmitSmResp):
            self._settle(answer.log_id, Outcome(Delivery.HANDED_ON, answer.message_id))
        else:
            self._settle(answer.log_id, NOT_TAKEN if answer.command_status in WAITS else REFUSED)

    def _settle(self, reference: str, outcome: Outcome) -> None:
        waiting = self._answers.get(reference)
        if waiting is not None and not waiting.done():
            waiting.set_result(outcome)

    async def _is_bound(self) -> bool:
        if self._session is None:
            host, _, port = self._gateway.address.rpartition(":")
            self._session = Session(
                host, int(port), self._gateway.user, self._secret, hook=self, broker=self, log_level="CRITICAL",
                correlator=self._awaited, throttle_handler=NeverHeld(),
            )  # fmt: skip
            self._running = [
                asyncio.create_task(one) for one in (self._session.start(), self._note_receipts(), self._hear_texts())
            ]
        waited = 0.0
        while self._session.session_state is not SmppSessionState.BOUND_TRX and waited < self._gateway.seconds / 2:
            await asyncio.sleep(0.05)
            waited += 0.05
        return self._session.session_state is SmppSessionState.BOUND_TRX

    def _submit(self, outgoing: Outgoing) -> SubmitSm:
        template_id = self._gateway.template_id(outgoing.template, outgoing.language)
        return SubmitSm(
            short_message=outgoing.text,
            source=PhoneNumber(self._gateway.sender, TON.ALPHANUMERIC, NPI.UNKNOWN),
            destination=PhoneNumber(outgoing.recipient.removeprefix("+"), TON.INTERNATIONAL, NPI.ISDN),
            log_id=outgoing.reference,
            priority_flag=1 if outgoing.urgent else 0,
            optional_params=[OptionalParam(OPTIONAL_TEMPLATE, template_id)] if template_id else [],
        )
