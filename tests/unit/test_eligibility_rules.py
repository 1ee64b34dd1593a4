"""How dated rules act together, on a small invented programme: closing, stopping, exempting, growing older."""

from dataclasses import replace
from datetime import date

from opencowin.programme import (
    DoseGiven,
    Exemption,
    ExemptionKind,
    Facts,
    Group,
    Opening,
    Programme,
    Reason,
    Step,
    Vaccine,
    Wish,
    decide,
    next_due,
)

START = date(2025, 1, 1)
JUNE = date(2025, 6, 1)
FIRST = Step(rule_id="first", vaccine_id="V", dose=1, decided_on=START, valid_from=START)
SECOND = Step(rule_id="second", vaccine_id="V", dose=2, after=("V",), min_days=28, decided_on=START, valid_from=START)
OPEN = Opening(rule_id="open", group_id="all", doses=(1, 2), decided_on=START, valid_from=START)
RULES = Programme(
    programme_id="p",
    name="P",
    vaccines={"V": Vaccine(vaccine_id="V", name="V", manufacturer="M", primary_doses=2)},
    groups={
        "all": Group(group_id="all", name="All"),
        "staff": Group(group_id="staff", name="Staff", listed=True),
        "children": Group(group_id="children", name="Children", min_age=12, max_age=14),
        "adults": Group(group_id="adults", name="Adults", min_age=18),
    },
    openings=(OPEN,),
    steps=(FIRST, SECOND),
    exemption_kinds={
        "travel": ExemptionKind(kind="travel", name="Travel", doses=(2,), vaccines=("V",), min_days=40),
        "hurry": ExemptionKind(kind="hurry", name="Hurry", doses=(2,), vaccines=("V",), min_days=7),
        "volunteer": ExemptionKind(kind="volunteer", name="Volunteer", group_id="staff"),
    },
)
PERSON = Facts(birth_year=1980)
HALF_DONE = Facts(birth_year=1980, doses=(DoseGiven(1, "V", date(2025, 5, 31)),))
WISH = Wish(dose=1, vaccine_id="V", on=JUNE, booked_on=JUNE)


def with_openings(*openings: Opening) -> Programme:
    return replace(RULES, openings=openings)


def test_a_day_that_was_closed_is_followed_by_the_first_open_one() -> None:
    pause = replace(
        OPEN, rule_id="pause", decided_on=JUNE, valid_from=JUNE, valid_until=date(2025, 6, 14), withdrawn=True
    )
    decision = decide(PERSON, WISH, with_openings(OPEN, pause))
    assert (decision.reason, decision.first_date) == (Reason.NOT_YET_OPEN_FOR_GROUP, date(2025, 6, 15))


def test_what_has_ended_does_not_come_back() -> None:
    ended = replace(OPEN, valid_until=date(2025, 5, 31))
    assert decide(PERSON, replace(WISH, on=date(2025, 5, 31)), with_openings(ended)).eligible
    decision = decide(PERSON, WISH, with_openings(ended))
    assert (decision.eligible, decision.first_date) == (False, None)


def test_a_withdrawn_vaccine_is_given_no_more_but_booked_doses_are() -> None:
    stop = replace(FIRST, rule_id="stop", decided_on=JUNE, valid_from=JUNE, withdrawn=True)
    rules = replace(RULES, steps=(FIRST, SECOND, stop))
    assert not decide(PERSON, WISH, rules).eligible
    assert decide(PERSON, replace(WISH, booked_on=date(2025, 5, 31)), rules).eligible


def test_a_safety_stop_honours_no_bookings() -> None:
    stop = replace(FIRST, rule_id="stop", decided_on=JUNE, valid_from=JUNE, withdrawn=True, honours_bookings=False)
    rules = replace(RULES, steps=(FIRST, SECOND, stop))
    assert not decide(PERSON, replace(WISH, booked_on=date(2025, 5, 31)), rules).eligible


def test_the_latest_decision_counts_whatever_its_place_in_the_file() -> None:
    longer = replace(SECOND, rule_id="longer", min_days=84, decided_on=date(2025, 5, 1), valid_from=date(2025, 5, 1))
    wish = replace(WISH, dose=2, on=date(2025, 7, 1))
    for steps in ((FIRST, SECOND, longer), (longer, SECOND, FIRST)):
        assert decide(HALF_DONE, wish, replace(RULES, steps=steps)).first_date == date(2025, 8, 23)


def test_an_exemption_waits_for_its_first_day_and_never_lengthens_the_gap() -> None:
    wish = replace(WISH, dose=2, on=date(2025, 6, 8))
    hurry = Exemption("hurry", date(2025, 6, 12), date(2025, 6, 20))
    decision = decide(replace(HALF_DONE, exemptions=(hurry,)), wish, RULES)
    assert (decision.reason, decision.first_date) == (Reason.INTERVAL_TOO_SHORT, date(2025, 6, 12))
    travel = Exemption("travel", START, date(2025, 12, 31))
    due = replace(wish, on=date(2025, 6, 28))
    assert decide(replace(HALF_DONE, exemptions=(travel,)), due, RULES).eligible


def test_an_exemption_can_make_one_a_member_of_a_group() -> None:
    rules = with_openings(replace(OPEN, group_id="staff"))
    assert decide(PERSON, WISH, rules).reason is Reason.NOT_YET_OPEN_FOR_GROUP
    assert decide(replace(PERSON, groups=frozenset({"staff"})), WISH, rules).eligible
    volunteer = replace(PERSON, exemptions=(Exemption("volunteer", JUNE, date(2025, 6, 30)),))
    assert decide(volunteer, WISH, rules).eligible
    assert decide(volunteer, replace(WISH, on=date(2025, 5, 31)), rules).first_date == JUNE
    assert not decide(volunteer, replace(WISH, on=date(2025, 7, 1)), rules).eligible


def test_a_dose_is_due_since_the_person_came_of_age_not_since_childhood() -> None:
    long_ago = date(2000, 1, 1)
    opening = replace(OPEN, decided_on=long_ago, valid_from=long_ago)
    groups = (replace(opening, rule_id=name, group_id=name) for name in ("children", "adults"))
    first = replace(FIRST, decided_on=long_ago, valid_from=long_ago)
    rules = replace(with_openings(*groups), steps=(first, SECOND))
    due = next_due(Facts(birth_year=2000), rules, JUNE)
    assert due is not None
    assert due.from_date == date(2018, 1, 1)
    between = next_due(Facts(birth_year=2000), rules, date(2016, 5, 1))
    assert between is not None
    assert between.from_date == date(2018, 1, 1)


def test_a_missing_first_dose_is_not_made_up_by_an_imported_second() -> None:
    imported = Facts(birth_year=1980, doses=(DoseGiven(2, "V", date(2025, 5, 1)),))
    decision = decide(imported, WISH, RULES)
    assert (decision.reason, decision.details["due_dose"]) == (Reason.WRONG_DOSE_NUMBER, 3)
