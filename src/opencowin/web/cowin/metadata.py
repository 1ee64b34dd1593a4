"""M1–M4: states, districts, identity-document types and genders."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request

from opencowin import places
from opencowin.kit.actor import Actor
from opencowin.web.cowin.wire import TTL, Answer, in_language
from opencowin.web.guard import open_to_all
from opencowin.web.site import language_of, site_of

router = APIRouter(tags=["2. Lists"])
Public = Annotated[Actor, open_to_all()]
INT4_MAX = 2**31 - 1


class State(Answer):
    """A state or union territory."""

    state_id: int
    state_name: str


class States(Answer):
    """All of them."""

    states: list[State]
    ttl: int = TTL


class District(Answer):
    """A district of a state."""

    state_id: int
    district_id: int
    district_name: str


class Districts(Answer):
    """The districts of one state; none for an unknown state."""

    districts: list[District]
    ttl: int = TTL


class IdType(Answer):
    """A type of identity document."""

    type: str
    id: int
    doc_type: str | None = Field(description="Short code, where the type has one.")
    flag: int


class IdTypes(Answer):
    """What a person may register with."""

    types: list[IdType]
    ttl: int = TTL


class Gender(Answer):
    """A gender."""

    gender: str
    id: int


class Genders(Answer):
    """All of them."""

    genders: list[Gender]
    ttl: int = TTL


@router.get("/v2/admin/location/states")
async def states(request: Request, _actor: Public) -> States:
    """All states and union territories."""
    site, language = site_of(request), language_of(request)
    async with site.transaction() as conn:
        found = await places.all_states(conn)
    return States(
        states=[
            State(state_id=one.state_id, state_name=one.name, **_l("state_name", one.names, one.name, language))
            for one in found
        ],
        ttl=24,
    )


@router.get("/v2/admin/location/districts/{state_id}")
async def districts(request: Request, state_id: int, _actor: Public) -> Districts:
    """The districts of a state. An unknown state has none."""
    site, language = site_of(request), language_of(request)
    async with site.transaction() as conn:
        found = await places.districts_of(conn, state_id) if 0 <= state_id <= INT4_MAX else []
    return Districts(
        districts=[
            District(
                state_id=one.state_id,
                district_id=one.district_id,
                district_name=one.name,
                **_l("district_name", one.names, one.name, language),
            )
            for one in found
        ],
        ttl=24,
    )


@router.get("/v2/registration/beneficiary/idTypes")
async def id_types(request: Request, _actor: Public) -> IdTypes:
    """Identity documents that a person may register with."""
    language = language_of(request)
    return IdTypes(
        types=[
            IdType(
                type=one.name,
                id=one.id,
                doc_type=one.doc_type,
                flag=one.flag,
                **_l("type", one.name_l, one.name, language),
            )
            for one in site_of(request).documents.all()
        ],
        ttl=24,
    )


@router.get("/v2/registration/beneficiary/genders")
async def genders(request: Request, _actor: Public) -> Genders:
    """Genders that a person may register as."""
    language = language_of(request)
    return Genders(
        genders=[
            Gender(gender=one.name, id=one.gender_id, **_l("gender", one.names, one.name, language))
            for one in site_of(request).genders.values()
        ],
        ttl=24,
    )


def _l(key: str, names: Any, english: str, language: str) -> dict[str, Any]:
    return dict(in_language(key, names, english, language))
