"""A household of the settled world for which a seat is kept from the waiting list."""

from datetime import timedelta
from uuid import UUID

from opencowin import identity, scheduling, waitlist
from opencowin.kit.db import transaction
from tests.builders import TEST, a_session, citizen, new_centre, stock_in
from tests.surface import Surface
from tests.web.clinic import a_home


async def a_seat_kept(surface: Surface) -> UUID:
    """Its account; the seat is kept for as long as seats are."""
    home = await a_home(surface, size=1)
    async with transaction(surface.pool) as conn:
        centre = await new_centre(conn)
        await stock_in(conn, surface.floor, centre, "COVISHIELD", doses=10)
        account = await identity.open_account(conn, surface.floor, home.mobile)
        wish = waitlist.WaitWish(int(home.first), pin_code=centre.pin_code)
        await waitlist.join(conn, surface.floor, citizen(account), wish)
        new = a_session(centre, surface.day(3), doses=1)
        session = await scheduling.publish_session(conn, surface.floor, TEST, new)
        told_at = surface.floor.clock.now() + timedelta(seconds=1)
        kept = await waitlist.offer_round(conn, surface.floor, session, told_at)
    assert [one.account_id for one in kept] == [account]
    return account
