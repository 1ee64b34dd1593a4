"""The demo's supply is drawn by dice that fall alike for the same seed, and has in every district what a demo needs."""

import re
from collections.abc import Iterable
from datetime import date, timedelta

import pytest

from opencowin.demo.centres import draw_centres, share_out
from opencowin.demo.recipe import Recipe, UnknownSize, read_recipe
from opencowin.demo.sessions import Stall, draw_sessions, is_crowded_day
from opencowin.kit.pack import open_pack
from opencowin.places import District, Locality, NewCentre
from opencowin.scheduling import BulkSession

MONDAY = date(2026, 11, 23)
WEEK = [MONDAY + timedelta(days=one) for one in range(7)]


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return read_recipe(open_pack("india"))


def a_district() -> District:
    return District(
        district_id=7,
        state_id=1,
        state_name="North",
        name="Somewhere",
        names={},
        state_names={},
        official=False,
        source_key=None,
        latitude=20.0,
        longitude=80.0,
    )


def some_localities(count: int) -> list[Locality]:
    return [
        Locality(district_id=7, pin_code=f"{110001 + at // 2}", name=f"Village {at}", latitude=20.0, longitude=80.0)
        for at in range(count)
    ]


def centres(recipe: Recipe, seed: str = "1", further: int = 0) -> list[NewCentre]:
    return draw_centres(recipe, seed, a_district(), some_localities(30), further)


def week_of(recipe: Recipe, drawn: Iterable[NewCentre]) -> list[tuple[NewCentre, BulkSession]]:
    """Every session of the centres in a week."""
    found = []
    for number, centre in enumerate(drawn, start=1):
        form = recipe.form_of(centre.name)
        assert form is not None
        stall = Stall(7, number, form, crowded=True)
        found += [(centre, session) for on in WEEK for session in draw_sessions(recipe, "1", stall, on)]
    return found


def first_doses(session: BulkSession) -> int:
    return sum(slot.seats[1] for slot in session.slots)


def test_the_same_seed_draws_the_same_and_another_one_does_not(recipe: Recipe) -> None:
    assert centres(recipe) == centres(recipe)
    assert centres(recipe) != centres(recipe, seed="2")
    assert week_of(recipe, centres(recipe)) == week_of(recipe, centres(recipe))


def test_a_district_without_localities_gets_nothing(recipe: Recipe) -> None:
    assert draw_centres(recipe, "1", a_district(), [], 5) == []


def test_centres_of_a_district_have_different_postal_codes_and_names(recipe: Recipe) -> None:
    drawn = centres(recipe, further=40)
    own = sum(form.each for form in recipe.forms)
    assert len({centre.pin_code for centre in drawn[:own]}) == own
    assert len({centre.name for centre in drawn}) == len(drawn) == own + 40


def test_each_coming_day_has_fifty_free_first_doses_of_covishield_for_adults(recipe: Recipe) -> None:
    for on in WEEK:
        big = [
            session
            for centre, session in week_of(recipe, centres(recipe))
            if session.held_on == on
            and not centre.is_paid
            and (session.min_age, session.max_age, session.vaccine_id) == (18, None, "COVISHIELD")
            and first_doses(session) >= 50
        ]
        assert big, on


def test_a_week_has_paid_small_older_and_crowded_sessions(recipe: Recipe) -> None:
    week = week_of(recipe, centres(recipe))
    assert all((session.fee > 0) == centre.is_paid for centre, session in week)
    assert any(session.fee > 0 for _, session in week)
    assert any(session.min_age == 45 for _, session in week)
    assert {(session.min_age, session.max_age) for _, session in week} >= {(15, 17), (12, 14)}
    small = [session for _, session in week if first_doses(session) <= 6]
    assert small
    crowded = [session for session in small if is_crowded_day(recipe, session.held_on)]
    assert crowded
    assert all(session.doses == recipe.crowd.seats for session in crowded)


def test_a_crowded_day_comes_within_any_six_days(recipe: Recipe) -> None:
    for start in range(14):
        assert any(is_crowded_day(recipe, MONDAY + timedelta(days=start + one)) for one in range(6))


def test_doses_are_the_sum_of_the_seats_and_slots_last_two_hours_within_opening_hours(recipe: Recipe) -> None:
    for centre, session in week_of(recipe, centres(recipe, further=20)):
        assert session.doses == sum(sum(slot.seats.values()) for slot in session.slots) > 0
        assert session.slots[0].starts_at == centre.opens_at
        assert session.slots[-1].ends_at == centre.closes_at
        assert all(slot.ends_at.hour - slot.starts_at.hour == 2 for slot in session.slots)


def test_nine_doses_in_ten_are_covishield(recipe: Recipe) -> None:
    week = week_of(recipe, centres(recipe, further=300))
    adults = [session for _, session in week if session.min_age >= 18]
    share = sum(one.doses for one in adults if one.vaccine_id == "COVISHIELD") / sum(one.doses for one in adults)
    assert 0.8 < share < 0.95


def test_forms_are_known_again_by_the_names_of_their_centres(recipe: Recipe) -> None:
    for centre in centres(recipe, further=60):
        form = recipe.form_of(centre.name)
        assert form is not None
        assert (form.kind, form.operator) == (centre.kind, centre.operator)
    assert recipe.form_of("Town Hall") is None


@pytest.mark.parametrize("whole", [0, 17, 110_595])
def test_centres_are_shared_out_to_the_last_one(whole: int) -> None:
    weights = {1: 10, 2: 3, 3: 0, 4: 250}
    shares = share_out(whole, 2, weights)
    assert sum(shares.values()) == max(whole - 8, 0)
    assert shares[4] >= shares[1] >= shares[2]


def test_the_whole_country_has_as_many_centres_as_were_published(recipe: Recipe) -> None:
    assert recipe.size("whole").centres == 110_595
    with pytest.raises(UnknownSize, match=re.escape("small, standard, large, whole")):
        recipe.size("huge")


def test_documents_and_numbers_of_families_are_well_formed(recipe: Recipe) -> None:
    crowd = recipe.crowd
    assert len(f"{crowd.mobile_prefix}{999_999:06d}") == 10
    assert len(crowd.document_pattern.format(number=(crowd.seats - 1) * 1_000_000 + 999_999)) == 9
