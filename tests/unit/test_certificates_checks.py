"""What may be signed: clean text, dates in order, doses that count."""

from datetime import date, datetime

import pytest

from opencowin.certificates.checks import clean, signable
from opencowin.certificates.refusals import NotSignable
from tests.certificates.made import CENTRE, COVISHIELD, dose, statement


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("A\tB", "A B"),
        ("  A \n\n B ", "A B"),
        ("A\u0000\u202eB", "AB"),
        ("e\u0301", "\u00e9"),
        ("क्\u200dष", "क्\u200dष"),
        ("A\u00a0B", "A B"),
    ],
)
def test_text_is_cleaned_and_keeps_its_joiners(written: str, kept: str) -> None:
    assert clean(written) == kept


def test_every_text_of_a_statement_is_cleaned() -> None:
    tidy = signable(statement(name="Asha\tDevi", family_name="\t", doses=(dose(1, batch="A\tB"),)))
    assert (tidy.name, tidy.family_name, tidy.doses[0].batch) == ("Asha Devi", None, "A B")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "\t"}, "no name"),
        ({"certificate_id": "1/2"}, "slash"),
        ({"certificate_id": "१२"}, "ASCII"),
        ({"subject_id": "1234 5678 9012"}, "URI"),
        ({"doses": ()}, "no dose"),
        ({"doses": (dose(3),)}, "dose 3 of 2"),
        ({"doses": (dose(2), dose(1))}, "not in order"),
        ({"doses": (dose(1, date(2021, 5, 1)), dose(2, date(2021, 4, 1)))}, "dates are not in order"),
        ({"doses": (dose(1, date(2021, 6, 7)),)}, "after the day of issue"),
        ({"doses": (dose(1, date(1980, 1, 1)),)}, "before birth"),
        ({"doses": (dose(1, valid_from=date(2022, 1, 1), valid_until=date(2021, 1, 1)),)}, "ends before it begins"),
        ({"birth_date": date(1985, 1, 1)}, "differ"),
        ({"birth_year": 1700}, "impossible"),
        ({"issued_at": datetime(2021, 6, 4)}, "time zone"),  # noqa: DTZ001
    ],
)
def test_a_statement_that_contradicts_itself_is_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(NotSignable, match=reason):
        signable(statement(**changes))


def test_an_imported_dose_needs_no_centre() -> None:
    nowhere = dose(1, facility=type(CENTRE)(name="", district="", state="", postal_code=""))
    assert signable(statement(doses=(nowhere,))).latest.vaccine == COVISHIELD
