"""Cases: what people ask to have put right, and what officers answer.

FHIR Task. What is written is sealed; an officer sees cases of the own scope, and every look and answer is written
down. Owns the table `help_case`.
"""

from opencowin.cases.answering import answer_case, count_open_cases, open_cases
from opencowin.cases.model import Case, CaseKind, CaseState, NewCase
from opencowin.cases.raising import cases_of, raise_case
from opencowin.cases.refusals import CaseEmpty, NoSuchCase, TooManyCases

__all__ = [
    "Case",
    "CaseEmpty",
    "CaseKind",
    "CaseState",
    "NewCase",
    "NoSuchCase",
    "TooManyCases",
    "answer_case",
    "cases_of",
    "count_open_cases",
    "open_cases",
    "raise_case",
]
