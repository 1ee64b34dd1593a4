"""Steps that find and take a slot: for whom, where, which session and time, and the confirmation; for a move too."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from opencowin import alerts, programme, registry, scheduling, vaccination, waitlist
from opencowin.scheduling import CentreSessions, SessionView
from opencowin.talks.model import HOME, Asked, Scene, Step

MOST_SESSIONS, DAYS = 30, 14
NEW_PERSON, ANOTHER_PLACE, TELL_ME, WAIT, BOOK, AGAIN = "new", "place", "tell", "wait", "book", "again"
WATCHED_KM = 10


async def ask_who(scene: Scene) -> Asked | str:
    """For whom? Only those who have no appointment; whoever is alone is not asked."""
    members = await registry.members(scene.conn, scene.floor, scene.actor)
    booked = {one.beneficiary_id for one in await scheduling.appointments_of(scene.conn, scene.actor.own_account())}
    free = [one for one in members if one.person.beneficiary_id not in booked]
    if not members:
        return "pin"
    if not free:
        return "own"
    choices: list[tuple[str, Any]] = [(one.name, one.reference_id) for one in free]
    return Asked([scene.text("For whom")], [*choices, (scene.text("Register a person"), NEW_PERSON)])


async def take_who(scene: Scene, choice: Any) -> str:
    """This person: the dose that is due, from the day it is due."""
    if choice == NEW_PERSON:
        return "name"
    scene.facts["reference"] = int(choice)
    return "pin"


async def ask_pin(scene: Scene) -> Asked | str:
    """Where?"""
    if "reference" in scene.facts and "dose" not in scene.facts and not await _find_due(scene):
        return Asked([scene.text("All doses that are offered have already been given.")], over=True)
    if scene.facts.get("pin"):
        return "sessions"
    return Asked([scene.text("PIN code of your area")])


async def take_pin(scene: Scene, words: Any) -> str:
    """This postal code. Raises InvalidPostalCode."""
    scene.facts["pin"] = scene.floor.country.postal_code.normalise(str(words))
    return "sessions"


async def ask_sessions(scene: Scene) -> Asked | str:
    """Which session? The soonest first; where there is none, an alert is offered."""
    found = await _fitting(scene)
    if not found:
        nothing = scene.text(
            "Nothing is free here for this choice. Try other days, another vaccine, or a district nearby."
        )
        ways = [(scene.text("PIN code of your area"), ANOTHER_PLACE)]
        if "reference" in scene.facts and "move" not in scene.facts:
            ways.append((scene.text("Join the waiting list"), WAIT))
        return Asked([nothing], [*ways, (scene.text("Tell me when there is a place here"), TELL_ME)])
    dose = scene.facts.get("dose", 1)
    shown = [
        (
            f"{scene.day(view.held_on)} {one.centre.name_in(scene.language)} ({view.free_by_dose[dose]})",
            str(view.session_id),
        )
        for one, view in found[:MOST_SESSIONS]
    ]
    return Asked([scene.text("Choose")], shown)


async def take_session(scene: Scene, choice: Any) -> str:
    """This session; or another place, the waitlist, an alert. Raises what `join` and `alerts.subscribe` raise."""
    if choice == ANOTHER_PLACE:
        scene.facts.pop("pin", None)
        return "pin"
    if choice == WAIT:
        place = waitlist.WaitWish(scene.facts["reference"], pin_code=scene.facts["pin"])
        await waitlist.join(scene.conn, scene.floor, scene.actor, place)
        return "waiting"
    if choice == TELL_ME:
        wish = alerts.NewSubscription(
            pin_code=scene.facts["pin"], radius_km=WATCHED_KM, dose=scene.facts.get("dose", 1)
        )
        await alerts.subscribe(scene.conn, scene.floor, scene.actor, wish)
        return "watched"
    scene.facts["session"] = str(choice)
    return "slot"


async def ask_alert(scene: Scene) -> Asked | str:
    """Where shall seats be watched? Whoever has said it already is told when there is one. Raises what `subscribe`
    raises."""
    if not scene.facts.get("pin"):
        return Asked([scene.text("PIN code of your area")])
    wish = alerts.NewSubscription(pin_code=scene.facts.pop("pin"), radius_km=WATCHED_KM)
    await alerts.subscribe(scene.conn, scene.floor, scene.actor, wish)
    return "watched"


async def take_alert(scene: Scene, words: Any) -> str:
    """Round this postal code. Raises InvalidPostalCode."""
    scene.facts["pin"] = scene.floor.country.postal_code.normalise(str(words))
    return "alert"


async def ask_watched(scene: Scene) -> Asked | str:
    """The alert stands."""
    return Asked([scene.text("The alert is made.")], over=True)


async def ask_waiting(scene: Scene) -> Asked | str:
    """The person is in line."""
    return Asked([scene.text("You are on the waiting list.")], over=True)


async def ask_slot(scene: Scene) -> Asked | str:
    """Which time?"""
    view = (await _chosen(scene)).sessions[0]
    dose = scene.facts.get("dose", 1)
    times = [
        (f"{scene.hour(one.starts_at)}-{scene.hour(one.ends_at)} ({one.free[dose]})", one.label)
        for one in view.slots
        if one.free.get(dose, 0) > 0
    ]
    return Asked([scene.text("Choose a time")], times) if times else "sessions"


async def take_slot(scene: Scene, choice: Any) -> str:
    """This time; whoever is not registered yet is registered first."""
    scene.facts["slot"] = str(choice)
    return "confirm" if "reference" in scene.facts or "move" in scene.facts else "name"


async def ask_confirm(scene: Scene) -> Asked | str:
    """Is it right?"""
    offered = await _chosen(scene)
    view, facts = offered.sessions[0], scene.facts
    facts.setdefault("key", str(uuid4()))
    slot = next((one for one in view.slots if one.label == facts["slot"]), None)
    if slot is None:
        return "slot"
    rules = await programme.current_programme(scene.conn)
    vaccine = rules.vaccines[view.vaccine_id]
    price = f"{scene.floor.country.currency.code} {view.fee}" if view.fee else scene.text("Free of charge")
    lines = [
        *await _for_whom(scene),
        f"{scene.day(view.held_on)} {scene.hour(slot.starts_at)}-{scene.hour(slot.ends_at)}",
        offered.centre.name_in(scene.language),
        f"{scene.named(vaccine.name, vaccine.name_l)}, {price}",
    ]
    go = scene.text("Move the appointment" if "move" in facts else "Book now")
    return Asked(lines, [(go, BOOK), (scene.text("Choose another slot"), AGAIN)])


async def take_confirm(scene: Scene, choice: Any) -> str:
    """Book it, or move it there. Raises what `scheduling.book` and `scheduling.move` raise."""
    facts = scene.facts
    if choice == AGAIN:
        return "sessions"
    session_id = UUID(facts["session"])
    if "move" in facts:
        await scheduling.move(scene.conn, scene.floor, scene.actor, UUID(facts["move"]), session_id, facts["slot"])
        return "moved"
    wish = scheduling.BookingWish(
        facts.get("dose", 1), session_id, facts["slot"], (facts["reference"],), key=f"talk-{facts['key']}"
    )
    await scheduling.book(scene.conn, scene.floor, scene.actor, wish)
    return "booked"


async def ask_booked(scene: Scene) -> Asked | str:
    """Done, and what is to be shown at the centre."""
    return Asked([scene.text("Booked"), *await _reminder(scene)], over=True)


async def ask_moved(scene: Scene) -> Asked | str:
    """Moved."""
    return Asked([scene.text("Moved"), *await _reminder(scene)], over=True)


async def take_nothing(_scene: Scene, _choice: Any) -> str:
    """After the last word a talk begins anew."""
    return HOME


async def _find_due(scene: Scene) -> bool:
    """Note which dose is due and from when; whether one is."""
    reference = scene.facts["reference"]
    (member,) = await registry.own_members(scene.conn, scene.floor, scene.actor, [reference])
    due = await vaccination.due(scene.conn, scene.floor, member)
    if due is None:
        return False
    scene.facts.update({"dose": due.dose, "from": due.from_date.isoformat(), "born": member.birth_year})
    return True


async def _fitting(scene: Scene) -> list[tuple[CentreSessions, SessionView]]:
    facts, today = scene.facts, scene.floor.clock.today()
    begin = max(today, date.fromisoformat(facts["from"])) if "from" in facts else today
    wish = scheduling.Wish(from_date=begin, days=DAYS, pin_code=facts["pin"], only_free=True)
    age = begin.year - facts["born"] if "born" in facts else None
    found = [
        (one, view)
        for one in await scheduling.find_sessions(scene.conn, scene.floor, wish)
        for view in one.sessions
        if view.free_by_dose.get(facts.get("dose", 1), 0) > 0
        and (age is None or view.min_age <= age <= (view.max_age or age))
    ]
    return sorted(found, key=lambda pair: (pair[1].held_on, pair[0].centre.name))


async def _chosen(scene: Scene) -> CentreSessions:
    return await scheduling.offered_session(scene.conn, scene.floor, UUID(scene.facts["session"]))


async def _for_whom(scene: Scene) -> list[str]:
    if "reference" not in scene.facts:
        return []
    (member,) = await registry.own_members(scene.conn, scene.floor, scene.actor, [scene.facts["reference"]])
    return [member.name]


async def _reminder(scene: Scene) -> list[str]:
    """Day, time and place; and the reference by which the centre finds the person."""
    offered, facts = await _chosen(scene), scene.facts
    centre, view = offered.centre, offered.sessions[0]
    slot = next(one for one in view.slots if one.label == facts["slot"])
    lines = [f"{scene.day(view.held_on)} {scene.hour(slot.starts_at)}-{scene.hour(slot.ends_at)}"]
    lines.append(centre.name_in(scene.language))
    if "reference" in facts:
        lines.append(f"{scene.text('Reference')} {facts['reference']}")
    return lines


STEPS = {
    "who": Step(ask_who, take_who),
    "pin": Step(ask_pin, take_pin, in_words=True),
    "sessions": Step(ask_sessions, take_session),
    "alert": Step(ask_alert, take_alert, in_words=True),
    "watched": Step(ask_watched, take_nothing),
    "waiting": Step(ask_waiting, take_nothing),
    "slot": Step(ask_slot, take_slot),
    "confirm": Step(ask_confirm, take_confirm),
    "booked": Step(ask_booked, take_nothing),
    "moved": Step(ask_moved, take_nothing),
}
