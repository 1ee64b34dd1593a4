"""The rule changes of 2021 and 2022 as they happened, each row one person who came to a session."""

from dataclasses import dataclass
from datetime import date

import pytest

from opencowin.kit.pack import open_pack
from opencowin.programme import DoseGiven, Exemption, Facts, Reason, Wish, decide, read_programme

INDIA = read_programme(open_pack("india"))
CS, CX, SP, CB, ZY = "COVISHIELD", "COVAXIN", "SPUTNIK V", "CORBEVAX", "ZYCOV-D"
YES, NOT_OPEN, EARLY = Reason.ELIGIBLE, Reason.NOT_YET_OPEN_FOR_GROUP, Reason.INTERVAL_TOO_SHORT
YOUNG, OLD, NOT_FOR_AGE = Reason.TOO_YOUNG, Reason.TOO_OLD, Reason.VACCINE_NOT_FOR_AGE
MIXED, HAD, NUMBER = Reason.DIFFERENT_VACCINE, Reason.ALREADY_VACCINATED, Reason.WRONG_DOSE_NUMBER
BIRTHDAY, UNKNOWN = Reason.BIRTH_DATE_NEEDED, Reason.NOT_IN_PROGRAMME


def day(text: str) -> date:
    """The date that a row writes as 2021-05-13."""
    return date.fromisoformat(text)


@dataclass(frozen=True, slots=True)
class Row:
    story: str
    born: str
    wants: tuple[int, str]
    on: str
    reason: Reason
    first_date: str | None = None
    had: tuple[str, ...] = ()
    """The vaccine, and the days on which the person had it."""
    booked: str | None = None
    groups: frozenset[str] = frozenset()
    ill: bool = False
    exempt: tuple[str, str, str] | None = None
    ages: tuple[int | None, int | None] = (None, None)


STUDENT = ("study_abroad", "2021-06-07", "2021-08-31")
HCW, FLW = frozenset({"health_care_worker"}), frozenset({"frontline_worker"})
ROWS = [
    # who, from when
    Row("a nurse, the day before the start", "1985", (1, CS), "2021-01-15", NOT_OPEN, "2021-01-16", groups=HCW),
    Row("a nurse, on the first day", "1985", (1, CS), "2021-01-16", YES, groups=HCW),
    Row("a policewoman, too soon", "1985", (1, CS), "2021-02-01", NOT_OPEN, "2021-02-02", groups=FLW),
    Row("a policewoman", "1985", (1, CX), "2021-02-02", YES, groups=FLW),
    Row("62, before the announcement", "1959", (1, CS), "2021-02-20", NOT_OPEN, None),
    Row("62, after the announcement", "1959", (1, CS), "2021-02-26", NOT_OPEN, "2021-03-01"),
    Row("60 in December counts in March", "1961-12-20", (1, CS), "2021-03-01", YES),
    Row("50 with diabetes", "1971", (1, CS), "2021-03-10", YES, ill=True),
    Row("50 and well: at 60, so far", "1971", (1, CS), "2021-03-10", NOT_OPEN, "2031-01-01"),
    Row("50 and well, after the Cabinet's decision", "1971", (1, CS), "2021-03-24", NOT_OPEN, "2021-04-01"),
    Row("50 and well, in April", "1971", (1, CX), "2021-04-01", YES),
    Row("30, after 19 April", "1991", (1, CS), "2021-04-28", NOT_OPEN, "2021-05-01"),
    Row("30, on 1 May", "1991", (1, CS), "2021-05-01", YES),
    Row("30, in a session for 45 and over", "1991", (1, CS), "2021-05-10", YOUNG, "2036-01-01", ages=(45, None)),
    Row("50, in a session for 18 to 44", "1971", (1, CS), "2021-05-10", OLD, None, ages=(18, 44)),
    Row("30, Sputnik V before it came", "1991", (1, SP), "2021-05-10", NOT_OPEN, "2021-05-14"),
    Row("30, Sputnik V", "1991", (1, SP), "2021-05-14", YES),
    Row("16, in 2021", "2005", (1, CX), "2021-12-20", NOT_OPEN, "2023-01-01"),
    Row("16, after Christmas", "2005", (1, CX), "2021-12-28", NOT_OPEN, "2022-01-03"),
    Row("16, in January", "2006", (1, CX), "2022-01-03", YES),
    Row("16, with another vaccine", "2006", (1, CS), "2022-01-03", NOT_FOR_AGE, "2024-01-01"),
    Row("12, birthday passed", "2010-03-10", (1, CB), "2022-03-16", YES),
    Row("11 until Saturday", "2010-03-19", (1, CB), "2022-03-16", YOUNG, "2022-03-19"),
    Row("12 this year, day of birth not told", "2010", (1, CB), "2022-03-16", BIRTHDAY, "2022-12-31"),
    Row("14, the year is enough", "2008", (1, CB), "2022-03-16", YES),
    Row("15, wants the vaccine for 12 to 14", "2007", (1, CB), "2022-03-16", NOT_FOR_AGE, None),
    Row("15 between two Corbevax doses", "2007", (2, CB), "2022-06-01", YES, had=(CB, "2022-04-20")),
    # how far apart
    Row("Covishield after 27 days", "1955", (2, CS), "2021-03-29", EARLY, "2021-03-30", had=(CS, "2021-03-02")),
    Row("Covishield after 45 days, before 16 May", "1955", (2, CS), "2021-05-12", YES, had=(CS, "2021-03-28")),
    Row(
        "after 49 days, on 16 May, new booking",
        "1955",
        (2, CS),
        "2021-05-16",
        EARLY,
        "2021-06-20",
        had=(CS, "2021-03-28"),
        booked="2021-05-16",
    ),
    Row(
        "the same, booked on 12 May: honoured",
        "1955",
        (2, CS),
        "2021-05-16",
        YES,
        had=(CS, "2021-03-28"),
        booked="2021-05-12",
    ),
    Row(
        "decided, not enforced before 16 May",
        "1955",
        (2, CS),
        "2021-05-15",
        YES,
        had=(CS, "2021-03-28"),
        booked="2021-05-14",
    ),
    Row("Covishield after 84 days", "1955", (2, CS), "2021-06-20", YES, had=(CS, "2021-03-28")),
    Row("a student leaving, after 30 days", "1999", (2, CS), "2021-06-10", YES, had=(CS, "2021-05-11"), exempt=STUDENT),
    Row(
        "a student, exemption over",
        "1999",
        (2, CS),
        "2021-09-01",
        EARLY,
        "2021-10-01",
        had=(CS, "2021-07-09"),
        exempt=STUDENT,
    ),
    Row("Covaxin keeps 28 days", "1971", (2, CX), "2021-05-20", YES, had=(CX, "2021-04-22")),
    Row("Covaxin after 27 days", "1971", (2, CX), "2021-05-19", EARLY, "2021-05-20", had=(CX, "2021-04-22")),
    Row("Sputnik V after 21 days", "1991", (2, SP), "2021-07-22", YES, had=(SP, "2021-07-01")),
    Row("another vaccine for dose 2", "1971", (2, CX), "2021-07-22", MIXED, None, had=(CS, "2021-04-01")),
    Row(
        "the third ZyCoV-D is no precaution dose",
        "1991",
        (3, ZY),
        "2022-05-01",
        YES,
        had=(ZY, "2022-02-10", "2022-03-10"),
    ),
    # precaution dose
    Row(
        "a nurse asks in autumn 2021",
        "1985",
        (3, CS),
        "2021-11-01",
        HAD,
        None,
        had=(CS, "2021-01-16", "2021-02-20"),
        groups=HCW,
    ),
    Row(
        "a nurse, announced but not begun",
        "1985",
        (3, CS),
        "2022-01-05",
        NOT_OPEN,
        "2022-01-10",
        had=(CS, "2021-01-16", "2021-02-20"),
        groups=HCW,
    ),
    Row("a nurse, 39 weeks on", "1985", (3, CS), "2022-01-10", YES, had=(CS, "2021-01-16", "2021-02-20"), groups=HCW),
    Row(
        "65 and well, in February", "1957", (3, CS), "2022-02-10", NOT_OPEN, None, had=(CS, "2021-03-02", "2021-04-20")
    ),
    Row("65 and ill, in February", "1957", (3, CS), "2022-02-10", YES, had=(CS, "2021-03-02", "2021-04-20"), ill=True),
    Row("65 and well, from 16 March", "1957", (3, CS), "2022-03-16", YES, had=(CS, "2021-03-02", "2021-04-20")),
    Row("35, from 10 April", "1987", (3, CX), "2022-04-10", YES, had=(CX, "2021-05-02", "2021-06-10")),
    Row(
        "35, 30 weeks on, by the 39-week rule",
        "1987",
        (3, CX),
        "2022-07-05",
        EARLY,
        "2022-09-07",
        had=(CX, "2021-11-01", "2021-12-08"),
    ),
    Row(
        "35, 30 weeks on, by the 26-week rule", "1987", (3, CX), "2022-07-06", YES, had=(CX, "2021-11-01", "2021-12-08")
    ),
    Row(
        "Corbevax after Covaxin, announced",
        "1987",
        (3, CB),
        "2022-08-11",
        MIXED,
        "2022-08-12",
        had=(CX, "2021-11-01", "2021-12-08"),
    ),
    Row("Corbevax after Covishield", "1987", (3, CB), "2022-08-12", YES, had=(CS, "2021-09-01", "2021-12-08")),
    Row("Corbevax after Sputnik V", "1987", (3, CB), "2022-09-12", MIXED, None, had=(SP, "2021-09-01", "2021-12-08")),
    Row(
        "17 has no precaution dose",
        "2005",
        (3, CX),
        "2022-12-01",
        NOT_OPEN,
        "2023-01-01",
        had=(CX, "2022-01-03", "2022-02-03"),
    ),
    Row("a fourth dose", "1957", (4, CS), "2023-02-10", HAD, None, had=(CS, "2021-03-02", "2021-04-20", "2022-03-20")),
    # the number of the dose
    Row("dose 2 before dose 1", "1971", (2, CS), "2021-06-01", NUMBER),
    Row("dose 1 again", "1971", (1, CS), "2021-06-01", HAD, had=(CS, "2021-05-02")),
    Row("dose 3 when 2 is due", "1971", (3, CS), "2021-12-01", NUMBER, had=(CS, "2021-05-02")),
    Row("a vaccine that nobody has", "1971", (1, "COMIRNATY"), "2021-06-01", UNKNOWN),
    # today's rules, years later
    Row("18 and over, dose 1", "2000", (1, CS), "2026-11-23", YES, ages=(18, None)),
    Row("dose 2 of Covishield after 84 days", "2000", (2, CS), "2026-11-23", YES, had=(CS, "2026-08-31")),
    Row(
        "dose 2 of Covishield after 83 days", "2000", (2, CS), "2026-11-23", EARLY, "2026-11-24", had=(CS, "2026-09-01")
    ),
    Row("precaution dose after 26 weeks", "2000", (3, CS), "2026-11-23", YES, had=(CS, "2026-02-01", "2026-05-25")),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.story)
def test_what_each_person_was_told(row: Row) -> None:
    full = len(row.born) > 4
    facts = Facts(
        birth_year=int(row.born[:4]),
        birth_date=day(row.born) if full else None,
        groups=row.groups,
        comorbidity=row.ill,
        doses=tuple(DoseGiven(number, row.had[0], day(on)) for number, on in enumerate(row.had[1:], 1)),
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
