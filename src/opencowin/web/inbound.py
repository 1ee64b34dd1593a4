"""What people answer by SMS: their gateway hands it on here, with a partner's key that may receive messages."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from opencowin import alerts, identity, notifications
from opencowin.kit.actor import Actor, Permission
from opencowin.web.cowin.wire import Body, LooseText
from opencowin.web.guard import Face, may
from opencowin.web.site import site_of

router = APIRouter(prefix="/open/v1/messages", tags=["Our own surface"])
Gateway = Annotated[Actor, may(Permission.RECEIVE_MESSAGES, Face.PARTNER)]


class Answered(Body):
    """An SMS, or a letter, that a person sent."""

    sender: LooseText = Field(
        max_length=200, description="The number that it came from, as the network told it; or the e-mail address."
    )
    text: LooseText = Field(max_length=2000)


class Understood(BaseModel):
    """What became of it."""

    ended: int = Field(description="How many alerts ended; none when the text asks for nothing that is known.")


@router.post("")
async def answered(request: Request, body: Answered, actor: Gateway) -> Understood:
    """Do what an answer asks for: `STOP` and a code ends that alert of the sender's, `STOP` alone all of them; in
    the words of each of the country's languages too. A letter ends only an alert whose code it names, since its sender
    may be forged.

    Handed on twice, it ends nothing more; from a sender that is neither, nothing.
    """
    site = site_of(request)
    if identity.is_email(body.sender):
        async with site.transaction() as conn:
            ended = await notifications.stop_by_mail(conn, site.floor, actor, body.sender, body.text)
        return Understood(ended=ended)
    code = alerts.stop_code(site.floor, body.text)
    if code is None:
        return Understood(ended=0)
    try:
        async with site.transaction() as conn:
            return Understood(ended=await alerts.stop_by_reply(conn, site.floor, actor, body.sender, code))
    except identity.InvalidMobile:
        return Understood(ended=0)
