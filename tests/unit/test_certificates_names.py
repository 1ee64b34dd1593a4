"""Names in Latin letters, for machines and for passports."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencowin.certificates.mrz import LONGEST, machine_readable


@pytest.mark.parametrize(
    ("name", "machine"),
    [
        ("José Müller-Straße", "JOSE<MUELLER<STRASSE"),
        ("Łukasz Ångström Æsir", "LUKASZ<AANGSTROEM<AESIR"),
        ("D’Arcy O'Brien", "DARCY<OBRIEN"),
        ("Dr. A.P.J. Kalam", "DR<A<P<J<KALAM"),
        ("राम प्रसाद शर्मा", "RAM<PRASAD<SHARMA"),
        ("क्षितिज ज्ञानेश्वरी त्रिवेदी", "KSHITIJ<GYANESHVARI<TRIVEDI"),
        ("सुनीता देवी", "SUNITA<DEVI"),
        ("అనూష రెడ్డి", "ANUSHA<REDDI"),
        ("മോഹൻലാൽ", "MOHANLAL"),
        ("ਸਿੰਘ", "SINGH"),
        ("মৌসুমী চট্টোপাধ্যায়", "MAUSUMI<CHATTOPADHYAY"),
        ("ಕನ್ನಡ ರಾಜು", "KANNADA<RAJU"),
        ("—", ""),
    ],
)
def test_a_name_as_a_machine_reads_it(name: str, machine: str) -> None:
    assert machine_readable(name) == machine


@given(st.text(max_size=120))
def test_any_text_gives_capitals_and_fillers_only(name: str) -> None:
    machine = machine_readable(name)
    assert len(machine) <= LONGEST
    assert re.fullmatch(r"([A-Z]+(<[A-Z]+)*)?", machine)
