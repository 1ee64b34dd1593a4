"""Refusals of eligibility: their words, their codes, and that every reason has one."""

from dataclasses import replace
from datetime import date

import pytest

from opencowin.kit.errors import Invalid
from opencowin.kit.i18n import read_catalogues
from opencowin.kit.pack import open_pack
from opencowin.programme import (
    Decision,
    DoseGiven,
    Facts,
    FullyVaccinated,
    IntervalTooShort,
    NotEligible,
    NotYetOpen,
    Reason,
    Wish,
    read_programme,
    refuse,
    refuse_unless_eligible,
)

INDIA = read_programme(open_pack("india"))
TODAY = date(2026, 11, 23)
WISH = Wish(dose=2, vaccine_id="COVISHIELD", on=TODAY, booked_on=TODAY)
HALF_DONE = Facts(birth_year=1990, doses=(DoseGiven(1, "COVISHIELD", date(2026, 11, 1)),))
EVERYTHING = {
    "dose": 1,
    "vaccine": "COVAXIN",
    "due_dose": 2,
    "previous_vaccine": "COVISHIELD",
    "choices": ("COVISHIELD", "CORBEVAX"),
    "min_age": 18,
    "max_age": 44,
    "min_days": 84,
    "previous_on": TODAY,
}


def raised(decision: Decision) -> NotEligible:
    with pytest.raises(NotEligible) as caught:
        refuse(decision, INDIA.vaccines)
    return caught.value


NOES = [reason for reason in Reason if reason is not Reason.ELIGIBLE]


def test_nobody_is_refused_what_is_due() -> None:
    refuse_unless_eligible(HALF_DONE, replace(WISH, on=date(2027, 1, 24)), INDIA)


def test_too_early_says_from_when() -> None:
    with pytest.raises(IntervalTooShort) as caught:
        refuse_unless_eligible(HALF_DONE, WISH, INDIA)
    assert caught.value.message == (
        "It is too early for dose 2: 84 days must pass. You may choose 24-01-2027 or later."
    )
    assert caught.value.details["first_date"] == date(2027, 1, 24)
    assert caught.value.field == "session_id"


def test_another_vaccine_says_which() -> None:
    refusal = raised(Decision(eligible=False, reason=Reason.DIFFERENT_VACCINE, details=EVERYTHING))
    assert refusal.message == ("The dose before was COVISHIELD. Dose 1 must be one of: COVISHIELD, CORBEVAX.")


def test_vaccines_and_dates_are_written_as_the_reader_knows_them() -> None:
    told = read_catalogues().refusal(
        raised(Decision(eligible=False, reason=Reason.DIFFERENT_VACCINE, details=EVERYTHING)), "hi"
    )
    assert INDIA.vaccines["COVISHIELD"].name_l["hi"] in told
    assert "COVI" not in told
    early = raised(Decision(eligible=False, reason=Reason.INTERVAL_TOO_SHORT, first_date=TODAY, details=EVERYTHING))
    assert "23-11-2026" in read_catalogues().refusal(early, "hi")


@pytest.mark.parametrize("first_date", [None, TODAY])
@pytest.mark.parametrize("reason", NOES)
def test_every_reason_has_a_message_with_and_without_a_first_date(reason: Reason, first_date: date | None) -> None:
    refusal = raised(Decision(eligible=False, reason=reason, first_date=first_date, details=EVERYTHING))
    assert isinstance(refusal, Invalid)
    assert refusal.message
    assert "None" not in refusal.message
    assert "{" not in refusal.message


def test_every_reason_has_a_code_of_its_own() -> None:
    codes = {raised(Decision(eligible=False, reason=reason, details=EVERYTHING)).code for reason in NOES}
    assert len(codes) == len(NOES)


def test_who_has_had_everything_is_told_so() -> None:
    given = tuple(DoseGiven(number, "COVISHIELD", date(2022, number, 1)) for number in (1, 2, 3))
    with pytest.raises(FullyVaccinated, match="All doses"):
        refuse_unless_eligible(Facts(birth_year=1990, doses=given), replace(WISH, dose=4), INDIA)


def test_not_open_without_a_date_names_no_date() -> None:
    refusal = raised(Decision(eligible=False, reason=Reason.NOT_YET_OPEN_FOR_GROUP, details=EVERYTHING))
    assert isinstance(refusal, NotYetOpen)
    assert refusal.message == "Dose 1 of COVAXIN is not open to your age or priority group yet."
