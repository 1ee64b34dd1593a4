"""Appoints the demo's staff, with passwords made for this deployment."""

from collections.abc import Sequence

from opencowin import identity, places
from opencowin.demo.notes import StaffLogIn
from opencowin.demo.recipe import LogIn, Recipe
from opencowin.identity import Role, UserNameTaken
from opencowin.kit.actor import Place, system
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.places import Centre, CentreKind, District, Operator


async def appoint_staff(
    conn: Connection, floor: Floor, recipe: Recipe, districts: Sequence[District]
) -> tuple[StaffLogIn, ...]:
    """The recipe's staff, at the first district of its state that the demo covers; who is there already is left out."""
    district = next((one for one in districts if one.state_name == recipe.staff_state), districts[0])
    centres = await places.centres_of_district(conn, district.district_id)
    centre = next(
        (one for one in centres if one.operator is Operator.GOVERNMENT and one.kind is CentreKind.STATIC), centres[0]
    )
    made = []
    for log_in in recipe.staff:
        place, where = _scope(log_in, district, centre)
        try:
            staff, password = await identity.create_staff(
                conn,
                floor,
                system("demo"),
                log_in.user_name,
                name=log_in.name,
                role=Role(log_in.role),
                place=place,
            )
        except UserNameTaken:
            continue
        made.append(StaffLogIn(staff.user_name, password, staff.role.value.replace("_", " "), where))
    return tuple(made)


def _scope(log_in: LogIn, district: District, centre: Centre) -> tuple[Place, str]:
    """The place of a member of staff, and its name."""
    match log_in.where:
        case "state":
            return Place(district.state_id), district.state_name
        case "district":
            return Place(district.state_id, district.district_id), f"{district.name}, {district.state_name}"
        case "centre":
            return Place(district.state_id, district.district_id, centre.centre_id), centre.name
        case _:
            return Place(), "the whole country"
