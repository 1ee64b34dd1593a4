"""The appointment slip: what people bring to the centre, on paper or on a phone."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.documents import DocumentRenderer, in_two_languages
from opencowin.kit.floor import Floor
from opencowin.kit.pack import CountryPack, two_languages
from opencowin.kit.qr import qr_code
from opencowin.registry import Beneficiary, members
from opencowin.scheduling.model import AppointmentView
from opencowin.scheduling.reading import appointments_of
from opencowin.scheduling.refusals import NoSuchBooking

TEMPLATE = Path(__file__).with_name("slip.typ")
FILE = "slip.toml"
NUMBER_DIGITS = 8
"""How much of a booking's id is printed: enough to tell one's own slips apart."""


@dataclass(frozen=True, slots=True)
class Slip:
    """A booking that stands, and the members it is for."""

    appointment: AppointmentView
    people: tuple[Beneficiary, ...]
    made_at: datetime


@lru_cache(maxsize=1)
def _renderer() -> DocumentRenderer:
    return DocumentRenderer(TEMPLATE)


@lru_cache(maxsize=8)
def _texts(pack: CountryPack) -> dict[str, Any]:
    return pack.toml(FILE)


async def read_slip(conn: Connection, floor: Floor, actor: Actor, booking_id: UUID) -> Slip:
    """The slip of a live booking of one's own household. Raises NoSuchBooking, NotPermitted."""
    booked = [one for one in await appointments_of(conn, actor.own_account()) if one.booking_id == booking_id]
    if not booked:
        raise NoSuchBooking(field="appointment_id")
    chosen = {one.beneficiary_id for one in booked}
    people = [one for one in await members(conn, floor, actor) if one.person.beneficiary_id in chosen]
    return Slip(booked[0], tuple(people), floor.clock.now())


async def printed_slip(floor: Floor, page: Slip, language: str) -> bytes:
    """The slip as PDF in two languages; drawn outside the event loop and any transaction."""
    return await asyncio.to_thread(_render, floor.pack, page, language)


def _render(pack: CountryPack, page: Slip, language: str) -> bytes:
    data = slip_data(pack, page, language)
    return _renderer().render(data, {"qr": qr_code(qr_text(page), "M")}, page.made_at)


def qr_text(page: Slip) -> str:
    """What the slip's QR code says: the booking and the members' references, nothing that names a person."""
    references = ",".join(str(one.reference_id) for one in page.people)
    return f"OCW1;{page.appointment.booking_id};{references}"


def slip_data(pack: CountryPack, page: Slip, language: str) -> Mapping[str, object]:
    """What the template shows, as text."""
    main, second = two_languages(_texts(pack), language)
    texts, others = _texts(pack)["texts"][main], _texts(pack)["texts"][second]
    one = page.appointment
    return {
        **in_two_languages(main, second),
        "texts": texts,
        "second": others,
        "issuer": texts["issuer"],
        "number": str(one.booking_id)[:NUMBER_DIGITS],
        "date": one.held_on.strftime("%d-%m-%Y"),
        "slot": one.slot,
        "vaccine": one.vaccine_id,
        "dose": str(one.dose_number),
        "centre": {
            "name": one.centre.name,
            "address": _address(one),
        },
        "people": [
            {
                "name": person.name,
                "reference": str(person.reference_id),
                "document": person.document_masked,
                "secret_code": person.secret_code,
            }
            for person in page.people
        ],
        "bring": texts["things"],
        "bring_second": others["things"],
    }


def _address(one: AppointmentView) -> str:
    """The centre's address with what it does not say itself of block, district and state."""
    said = one.centre.address
    for part in (one.centre.block_name, one.place.district_name, one.place.state_name):
        if part and part not in said:
            said = f"{said}, {part}"
    return f"{said} {one.centre.pin_code}"
