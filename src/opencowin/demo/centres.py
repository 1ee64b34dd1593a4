"""Draws the centres of a district: after real localities, spread over its postal codes; pure, the same for a seed."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence

from opencowin.demo.recipe import Form, Recipe
from opencowin.places import District, Locality, NewCentre

SPREAD_DEGREES = 0.008
"""Centres stand somewhere around their locality's point, not all on it: within about a kilometre."""


def draw_centres(
    recipe: Recipe, seed: str, district: District, localities: Sequence[Locality], further: int
) -> list[NewCentre]:
    """The district's own set of centres, then so many further ones."""
    if not localities:
        return []
    dice = random.Random(f"{seed}/centres/{district.state_name}/{district.name}")  # noqa: S311 - invented data, no secret
    sites = _sites(localities, dice)
    forms = [form for form in recipe.forms for _ in range(form.each)]
    drawn = [form for form in recipe.forms if form.weight]
    forms += dice.choices(drawn, weights=[form.weight for form in drawn], k=further)
    named: set[str] = set()
    centres = []
    for form, site in zip(forms, sites, strict=False):
        words = {"locality": site.name, "district": district.name, "house": dice.choice(recipe.houses)}
        name = _unused(dice.choice(form.names).format(**words), named)
        address = f"{form.address.format(**words)}, {district.name}"
        centres.append(_centre(form, name, address, site, dice))
    return centres


def _sites(localities: Sequence[Locality], dice: random.Random) -> Iterator[Locality]:
    """Localities without end: one of each postal code first, then the others, then all again."""
    shuffled = list(localities)
    dice.shuffle(shuffled)
    first = {one.pin_code: one for one in reversed(shuffled)}
    order = [*first.values(), *(one for one in shuffled if first[one.pin_code] is not one)]
    while True:
        yield from order


def _centre(form: Form, name: str, address: str, site: Locality, dice: random.Random) -> NewCentre:
    point = _near(site, dice)
    return NewCentre(
        district_id=site.district_id,
        name=name,
        address=address,
        pin_code=site.pin_code,
        opens_at=form.opens_at,
        closes_at=form.closes_at,
        block_name=site.name,
        latitude=point[0],
        longitude=point[1],
        is_paid=form.is_paid,
        operator=form.operator,
        kind=form.kind,
    )


def _unused(name: str, named: set[str]) -> str:
    """The name, with a number when the district has such a centre already."""
    number, found = 1, name
    while found in named:
        number += 1
        found = f"{name} {number}"
    named.add(found)
    return found


def _near(site: Locality, dice: random.Random) -> tuple[float | None, float | None]:
    if site.latitude is None or site.longitude is None:
        return None, None
    north, east = (dice.uniform(-SPREAD_DEGREES, SPREAD_DEGREES) for _ in range(2))
    return round(site.latitude + north, 5), round(site.longitude + east, 5)


def share_out(whole: int, own: int, weights: Mapping[int, int]) -> dict[int, int]:
    """How many further centres each district gets, so that all have `whole`, in proportion to their weights."""
    further = max(whole - own * len(weights), 0)
    total = sum(weights.values()) or 1
    shares = {district_id: further * weight // total for district_id, weight in weights.items()}
    left = further - sum(shares.values())
    for district_id in _heaviest(weights, left):
        shares[district_id] += 1
    return shares


def _heaviest(weights: Mapping[int, int], count: int) -> Iterable[int]:
    return sorted(weights, key=lambda district_id: (-weights[district_id], district_id))[:count]
