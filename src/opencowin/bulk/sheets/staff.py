"""The sheet of staff: who is invited, to which role and place. Nobody gets a password by a table."""

from collections.abc import Hashable, Sequence
from uuid import UUID

from opencowin import identity, places
from opencowin.bulk.model import Column, Form, Line
from opencowin.bulk.refusals import ChoiceUnknown, InUse
from opencowin.bulk.sheets.centres import LARGEST_ID
from opencowin.bulk.sheets.sheet import Made, Reading, Sheet
from opencowin.identity import Role
from opencowin.kit.actor import Actor, NotPermitted, Permission, Place
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor


class People(Sheet):
    """A row is an invitation: its link goes to the row's contact. Where no place is named, it is the officer's own."""

    permission = Permission.MANAGE_STAFF
    columns = (
        Column(name="user_name", most=64, example="asha.rao"),
        Column(name="name", most=100, example="Asha Rao"),
        Column(name="role", form=Form.CHOICE, choices=tuple(Role), example="vaccinator"),
        Column(name="contact", most=200, example="7100000001"),
        Column(name="state_id", form=Form.NUMBER, needed=False, least=1, most=LARGEST_ID),
        Column(name="district_id", form=Form.NUMBER, needed=False, least=1, most=LARGEST_ID),
        Column(name="centre_id", form=Form.NUMBER, needed=False, least=1, most=LARGEST_ID),
        Column(name="language", needed=False, most=3, example="en"),
    )

    def key(self, line: Line) -> Hashable | None:
        """The user name."""
        said = line.values["user_name"]
        return None if said is None else str(said).lower()

    async def check(
        self, conn: Connection, floor: Floor, actor: Actor, lines: Sequence[Line], reading: Reading
    ) -> None:
        """All that an invitation would be refused for now."""
        del reading
        for line in lines:
            said = line.values
            if said["language"] is not None and floor.country.language(said["language"]) is None:
                line.blame("language", ChoiceUnknown(choices=", ".join(one.code for one in floor.country.languages)))
            if line.faults:
                continue
            try:
                place = await _place(conn, actor, line)
                name, role = said["user_name"].lower(), Role(said["role"])
                await identity.check_invitation(
                    conn, floor, actor, name, role=role, place=place, contact=said["contact"]
                )
            except Refusal as no:
                line.blame(no.field if no.field in said else "role", no)

    async def save(self, conn: Connection, floor: Floor, actor: Actor, line: Line, mark: UUID) -> Made:
        """Invite the person."""
        del mark
        said = line.values
        invitation_id = await identity.invite(
            conn,
            floor,
            actor,
            said["user_name"].lower(),
            name=said["name"],
            role=Role(said["role"]),
            place=await _place(conn, actor, line),
            contact=said["contact"],
            language=said["language"] or floor.country.default_language,
        )
        return {"invitation_id": str(invitation_id)}

    async def undo(self, conn: Connection, floor: Floor, actor: Actor, made: Made) -> None:
        """Withdraw the invitation, unless it was accepted. Raises InUse, NotPermitted."""
        invitation_id = UUID(made["invitation_id"])
        if await identity.was_accepted(conn, invitation_id):
            raise InUse(field="user_name")
        try:
            await identity.withdraw_invitation(conn, floor, actor, invitation_id)
        except identity.InvitationOver:
            return


async def _place(conn: Connection, actor: Actor, line: Line) -> Place:
    """The narrowest place that a row names, or the officer's own.

    Raises NotPermitted, UnknownState, UnknownDistrict, UnknownCentre.
    """
    given = {name: line.values[name] for name in ("state_id", "district_id", "centre_id")}
    named = [name for name, number in given.items() if number is not None]
    if not named:
        return actor.place
    place = await places.place_of(conn, **given)
    if not identity.is_within(place, actor.place):
        raise NotPermitted(field=named[-1])
    return place
