"""Devices that take a household's messages by push, beside the SMS: registered, ended, and gone by themselves."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass

from opencowin.kit.actor import Actor, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.errors import Conflict, Invalid
from opencowin.kit.floor import Floor
from opencowin.notifications import device_queries as queries
from opencowin.notifications.channels.web_push import is_public_endpoint, public_key
from opencowin.notifications.gateways import Carriage
from opencowin.notifications.model import Medium
from opencowin.notifications.sealed import RECIPIENT

MOST = 5
POINT, AUTH = 65, 16
"""Bytes of a device's public key (an uncompressed point of P-256) and of its secret (RFC 8291)."""


class DeviceInvalid(Invalid):
    """Input parameter missing or not valid: {name}."""

    code = "MSG0002"


class TooManyDevices(Conflict):
    """You have {most} devices already: end one first."""

    code = "MSG0003"


@dataclass(frozen=True, slots=True)
class PushAddress:
    """What a browser or a UnifiedPush distributor made: where to send, and for which keys to seal."""

    endpoint: str
    p256dh: str
    auth: str

    @property
    def written(self) -> str:
        """As the channel reads it."""
        keys = {"p256dh": self.p256dh, "auth": self.auth}
        return json.dumps({"endpoint": self.endpoint, "keys": keys}, sort_keys=True)


async def add_device(conn: Connection, floor: Floor, carriage: Carriage, actor: Actor, address: PushAddress) -> None:
    """Send the actor's messages to this device too; the same one again stays one.

    Raises NotPermitted, DeviceInvalid, TooManyDevices.
    """
    actor.require(Permission.MANAGE_OWN_MEMBERS)
    account = actor.own_account()
    trusted = tuple(one.address for one in carriage.of(Medium.WEB_PUSH) if one.address)
    if not is_public_endpoint(address.endpoint, trusted=trusted):
        raise DeviceInvalid(field="endpoint", name="endpoint")
    for name, length in (("p256dh", POINT), ("auth", AUTH)):
        if _length(getattr(address, name)) != length:
            raise DeviceInvalid(field=name, name=name)
    key, now = floor.keyring.index(address.written, RECIPIENT), floor.clock.now()
    sealed = floor.keyring.seal(address.written, RECIPIENT)
    await queries.hold_account(conn, account)
    known = await queries.of_account(conn, account)
    if any(one.address_hash == key for one in known):
        return
    if len(known) >= MOST:
        raise TooManyDevices(most=MOST)
    await queries.insert(conn, account, key, sealed, now)
    await record(conn, actor, "notifications.add_device", subject=("account", account), reason="asked by the household")


async def end_device(conn: Connection, floor: Floor, actor: Actor, endpoint: str) -> int:
    """Send nothing more to the actor's device with this endpoint; how many ended. Raises NotPermitted."""
    actor.require(Permission.MANAGE_OWN_MEMBERS)
    account = actor.own_account()
    known = await queries.of_account(conn, account)
    gone = [
        one.address_hash
        for one in known
        if json.loads(floor.keyring.open(one.address_sealed, RECIPIENT))["endpoint"] == endpoint
    ]
    if not gone:
        return 0
    await record(conn, actor, "notifications.end_device", subject=("account", account), reason="asked by the household")
    return await queries.end(conn, account, gone)


async def end_devices(conn: Connection, actor: Actor) -> int:
    """Send nothing more to any device of the actor's; how many ended. Raises NotPermitted."""
    actor.require(Permission.MANAGE_OWN_MEMBERS)
    account = actor.own_account()
    known = await queries.of_account(conn, account)
    if not known:
        return 0
    await record(conn, actor, "notifications.end_device", subject=("account", account), reason="asked by the household")
    return await queries.end(conn, account, [one.address_hash for one in known])


def push_key(floor: Floor, carriage: Carriage) -> str:
    """The public key by which push services know us (VAPID), as browsers take it; empty where nobody carries push."""
    found = carriage.of(Medium.WEB_PUSH)
    secret = floor.settings.channel_secrets.get(found[0].name) if found else None
    return public_key(secret.get_secret_value()) if secret else ""


async def forget_devices(conn: Connection, floor: Floor, addresses: Sequence[str]) -> int:
    """Forget devices to which their carrier delivers nothing any more; how many."""
    return await queries.forget(conn, [floor.keyring.index(one, RECIPIENT) for one in addresses])


def _length(value: str) -> int:
    """How many bytes it stands for, in base64 for addresses; 0 where it is none."""
    try:
        return len(base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        return 0
