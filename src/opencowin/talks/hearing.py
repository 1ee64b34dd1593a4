"""Hearing what somebody keys in or writes: on with the talk that rests, or anew, and what is answered."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from opencowin import alerts, identity, waitlist
from opencowin.alerts import Keyword
from opencowin.kit.actor import CITIZEN_PERMISSIONS, Actor, ActorKind, Permission, system
from opencowin.kit.audit import record
from opencowin.kit.crypto import SealBroken
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.kit.i18n import Catalogues
from opencowin.kit.limits import count_use
from opencowin.talks import finding, own, queries, registering
from opencowin.talks.answers import ANSWERED, sealed_answer
from opencowin.talks.model import HOME, Asked, NoSuchChoice, Said, Scene, Step, Talk
from opencowin.talks.sheets import sheets_of

STEPS: dict[str, Step] = {**own.STEPS, **finding.STEPS, **registering.STEPS}
RESTS = timedelta(minutes=15)
"""How long a talk that was cut off can be gone on with."""
KEPT = timedelta(days=7)
MOST_ANSWERS, AN_HOUR = 40, timedelta(hours=1)
"""SMS that one number is answered in an hour: so that two machines do not answer each other for ever."""
STATE, NUMBER, SESSION, MESSAGE = "talk_state", "talk_number", "talk_session", "talk_message"
ON, HOMEWARD = "0", "00"
"""The key for the next page, or home from the last one; and the key that leads home from anywhere."""
LEADS_TO = {
    Keyword.FIND: "who",
    Keyword.BOOK: "who",
    Keyword.ALERT: "alert",
    Keyword.STATUS: "own",
    Keyword.MOVE: "own",
    Keyword.CANCEL: "own",
    Keyword.CERTIFICATE: "certificates",
    Keyword.REGISTER: "name",
    Keyword.LANGUAGE: "language",
    Keyword.HELP: HOME,
}
WITH_PLACE = frozenset({Keyword.FIND, Keyword.BOOK, Keyword.ALERT})
"""Keywords that a postal code may follow; every other one stands alone."""
LETTERED = frozenset({"name", "number"})
"""Steps that no digits can answer."""
NOT_IN_CHATS = "A document's number does not belong in a chat: register at {url}, or send REGISTER as an SMS."
MOST_JUMPS, MOST_INPUTS, MOST_LETTERS = 6, 40, 120


@dataclass(frozen=True, slots=True)
class Call:
    """What a USSD gateway hands on: its session, the number, and all that was keyed in so far, parted by `*`."""

    session: str
    mobile: str
    text: str
    spoken: bool = False
    """Whether it is a voice gateway, which reads out what is shown."""


@dataclass(frozen=True, slots=True)
class Chat:
    """What somebody writes in a chat; `address` is the chat's, with its medium, `way` names the gateway."""

    address: str
    way: str
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """An SMS that a gateway hands on, by its own number for it."""

    message_id: str
    mobile: str
    text: str


async def hear_keypad(conn: Connection, floor: Floor, actor: Actor, catalogues: Catalogues, call: Call) -> Said:
    """What is shown after what was keyed in; a request that is sent again is answered again, and does nothing more.

    Raises NotPermitted, InvalidMobile.
    """
    number = number_of(floor, actor, call.mobile)
    key, session = floor.keyring.index(number, NUMBER), floor.keyring.index(f"{actor.actor_id}/{call.session}", SESSION)
    await queries.hold(conn, key)
    stored = await queries.talk_of(conn, key)
    inputs = call.text.split("*")[:MOST_INPUTS] if call.text else []
    talk = read_talk(floor, stored)
    goes_on = stored is not None and stored.session_hash == session
    if talk is not None and stored is not None and goes_on and len(inputs) <= stored.heard:
        return said_in(talk)
    if not goes_on and not await _is_new(conn, floor, actor, number, call):
        talk, inputs = talk or Talk(), []
        scene = await open_scene(conn, floor, actor, catalogues, number, talk)
        await say(scene)
        return said_in(scene.talk)
    if not goes_on and (inputs or (talk is not None and talk.over)):
        talk = None
    scene = await open_scene(conn, floor, actor, catalogues, number, talk)
    scene.talk.spoken = call.spoken
    new = inputs[stored.heard :] if goes_on and stored is not None else inputs
    if not goes_on:
        await say(scene)
    for one in new:
        await _hear(scene, one)
    await queries.keep(conn, key, session, len(inputs), sealed_talk(floor, scene.talk), floor.clock.now())
    return said_in(scene.talk)


async def _is_new(conn: Connection, floor: Floor, actor: Actor, number: str, call: Call) -> bool:
    """Whether the gateway's session is heard for the first time: a request of an earlier one that comes late, or again,
    does nothing, since what was keyed in then was done then."""
    session = floor.keyring.index(f"{number}/{call.session}", SESSION)
    return await queries.first_heard(conn, actor.actor_id, session, floor.clock.now())


async def hear_text(conn: Connection, floor: Floor, actor: Actor, catalogues: Catalogues, text: Text) -> bool:
    """Hear an SMS and queue the answer to it; False where it was heard before, or the number was answered often enough.

    STOP and a code ends alerts, always. Raises NotPermitted, InvalidMobile.
    """
    number = number_of(floor, actor, text.mobile)
    now, message = floor.clock.now(), floor.keyring.index(text.message_id, MESSAGE)
    if not await queries.first_heard(conn, actor.actor_id, message, now):
        return False
    key = floor.keyring.index(number, NUMBER)
    await queries.hold(conn, key)
    scene = await open_scene(conn, floor, actor, catalogues, number, read_talk(floor, await queries.talk_of(conn, key)))
    code = alerts.stop_code(floor, text.text)
    used = await count_use(conn, floor.keyring, floor.clock, f"talk:{number}", AN_HOUR)
    if used > MOST_ANSWERS and code is None:
        return False
    if code is not None:
        said = await _stop(scene, actor, number, code)
    elif (seat := alerts.yes_code(floor, text.text)) is not None:
        said = await _accept(scene, seat)
    else:
        scene.talk.spoken = False
        said = await _in_words(scene, text.text.split())
        await queries.keep(conn, key, b"", 0, sealed_talk(floor, scene.talk), now)
    if used <= MOST_ANSWERS:
        cause = uuid5(NAMESPACE_URL, f"talk/{actor.actor_id}/{text.message_id}")
        await ANSWERED.enqueue(conn, sealed_answer(floor, cause, number, said, scene.language, now))
    return used <= MOST_ANSWERS


async def hear_chat(conn: Connection, floor: Floor, catalogues: Catalogues, account_id: UUID, chat: Chat) -> Said:
    """Hear what somebody writes in a chat that a household has proved to be its own; what is answered.

    The chat stands for the household as its number does: who holds it may find, book, move and cancel.
    """
    key = floor.keyring.index(chat.address, NUMBER)
    await queries.hold(conn, key)
    actor = Actor(ActorKind.CITIZEN, str(account_id), CITIZEN_PERMISSIONS, account_id=account_id, address=chat.way)
    talk = read_talk(floor, await queries.talk_of(conn, key))
    if talk is None:
        why = "the household proved the chat"
        await record(conn, system(chat.way), "talks.begin", subject=("account", account_id), reason=why)
    language = await identity.account_language(conn, account_id)
    scene = Scene(conn, floor, actor, catalogues, language, talk or Talk())
    scene.talk.whole, scene.talk.spoken = True, False
    if (seat := alerts.yes_code(floor, chat.text)) is not None:
        return Said(await _accept(scene, seat), True, language)
    await _in_words(scene, chat.text.split())
    await queries.keep(conn, key, b"", 0, sealed_talk(floor, scene.talk), floor.clock.now())
    return said_in(scene.talk)


async def forget_old(conn: Connection, floor: Floor) -> int:
    """Delete talks that rest too long, and which messages were heard; how many rows."""
    now = floor.clock.now()
    return await queries.forget_talks(conn, now - RESTS) + await queries.forget_texts(conn, now - KEPT)


async def _in_words(scene: Scene, words: Sequence[str]) -> str:
    """A keyword begins anew; anything else answers what was asked last."""
    talk = scene.talk
    keyword = alerts.keyword_of(scene.floor, words[0]) if words else Keyword.HELP
    if keyword in LEADS_TO and (len(words) <= 1 or keyword in WITH_PLACE):
        talk.facts.clear()
        talk.step = LEADS_TO[keyword]
        if len(words) > 1:
            scene.facts["pin"] = _pin_of(scene, "".join(words[1:]))
        await say(scene)
    elif not talk.sheets or talk.over:
        await say(scene)
    else:
        await _hear(scene, " ".join(words))
    return talk.sheets[talk.at]


def _pin_of(scene: Scene, words: str) -> str:
    try:
        return scene.floor.country.postal_code.normalise(words)
    except Refusal:
        return ""


async def _stop(scene: Scene, gateway: Actor, number: str, code: str) -> str:
    """End alerts by their code, or all of them; what is answered."""
    receiver = replace(gateway, permissions=frozenset({Permission.RECEIVE_MESSAGES}))
    ended = await alerts.stop_by_reply(scene.conn, scene.floor, receiver, number, code)
    return scene.text("The alert is ended." if ended else "There is no such alert.")


async def _accept(scene: Scene, code: str) -> str:
    """Take the seat that is kept for the household; what is answered."""
    try:
        async with scene.conn.transaction():
            await waitlist.accept(scene.conn, scene.floor, scene.actor, code)
    except Refusal as no:
        return scene.catalogues.refusal(no, scene.language)
    return scene.text("Booked")


def said_in(talk: Talk) -> Said:
    """What a talk says now."""
    return Said(talk.sheets[talk.at], talk.over, talk.language)


def number_of(floor: Floor, actor: Actor, mobile: str) -> str:
    """The number that a gateway speaks for, as national digits. Raises NotPermitted, InvalidMobile."""
    actor.require(Permission.HOLD_TALKS)
    return floor.country.normalise_mobile(mobile)


async def open_scene(  # noqa: PLR0917 (said in one breath: with this number, through that gateway)
    conn: Connection, floor: Floor, gateway: Actor, catalogues: Catalogues, number: str, talk: Talk | None
) -> Scene:
    """The household of the number, signed in for this talk alone; a new talk is written down."""
    account = await identity.open_account(conn, floor, number, floor.country.default_language)
    address = f"gateway {gateway.actor_id}"
    actor = Actor(ActorKind.CITIZEN, str(account), CITIZEN_PERMISSIONS, account_id=account, address=address)
    if talk is None:
        why = "the gateway vouches for the number"
        await record(conn, gateway, "talks.begin", subject=("account", account), reason=why)
    language = await identity.account_language(conn, account)
    return Scene(conn, floor, actor, catalogues, language, talk or Talk())


async def _hear(scene: Scene, answer: str) -> None:
    """Take one answer, and say what comes next; a refusal is said above the same question."""
    talk, answer = scene.talk, answer.strip()[:MOST_LETTERS]
    if talk.over or answer == HOMEWARD or (answer == ON and talk.at >= len(talk.sheets) - 1):
        talk.step = HOME
        await say(scene)
        return
    if answer == ON:
        talk.at += 1
        return
    step, wrong, before = STEPS[talk.step], "", (talk.step, dict(talk.facts))
    try:
        async with scene.conn.transaction():
            talk.step = await step.take(scene, answer if step.in_words else _chosen(talk, answer))
    except Refusal as no:
        wrong = scene.catalogues.refusal(no, scene.language)
        talk.step, talk.facts = before
    await say(await _as_spoken(scene), wrong)


async def _as_spoken(scene: Scene) -> Scene:
    """The scene in the language that may just have been chosen."""
    language = await identity.account_language(scene.conn, scene.actor.own_account())
    return Scene(scene.conn, scene.floor, scene.actor, scene.catalogues, language, scene.talk)


async def say(scene: Scene, wrong: str = "") -> None:
    """Ask the talk's step, and go on where it has nothing to ask; what it refuses leads home."""
    talk = scene.talk
    for _ in range(MOST_JUMPS):
        try:
            asked = await (
                _elsewhere if (talk.spoken or talk.whole) and talk.step in LETTERED else STEPS[talk.step].ask
            )(scene)
        except Refusal as no:
            wrong, asked = scene.catalogues.refusal(no, scene.language), HOME
        if isinstance(asked, Asked):
            _show(scene, asked, wrong)
            return
        talk.step = asked
    raise RuntimeError("the steps of a talk lead round in a circle")


async def _elsewhere(scene: Scene) -> Asked:
    """Who only hears and keys in digits registers by SMS; what a document says is not asked in a chat, whose carrier
    may read it."""
    if scene.talk.whole:
        return Asked([scene.text(NOT_IN_CHATS, url=f"{scene.floor.settings.address}/people/new")], over=True)
    return Asked([scene.text("Registering needs letters: send REGISTER as an SMS.")], over=True)


def _show(scene: Scene, asked: Asked, wrong: str) -> None:
    talk = scene.talk
    numbered = [f"{at} {label}" for at, (label, _) in enumerate(asked.choices, 1)]
    back = [] if asked.over or talk.step == HOME else [f"{ON} {scene.text('Start page')}"]
    lines = [line for line in (wrong, *asked.lines, *numbered, *back) if line]
    talk.choices, talk.last, talk.at = [value for _, value in asked.choices], asked.over, 0
    talk.language, text = scene.language, "\n".join(lines)
    talk.sheets = [text] if talk.spoken or talk.whole else sheets_of(text)


def _chosen(talk: Talk, answer: str) -> object:
    """What the number stands for that was answered, in digits of any script. Raises NoSuchChoice."""
    at = int(answer) if answer.isdecimal() and len(answer) < 4 else 0
    if not 1 <= at <= len(talk.choices):
        raise NoSuchChoice
    return talk.choices[at - 1]


def read_talk(floor: Floor, stored: queries.StoredTalk | None) -> Talk | None:
    """The talk as it was kept, unless it rested too long or cannot be read any more."""
    if stored is None or stored.seen_at < floor.clock.now() - RESTS:
        return None
    try:
        return Talk(**json.loads(floor.keyring.open(stored.state_sealed, STATE)))
    except (SealBroken, TypeError, ValueError):
        return None


def sealed_talk(floor: Floor, talk: Talk) -> bytes:
    """The talk as it is kept."""
    return floor.keyring.seal(json.dumps(asdict(talk), ensure_ascii=False), STATE)
