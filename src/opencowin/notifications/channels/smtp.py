"""E-mail, by SMTP (RFC 5321) over one connection that is kept open."""

import asyncio
from email.message import EmailMessage
from email.policy import SMTP

import aiosmtplib

from opencowin.notifications.channels.delivery import NOT_TAKEN, REFUSED, UNSURE, Delivery, Outcome
from opencowin.notifications.gateways import Gateway
from opencowin.notifications.model import Outgoing

WHOLE = SMTP.clone(max_line_length=900)
"""Links in headers are not broken over lines, where mail programs would not find them."""


class SmtpChannel:
    """One mail server. `address` is host:port; TLS is used where the server offers it, and must be valid."""

    keeps_text = False

    def __init__(self, gateway: Gateway, secret: str) -> None:
        self.name, self._gateway = gateway.name, gateway
        host, _, port = gateway.address.rpartition(":")
        self._server = aiosmtplib.SMTP(hostname=host, port=int(port), timeout=gateway.seconds)
        self._secret = secret
        self._turn = asyncio.Lock()

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Hand one message over; the Message-ID is made of our reference, so that a repeated one can be seen."""
        async with self._turn:
            try:
                await self._connect()
            except (aiosmtplib.SMTPException, OSError):
                return NOT_TAKEN
            mail = self._mail(outgoing)
            try:
                await self._server.sendmail(self._gateway.sender, [outgoing.recipient], mail.as_bytes(policy=WHOLE))
            except aiosmtplib.SMTPRecipientsRefused as refused:
                return REFUSED if all(one.code >= 500 for one in refused.recipients) else NOT_TAKEN
            except aiosmtplib.SMTPResponseException as refused:
                return REFUSED if refused.code >= 500 else NOT_TAKEN
            except (aiosmtplib.SMTPException, OSError):
                self._server.close()
                return UNSURE
        return Outcome(Delivery.HANDED_ON, mail["Message-ID"])

    async def close(self) -> None:
        """Close the connection."""
        self._server.close()

    async def _connect(self) -> None:
        if not self._server.is_connected:
            await self._server.connect()
            if self._gateway.user:
                await self._server.login(self._gateway.user, self._secret)

    def _mail(self, outgoing: Outgoing) -> EmailMessage:
        mail = EmailMessage()
        domain = self._gateway.sender.rpartition("@")[2] or "localhost"
        mail["Message-ID"] = f"<{outgoing.reference}@{domain}>"
        mail["From"], mail["To"] = self._gateway.sender, outgoing.recipient
        mail["Subject"] = outgoing.text.split(":")[0].split(".")[0][:78]
        mail["Auto-Submitted"] = "auto-generated"
        if outgoing.stop_link:
            mail["List-Unsubscribe"] = f"<{outgoing.stop_link}>"
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
        mail.set_content(outgoing.text)
        return mail
