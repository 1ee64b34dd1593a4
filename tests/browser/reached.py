"""A household of the settled world that is reached by mail and on a phone, and proves one more address."""

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from opencowin import notifications
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.notifications import Medium
from tests.rooms.test_gateways import plain, point
from tests.surface import Surface

MAIL, SIGNAL = "asha@example.org", "+919876543210"
CHANNELS = """
[[gateway]]
name = "push"
medium = "web_push"
kind = "web_push"
address = "http://127.0.0.1:9"
sender = "help@example.org"

[[gateway]]
name = "bot"
medium = "telegram"
kind = "telegram"
address = "http://127.0.0.1:9"
sender = "vaccination_bot"
"""
"""What the operator has set up: nobody answers there, and nothing is sent there."""


def a_push_key() -> str:
    """A key by which push services may know us, as PEM."""
    return ECKey.generate_key("P-256").as_pem(private=True).decode()


async def prove_mail(conn: Connection, floor: Floor, actor: Actor) -> None:
    """Ask for both addresses, and add a phone that takes messages."""
    carriage = notifications.read_carriage(floor)
    for medium, address in ((Medium.EMAIL, MAIL), (Medium.SIGNAL, SIGNAL)):
        await notifications.ask_proof(conn, floor, carriage, actor, medium, address)
    key = ec.generate_private_key(ec.SECP256R1())
    phone = notifications.PushAddress("https://push.example.org/a", plain(point(key)), plain(b"a" * 16))
    await notifications.add_device(conn, floor, carriage, actor, phone)


async def reached(conn: Connection, surface: Surface, actor: Actor) -> Mapping[str, str]:
    """The code of the mail comes back; by which link its reader ends it."""
    code = (await surface.sms(MAIL, containing="is the code")).split()[0]
    await notifications.prove(conn, surface.floor, actor, Medium.EMAIL, code)
    return {"off_token": notifications.stop_link(surface.floor, MAIL).rpartition("/")[2]}
