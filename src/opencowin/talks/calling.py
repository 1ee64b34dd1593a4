"""A missed call: who has no credit rings and hangs up, and is told the next step by SMS."""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from opencowin import scheduling
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.i18n import Catalogues
from opencowin.kit.limits import count_use
from opencowin.talks import queries
from opencowin.talks.answers import ANSWERED, sealed_answer
from opencowin.talks.hearing import AN_HOUR, MESSAGE, NUMBER, number_of, open_scene, read_talk, say, sealed_talk
from opencowin.talks.model import HOME

MOST_CALLS = 3
"""Missed calls of one number that are answered in an hour."""


@dataclass(frozen=True, slots=True)
class MissedCall:
    """A call that a gateway did not take, by its own number for it."""

    call_id: str
    mobile: str


async def hear_missed_call(
    conn: Connection, floor: Floor, actor: Actor, catalogues: Catalogues, call: MissedCall
) -> bool:
    """Queue an SMS with the next step: what was asked last, or the household's appointments, or the start.

    False where the call was heard before or the number was answered often enough. Raises NotPermitted, InvalidMobile.
    """
    number = number_of(floor, actor, call.mobile)
    now, heard = floor.clock.now(), floor.keyring.index(f"call/{call.call_id}", MESSAGE)
    if not await queries.first_heard(conn, actor.actor_id, heard, now):
        return False
    if await count_use(conn, floor.keyring, floor.clock, f"missed call:{number}", AN_HOUR) > MOST_CALLS:
        return False
    key = floor.keyring.index(number, NUMBER)
    await queries.hold(conn, key)
    talk = read_talk(floor, await queries.talk_of(conn, key))
    if talk is not None and talk.over:
        talk = None
    scene = await open_scene(conn, floor, actor, catalogues, number, talk)
    if talk is None:
        scene.talk.step = "own" if await scheduling.appointments_of(conn, scene.actor.own_account()) else HOME
    scene.talk.spoken = False
    await say(scene)
    await queries.keep(conn, key, b"", 0, sealed_talk(floor, scene.talk), now)
    cause = uuid5(NAMESPACE_URL, f"call/{actor.actor_id}/{call.call_id}")
    said = scene.talk.sheets[scene.talk.at]
    await ANSWERED.enqueue(conn, sealed_answer(floor, cause, number, said, scene.language, now))
    return True
