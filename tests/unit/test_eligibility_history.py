"""The rule changes of 2021 and 2022 as they happened, each row one person who came to a session."""

from dataclasses import dataclass
from datetime import date

import pytest

from opencowin.kit.pack import open_pack
from opencowin.programme import DoseGiven, Exemption, Facts, Reason, Wish, decide, read_programme

INDIA = read_programme(open_pack("india"))
CS, CX, SP, CB, ZY = "COVISHIELD", "COVAXIN", "SPUTNIK V", "CORBEVAX", "ZYCOV-D"
R = Reason


def day(text: str) -> date:
    """A date as `13 May 2021` is written in the rows: 2021-05-13."""
    return date.fromisoformat(text)


@dataclass(frozen=True, slots=True)
class Row:
    story: str
    born: str
    wants: tuple[int, str]
    on: str
    reason: Reason
    first_date: str | None = None
    had: tuple[tuple[str, str], ...] = ()
    booked: str | None = None
    groups: frozenset[str] = frozenset()
    ill: bool = False
    exempt: tuple[str, str, str] | None = None
    ages: tuple[int | None, int | None] = (None, None)


HCW, FLW = frozenset({"health_care_worker"}), frozenset({"frontline_worker"})
NURSE = {"born": "1985", "groups": HCW}
ROWS = [
    # who, from when
    Row("a nurse, the day before the start", "1985", (1, CS), "2021-01-15", R.NOT_YET_OPEN_FOR_GROUP, "2021-01-16",
        groups=HCW),
    Row("a nurse, on the first day", "1985", (1, CS), "2021-01-16", R.ELIGIBLE, groups=HCW),
    Row("a policewoman, too soon", "1985", (1, CS), "2021-02-01", R.NOT_YET_OPEN_FOR_GROUP, "2021-02-02", groups=FLW),
    Row("a policewoman", "1985", (1, CX), "2021-02-02", R.ELIGIBLE, groups=FLW),
    Row("62, before the announcement", "1959", (1, CS), "2021-02-20", R.NOT_YET_OPEN_FOR_GROUP, None),
    Row("62, after the announcement", "1959", (1, CS), "2021-02-26", R.NOT_YET_OPEN_FOR_GROUP, "2021-03-01"),
    Row("60 in December counts in March", "1961-12-20", (1, CS), "2021-03-01", R.ELIGIBLE),
    Row("50 with diabetes", "1971", (1, CS), "2021-03-10", R.ELIGIBLE, ill=True),
    Row("50 and well", "1971", (1, CS), "2021-03-10", R.NOT_YET_OPEN_FOR_GROUP, None),
    Row("50 and well, after the Cabinet's decision", "1971", (1, CS), "2021-03-24", R.NOT_YET_OPEN_FOR_GROUP,
        "2021-04-01"),
    Row("50 and well, in April", "1971", (1, CX), "2021-04-01", R.ELIGIBLE),
    Row("30, after 19 April", "1991", (1, CS), "2021-04-28", R.NOT_YET_OPEN_FOR_GROUP, "2021-05-01"),
    Row("30, on 1 May", "1991", (1, CS), "2021-05-01", R.ELIGIBLE),
    Row("30, in a session for 45 and over", "1991", (1, CS), "2021-05-10", R.TOO_YOUNG, "2036-01-01", ages=(45, None)),
    Row("50, in a session for 18 to 44", "1971", (1, CS), "2021-05-10", R.TOO_OLD, None, ages=(18, 44)),
    Row("30, Sputnik V before it came", "1991", (1, SP), "2021-05-10", R.NOT_YET_OPEN_FOR_GROUP, "2021-05-14"),
    Row("30, Sputnik V", "1991", (1, SP), "2021-05-14", R.ELIGIBLE),
    Row("16, in 2021", "2005", (1, CX), "2021-12-20", R.TOO_YOUNG, "2023-01-01"),
    Row("16, after Christmas", "2005", (1, CX), "2021-12-28", R.TOO_YOUNG, "2022-01-03"),
    Row("16, in January", "2006", (1, CX), "2022-01-03", R.ELIGIBLE),
    Row("16, with another vaccine", "2006", (1, CS), "2022-01-03", R.VACCINE_NOT_FOR_AGE, "2024-01-01"),
    Row("12, birthday passed", "2010-03-10", (1, CB), "2022-03-16", R.ELIGIBLE),
    Row("11 until Saturday", "2010-03-19", (1, CB), "2022-03-16", R.TOO_YOUNG, "2022-03-19"),
    Row("12 this year, day of birth not told", "2010", (1, CB), "2022-03-16", R.BIRTH_DATE_NEEDED, "2022-12-31"),
    Row("14, the year is enough", "2008", (1, CB), "2022-03-16", R.ELIGIBLE),
    Row("15, wants the vaccine for 12 to 14", "2007", (1, CB), "2022-03-16", R.VACCINE_NOT_FOR_AGE, None),
    Row("15 between two Corbevax doses", "2007", (2, CB), "2022-06-01", R.ELIGIBLE, had=((CB, "2022-04-20"),)),
    # how far apart
    Row("Covishield after 27 days", "1955", (2, CS), "2021-03-29", R.INTERVAL_TOO_SHORT, "2021-03-30",
        had=((CS, "2021-03-02"),)),
    Row("Covishield after 45 days, before 16 May", "1955", (2, CS), "2021-05-12", R.ELIGIBLE,
        had=((CS, "2021-03-28"),)),
    Row("Covishield after 49 days, on 16 May, new booking", "1955", (2, CS), "2021-05-16", R.INTERVAL_TOO_SHORT,
        "2021-06-20", had=((CS, "2021-03-28"),), booked="2021-05-16"),
    Row("the same, booked on 12 May: honoured", "1955", (2, CS), "2021-05-16", R.ELIGIBLE, had=((CS, "2021-03-28"),),
        booked="2021-05-12"),
    Row("decided, not yet enforced: 15 May, booked on 14 May", "1955", (2, CS), "2021-05-15", R.ELIGIBLE,
        had=((CS, "2021-03-28"),), booked="2021-05-14"),
    Row("Covishield after 84 days", "1955", (2, CS), "2021-06-20", R.ELIGIBLE, had=((CS, "2021-03-28"),)),
    Row("a student off to study, after 30 days", "1999", (2, CS), "2021-06-10", R.ELIGIBLE,
        had=((CS, "2021-05-11"),), exempt=("study_abroad", "2021-06-07", "2021-08-31")),
    Row("a student whose exemption has ended", "1999", (2, CS), "2021-09-01", R.INTERVAL_TOO_SHORT, "2021-10-01",
        had=((CS, "2021-07-09"),), exempt=("study_abroad", "2021-06-07", "2021-08-31")),
    Row("Covaxin keeps 28 days", "1971", (2, CX), "2021-05-20", R.ELIGIBLE, had=((CX, "2021-04-22"),)),
    Row("Covaxin after 27 days", "1971", (2, CX), "2021-05-19", R.INTERVAL_TOO_SHORT, "2021-05-20",
        had=((CX, "2021-04-22"),)),
    Row("Sputnik V after 21 days", "1991", (2, SP), "2021-07-22", R.ELIGIBLE, had=((SP, "2021-07-01"),)),
    Row("another vaccine for dose 2", "1971", (2, CX), "2021-07-22", R.DIFFERENT_VACCINE, None,
        had=((CS, "2021-04-01"),)),
    Row("a third dose of ZyCoV-D is part of its series", "1991", (3, ZY), "2022-05-01", R.ELIGIBLE,
        had=((ZY, "2022-02-10"), (ZY, "2022-03-10"))),
    # precaution dose
    Row("a nurse asks for a third dose in autumn 2021", "1985", (3, CS), "2021-11-01", R.ALREADY_VACCINATED, None,
        had=((CS, "2021-01-16"), (CS, "2021-02-20")), groups=HCW),
    Row("a nurse, announced but not begun", "1985", (3, CS), "2022-01-05", R.NOT_YET_OPEN_FOR_GROUP, "2022-01-10",
        had=((CS, "2021-01-16"), (CS, "2021-02-20")), groups=HCW),
    Row("a nurse, 39 weeks on", "1985", (3, CS), "2022-01-10", R.ELIGIBLE,
        had=((CS, "2021-01-16"), (CS, "2021-02-20")), groups=HCW),
    Row("65 and well, in February", "1957", (3, CS), "2022-02-10", R.NOT_YET_OPEN_FOR_GROUP, None,
        had=((CS, "2021-03-02"), (CS, "2021-04-20"))),
    Row("65 and ill, in February", "1957", (3, CS), "2022-02-10", R.ELIGIBLE,
        had=((CS, "2021-03-02"), (CS, "2021-04-20")), ill=True),
    Row("65 and well, from 16 March", "1957", (3, CS), "2022-03-16", R.ELIGIBLE,
        had=((CS, "2021-03-02"), (CS, "2021-04-20"))),
    Row("35, from 10 April", "1987", (3, CX), "2022-04-10", R.ELIGIBLE, had=((CX, "2021-05-02"), (CX, "2021-06-10"))),
    Row("35, 30 weeks on, by the 39-week rule", "1987", (3, CX), "2022-07-05", R.INTERVAL_TOO_SHORT, "2022-09-07",
        had=((CX, "2021-11-01"), (CX, "2021-12-08"))),
    Row("35, 30 weeks on, by the 26-week rule", "1987", (3, CX), "2022-07-06", R.ELIGIBLE,
        had=((CX, "2021-11-01"), (CX, "2021-12-08"))),
    Row("Corbevax after Covaxin, announced", "1987", (3, CB), "2022-08-11", R.DIFFERENT_VACCINE, "2022-08-12",
        had=((CX, "2021-11-01"), (CX, "2021-12-08"))),
    Row("Corbevax after Covishield", "1987", (3, CB), "2022-08-12", R.ELIGIBLE,
        had=((CS, "2021-09-01"), (CS, "2021-12-08"))),
    Row("Corbevax after Sputnik V", "1987", (3, CB), "2022-09-12", R.DIFFERENT_VACCINE, None,
        had=((SP, "2021-09-01"), (SP, "2021-12-08"))),
    Row("17 has no precaution dose", "2005", (3, CX), "2022-12-01", R.NOT_YET_OPEN_FOR_GROUP, "2023-01-01",
        had=((CX, "2022-01-03"), (CX, "2022-02-03"))),
    Row("a fourth dose", "1957", (4, CS), "2023-02-10", R.ALREADY_VACCINATED, None,
        had=((CS, "2021-03-02"), (CS, "2021-04-20"), (CS, "2022-03-20"))),
    # the number of the dose
    Row("dose 2 before dose 1", "1971", (2, CS), "2021-06-01", R.WRONG_DOSE_NUMBER),
    Row("dose 1 again", "1971", (1, CS), "2021-06-01", R.ALREADY_VACCINATED, had=((CS, "2021-05-02"),)),
    Row("dose 3 when 2 is due", "1971", (3, CS), "2021-12-01", R.WRONG_DOSE_NUMBER, had=((CS, "2021-05-02"),)),
    Row("a vaccine that nobody has", "1971", (1, "COMIRNATY"), "2021-06-01", R.NOT_IN_PROGRAMME),
    # today's rules, years later
    Row("18 and over, dose 1", "2000", (1, CS), "2026-11-23", R.ELIGIBLE, ages=(18, None)),
    Row("dose 2 of Covishield after 84 days", "2000", (2, CS), "2026-11-23", R.ELIGIBLE, had=((CS, "2026-08-31"),)),
    Row("dose 2 of Covishield after 83 days", "2000", (2, CS), "2026-11-23", R.INTERVAL_TOO_SHORT, "2026-11-24",
        had=((CS, "2026-09-01"),)),
    Row("precaution dose after 26 weeks", "2000", (3, CS), "2026-11-23", R.ELIGIBLE,
        had=((CS, "2026-02-01"), (CS, "2026-05-25"))),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.story)
def test_what_each_person_was_told(row: Row) -> None:
    full = len(row.born) > 4
    facts = Facts(
        birth_year=int(row.born[:4]),
        birth_date=day(row.born) if full else None,
        groups=row.groups,
        comorbidity=row.ill,
        doses=tuple(DoseGiven(number, vaccine, day(on)) for number, (vaccine, on) in enumerate(row.had, 1)),
        exemptions=(Exemption(row.exempt[0], day(row.exempt[1]), day(row.exempt[2])),) if row.exempt else (),
    )
    dose, vaccine = row.wants
    min_age, max_age = row.ages
    booked_on = day(row.booked or row.on)
    wish = Wish(dose=dose, vaccine_id=vaccine, on=day(row.on), booked_on=booked_on, min_age=min_age, max_age=max_age)

    decision = decide(facts, wish, INDIA)

    assert decision.reason is row.reason
    assert decision.eligible is (row.reason is Reason.ELIGIBLE)
    expected = row.on if decision.eligible else row.first_date
    assert decision.first_date == (day(expected) if expected else None)
