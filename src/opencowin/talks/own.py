"""Steps about what is one's own: the start, people and appointments, certificates, the language."""

from typing import Any
from uuid import UUID

from opencowin import certificates, identity, registry, scheduling, vaccination
from opencowin.scheduling import AppointmentView
from opencowin.talks.finding import take_nothing
from opencowin.talks.model import HOME, Asked, Scene, Step

MOVE, CANCEL, KEEP = "move", "cancel", "keep"


async def ask_home(scene: Scene) -> Asked | str:
    """What shall it be?"""
    scene.facts.clear()
    ways = {
        "who": "Find a slot",
        "own": "My people and appointments",
        "certificates": "Certificates",
        "name": "Register a person",
        "language": "Language",
    }
    return Asked((), [(scene.text(words), step) for step, words in ways.items()])


async def take_home(_scene: Scene, choice: Any) -> str:
    """This."""
    return str(choice)


async def ask_own(scene: Scene) -> Asked | str:
    """Everybody: doses, what is due; and the appointments to choose from."""
    account = scene.actor.own_account()
    members = await registry.members(scene.conn, scene.floor, scene.actor)
    doses = await vaccination.doses_of_account(scene.conn, account)
    booked = await scheduling.appointments_of(scene.conn, account)
    names = {one.person.beneficiary_id: one.name for one in members}
    waiting = {one.beneficiary_id for one in booked}
    lines = []
    for one in members:
        given = doses.get(one.person.beneficiary_id, [])
        line = f"{one.name} {one.reference_id}: {scene.text('Doses')} {len(given)}"
        due = await vaccination.due(scene.conn, scene.floor, one, given)
        if due is not None and one.person.beneficiary_id not in waiting:
            line += f", {scene.text('Next dose')} {scene.text('from {day}', day=scene.day(due.from_date))}"
        lines.append(line)
    choices = [(f"{names.get(one.beneficiary_id, '')}: {_when(scene, one)}", str(one.booking_id)) for one in booked]
    return Asked(lines or [scene.text("None yet")], choices)


async def take_own(scene: Scene, choice: Any) -> str:
    """This appointment."""
    scene.facts["booking"] = str(choice)
    return "appointment"


async def ask_appointment(scene: Scene) -> Asked | str:
    """Move or cancel?"""
    booked = await _of_booking(scene)
    if not booked:
        return "own"
    lines = [_when(scene, booked[0]), booked[0].centre.name_in(scene.language)]
    ways = [(scene.text("Move the appointment"), MOVE), (scene.text("Cancel the appointment"), CANCEL)]
    return Asked(lines, ways)


async def take_appointment(scene: Scene, choice: Any) -> str:
    """To the search for another slot, or to the question whether it shall really end."""
    if choice == CANCEL:
        return "cancel"
    booked = await _of_booking(scene)
    if booked:
        scene.facts.update({"move": scene.facts["booking"], "dose": booked[0].dose_number})
    return "pin"


async def ask_cancel(scene: Scene) -> Asked | str:
    """Really?"""
    ways = [(scene.text("Cancel the appointment"), CANCEL), (scene.text("Keep it"), KEEP)]
    return Asked([scene.text("Cancel this appointment?")], ways)


async def take_cancel(scene: Scene, choice: Any) -> str:
    """It ends for all its people. Raises what `scheduling.cancel` raises."""
    if choice == KEEP:
        return HOME
    await scheduling.cancel(scene.conn, scene.floor, scene.actor, UUID(scene.facts["booking"]))
    return "cancelled"


async def ask_cancelled(scene: Scene) -> Asked | str:
    """It has ended."""
    return Asked([scene.text("The appointment is cancelled.")], over=True)


async def ask_certificates(scene: Scene) -> Asked | str:
    """By which numbers certificates are fetched."""
    lines = []
    for one in await registry.members(scene.conn, scene.floor, scene.actor):
        try:
            paper = await certificates.sheet(scene.conn, scene.floor, scene.actor, one.person)
        except certificates.NoCertificateYet:
            lines.append(f"{one.name}: {scene.text('None yet')}")
        else:
            number = paper.statement.certificate_id
            lines.append(
                f"{one.name}: {scene.text('Certificate')} {number}, {scene.text('Reference')} {one.reference_id}"
            )
    return Asked(lines or [scene.text("None yet")], over=True)


async def ask_language(scene: Scene) -> Asked | str:
    """Which language? Each by its own name."""
    known = [one for one in scene.floor.country.languages if one.code in {"en", *scene.catalogues.by_language}]
    return Asked((), [(one.own_name, one.code) for one in known])


async def take_language(scene: Scene, choice: Any) -> str:
    """From now on in this language, messages too."""
    await identity.choose_language(scene.conn, scene.floor, scene.actor.own_account(), str(choice))
    return HOME


async def _of_booking(scene: Scene) -> list[AppointmentView]:
    booking = UUID(scene.facts["booking"])
    booked = await scheduling.appointments_of(scene.conn, scene.actor.own_account())
    return [one for one in booked if one.booking_id == booking]


def _when(scene: Scene, one: AppointmentView) -> str:
    return f"{scene.day(one.held_on)} {scene.hour(one.starts_at)}"


STEPS = {
    HOME: Step(ask_home, take_home),
    "own": Step(ask_own, take_own),
    "appointment": Step(ask_appointment, take_appointment),
    "cancel": Step(ask_cancel, take_cancel),
    "cancelled": Step(ask_cancelled, take_nothing),
    "certificates": Step(ask_certificates, take_nothing),
    "language": Step(ask_language, take_language),
}
