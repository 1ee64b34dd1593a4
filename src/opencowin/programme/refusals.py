"""The noes of eligibility as refusals, each with a message that says why and, where it can, from when."""

from collections.abc import Mapping

from opencowin.kit.errors import Invalid, NotFound
from opencowin.kit.named import Named, listed
from opencowin.programme.eligibility import decide
from opencowin.programme.facts import Decision, Facts, Reason, Wish
from opencowin.programme.model import Programme, Vaccine


class ProgrammeNotLoaded(NotFound):
    """No vaccination programme is set up here yet."""

    code = "ELIGIB0001"


class NoSuchExemption(NotFound):
    """This programme has no exemption of the kind {kind}."""

    code = "ELIGIB0002"


class ExemptionDatesReversed(Invalid):
    """The exemption ends before it begins: check its dates."""

    code = "ELIGIB0003"


class ExemptionReasonMissing(Invalid):
    """Say why the exemption is granted: the document seen, or the approval given."""

    code = "ELIGIB0004"


class RuleRetroactive(Invalid):
    """A rule never reaches back: let it begin on {first} or later."""

    code = "ELIGIB0019"


class RuleInvalid(Invalid):
    """This rule contradicts itself or the programme: check vaccine, doses, gap and dates."""

    code = "ELIGIB0020"


class RuleUnexplained(Invalid):
    """Name the decision that this rule comes from, in 3 to {most} characters."""

    code = "ELIGIB0021"


class NotEligible(Invalid):
    """This dose cannot be given to this person."""

    code = "ELIGIB0005"


class NotInProgramme(NotEligible):
    """{vaccine} is not part of this vaccination programme. Choose a session with another vaccine."""

    code = "ELIGIB0006"


class AlreadyVaccinated(NotEligible):
    """Dose {dose} has already been given. Dose {due_dose} is next."""

    code = "ELIGIB0007"


class FullyVaccinated(AlreadyVaccinated):
    """All doses that are offered have already been given."""

    code = "ELIGIB0008"


class WrongDoseNumber(NotEligible):
    """Dose {due_dose} is due, not dose {dose}. Book dose {due_dose} instead."""

    code = "ELIGIB0009"


class DifferentVaccine(NotEligible):
    """The dose before was {previous_vaccine}. Dose {dose} must be one of: {choices}."""

    code = "ELIGIB0010"


class TooYoung(NotEligible):
    """This vaccination is for people aged {min_age} and over. Choose a session for your age."""

    code = "ELIGIB0011"


class TooOld(NotEligible):
    """This vaccination is for people up to the age of {max_age}. Choose a session for your age."""

    code = "ELIGIB0012"


class BirthDateNeeded(NotEligible):
    """The full date of birth is needed to book at this age. Add it, then book again."""

    code = "ELIGIB0013"


class VaccineNotForAge(NotEligible):
    """{vaccine} is not given at your age. Choose a session with a vaccine for your age."""

    code = "ELIGIB0014"


class NotYetOpen(NotEligible):
    """Dose {dose} is not open to you on this date. You may choose {first_date} or later."""

    code = "ELIGIB0015"


class NotOpen(NotYetOpen):
    """Dose {dose} of {vaccine} is not open to your age or priority group yet."""

    code = "ELIGIB0016"


class IntervalTooShort(NotEligible):
    """It is too early for dose {dose}: {min_days} days must pass. You may choose {first_date} or later."""

    code = "ELIGIB0017"


class IntervalTooShortHere(IntervalTooShort):
    """It is too early for dose {dose}: {min_days} days must pass after {previous_on}. Choose another session."""

    code = "ELIGIB0018"


_REFUSALS: Mapping[Reason, type[NotEligible]] = {
    Reason.NOT_IN_PROGRAMME: NotInProgramme,
    Reason.ALREADY_VACCINATED: AlreadyVaccinated,
    Reason.WRONG_DOSE_NUMBER: WrongDoseNumber,
    Reason.DIFFERENT_VACCINE: DifferentVaccine,
    Reason.TOO_YOUNG: TooYoung,
    Reason.TOO_OLD: TooOld,
    Reason.BIRTH_DATE_NEEDED: BirthDateNeeded,
    Reason.VACCINE_NOT_FOR_AGE: VaccineNotForAge,
    Reason.NOT_YET_OPEN_FOR_GROUP: NotYetOpen,
    Reason.INTERVAL_TOO_SHORT: IntervalTooShort,
}
_WITHOUT_FIRST_DATE: Mapping[Reason, type[NotEligible]] = {
    Reason.NOT_YET_OPEN_FOR_GROUP: NotOpen,
    Reason.INTERVAL_TOO_SHORT: IntervalTooShortHere,
}


def refuse_unless_eligible(facts: Facts, wish: Wish, rules: Programme) -> None:
    """Raise the subclass of NotEligible that says why this wish cannot be granted; nothing when it can."""
    refuse(decide(facts, wish, rules), rules.vaccines)


def refuse(decision: Decision, vaccines: Mapping[str, Vaccine]) -> None:
    """Raise the refusal of a decision that says no; its details carry `first_date` too, also where it is None."""
    if decision.eligible:
        return
    details: dict[str, object] = {"first_date": decision.first_date, **decision.details}
    for key in ("vaccine", "previous_vaccine"):
        if key in details:
            details[key] = _named(details[key], vaccines)
    choices = details.get("choices")
    if isinstance(choices, tuple):
        details["choices"] = listed(_named(choice, vaccines) for choice in choices)
    raise _kind(decision)(field="session_id", **details)


def _named(vaccine_id: object, vaccines: Mapping[str, Vaccine]) -> Named:
    """A vaccine as sessions and certificates name it, and its names in other languages."""
    known = vaccines.get(str(vaccine_id))
    return Named(str(vaccine_id), known.name_l if known else {})


def _kind(decision: Decision) -> type[NotEligible]:
    reason = decision.reason
    if reason is Reason.ALREADY_VACCINATED and decision.details.get("due_dose") is None:
        return FullyVaccinated
    if decision.first_date is None:
        return _WITHOUT_FIRST_DATE.get(reason, _REFUSALS[reason])
    return _REFUSALS[reason]
