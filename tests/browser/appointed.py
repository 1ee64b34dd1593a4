"""Staff of the settled world whom an officer looks after, and a sign-in that is half done."""

from opencowin import identity
from opencowin.identity import totp
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection, transaction
from opencowin.kit.floor import Floor
from tests.builders import TEST, mobile
from tests.surface import Surface


async def half_signed_in(conn: Connection, floor: Floor, worker: Actor) -> str:
    """A sign-in that waits for its second factor all day, of a colleague of the worker."""
    name = "vaccinator.with.an.app"
    role, place = identity.Role.VACCINATOR, worker.place
    made, _ = await identity.create_staff(conn, floor, TEST, name, name="Neha Sharma", role=role, place=place)
    actor = await identity.actor_of_staff(conn, made.staff_id, "127.0.0.1")
    session = await identity.session_of(conn, floor, await identity.begin_session(conn, floor, actor, device=""), "")
    begun = identity.begin_app(floor, actor, name)
    code = totp.code_at(begun.secret, totp.step_of(floor.clock.now()))
    await identity.confirm_app(conn, floor, actor, session.session_id, sealed=begun.sealed, code=code)
    waiting = await identity.begin_sign_in(conn, floor, actor)
    await conn.execute("UPDATE staff_sign_in SET begun_at = begun_at + interval '1 day'")
    return str(waiting)


async def appointing(surface: Surface, officer: Actor, worker: Actor) -> dict[str, str]:
    """A member of staff to look after, and the link of somebody who is invited."""
    number, role = mobile(), identity.Role.VERIFIER
    async with transaction(surface.pool) as conn:
        await identity.invite(
            conn,
            surface.floor,
            officer,
            "verifier.invited",
            name="Neha Sharma",
            role=role,
            place=worker.place,
            contact=number,
        )
    sent = await surface.sms(number, containing="/console/join/")
    return {"staff_id": worker.actor_id, "link": sent.partition("/console/join/")[2].split()[0]}
