"""What holds of every decision, whatever the person, the wish and the rules: found by trying many."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from opencowin.kit.pack import open_pack
from opencowin.programme import (
    DoseGiven,
    Exemption,
    ExemptionKind,
    Facts,
    Opening,
    Programme,
    Reason,
    Step,
    Wish,
    decide,
    next_due,
    read_programme,
)

INDIA = read_programme(open_pack("india"))
VACCINES = st.sampled_from([*INDIA.vaccines, *["COVISHIELD"] * 3, "COVAXIN", "CORBEVAX"])
DAYS = st.dates(date(2020, 12, 1), date(2023, 6, 30))
QUICK = settings(max_examples=30, deadline=None, database=None, derandomize=True)


@st.composite
def doses(draw: st.DrawFn) -> tuple[DoseGiven, ...]:
    vaccine = draw(VACCINES)
    given_on = draw(st.dates(date(2021, 1, 16), date(2022, 6, 1)))
    found = []
    for number in range(1, draw(st.integers(0, 3)) + 1):
        found.append(DoseGiven(number, vaccine, given_on))
        given_on += timedelta(days=draw(st.integers(10, 300)))
    return tuple(found)


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    born = draw(st.dates(date(1940, 1, 1), date(2013, 12, 31)))
    return Facts(
        birth_year=born.year,
        birth_date=draw(st.sampled_from([born, None])),
        groups=draw(st.frozensets(st.sampled_from(["health_care_worker", "frontline_worker"]), max_size=1)),
        comorbidity=draw(st.booleans()),
        doses=draw(doses()),
    )


@st.composite
def exemptions(draw: st.DrawFn) -> Exemption:
    start = draw(DAYS)
    kind = draw(st.sampled_from([*INDIA.exemption_kinds, "unknown"]))
    return Exemption(kind, start, start + timedelta(days=draw(st.integers(0, 120))))


@st.composite
def wishes(draw: st.DrawFn, person: Facts) -> Wish:
    """Mostly the dose that is due, of the vaccine that was given: the interesting neighbourhood."""
    last = person.last_dose
    due = last.number + 1 if last else 1
    on = draw(DAYS)
    return Wish(
        dose=draw(st.sampled_from([due, due, due, 1, 2, 3])),
        vaccine_id=draw(st.sampled_from([last.vaccine_id])) if last and draw(st.booleans()) else draw(VACCINES),
        on=on,
        booked_on=on - timedelta(days=draw(st.integers(0, 20))),
        min_age=draw(st.sampled_from([None, 12, 15, 18, 45])),
        max_age=draw(st.sampled_from([None, None, 14, 44])),
    )


@st.composite
def dated(draw: st.DrawFn) -> dict[str, object]:
    decided_on = draw(DAYS)
    valid_from = decided_on + timedelta(days=draw(st.integers(0, 60)))
    length = draw(st.none() | st.integers(0, 200))
    return {
        "decided_on": decided_on,
        "valid_from": valid_from,
        "valid_until": None if length is None else valid_from + timedelta(days=length),
        "withdrawn": draw(st.sampled_from([False, False, True])),
        "honours_bookings": draw(st.booleans()),
    }


@st.composite
def programmes(draw: st.DrawFn) -> Programme:
    """India's programme, with some more rules thrown in: short, withdrawn, contradicting."""
    openings = tuple(
        Opening(rule_id=f"o{n}", group_id=draw(st.sampled_from([*INDIA.groups])), doses=(1, 2, 3), **draw(dated()))  # type: ignore[arg-type]
        for n in range(draw(st.integers(0, 3)))
    )
    steps = tuple(
        Step(rule_id=f"s{n}", vaccine_id=v, dose=d, after=(v,) if d > 1 else (), min_days=m, **draw(dated()))  # type: ignore[arg-type]
        for n, v, d, m in draw(
            st.lists(st.tuples(st.integers(0, 99), VACCINES, st.integers(1, 3), st.integers(0, 90)), max_size=3)
        )
    )
    kinds = {
        **INDIA.exemption_kinds,
        "as_nurse": ExemptionKind(kind="as_nurse", name="", group_id="health_care_worker"),
    }
    return replace(INDIA, openings=INDIA.openings + openings, steps=INDIA.steps + steps, exemption_kinds=kinds)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Facts, Wish, Programme]:
    person = draw(facts())
    return person, draw(wishes(person)), draw(programmes())


@QUICK
@given(cases(), st.lists(exemptions(), max_size=2))
def test_the_first_date_is_the_first(case: tuple[Facts, Wish, Programme], held: list[Exemption]) -> None:
    person, wish, rules = case
    person = replace(person, exemptions=tuple(held))
    decision = decide(person, wish, rules)
    assert decision == decide(person, wish, rules)
    if decision.eligible:
        assert (decision.reason, decision.first_date) == (Reason.ELIGIBLE, wish.on)
        return
    until = decision.first_date or wish.on + timedelta(days=400)
    for days in {1, 7, (until - wish.on).days - 1}:
        before = wish.on + timedelta(days=days)
        if wish.on < before < until:
            assert not decide(person, replace(wish, on=before), rules).eligible
    if decision.first_date is not None:
        assert decision.first_date > wish.on
        assert decide(person, replace(wish, on=decision.first_date), rules).eligible


@QUICK
@given(cases(), exemptions(), st.sampled_from(["as_nurse", None]))
def test_an_exemption_never_takes_away(case: tuple[Facts, Wish, Programme], held: Exemption, kind: str | None) -> None:
    person, wish, rules = case
    exempt = replace(person, exemptions=(replace(held, kind=kind or held.kind),))
    without, with_it = decide(person, wish, rules), decide(exempt, wish, rules)
    assert with_it.eligible >= without.eligible
    if without.first_date is not None:
        assert with_it.first_date is not None
        assert with_it.first_date <= without.first_date


@QUICK
@given(cases())
def test_only_the_next_dose_and_only_a_vaccine_that_may_follow(case: tuple[Facts, Wish, Programme]) -> None:
    person, wish, rules = case
    if not decide(person, wish, rules).eligible:
        return
    assert [dose.number for dose in person.doses] == list(range(1, wish.dose))
    last = person.last_dose
    if last is not None:
        follows = [step for step in rules.steps if step.vaccine_id == wish.vaccine_id and step.dose == wish.dose]
        assert any(last.vaccine_id in step.after for step in follows)
        assert wish.on > last.given_on or any(step.min_days == 0 for step in follows)


@QUICK
@given(cases(), st.integers(1, 40))
def test_who_is_older_is_not_refused_as_too_young(case: tuple[Facts, Wish, Programme], years: int) -> None:
    person, wish, rules = case
    if decide(person, wish, rules).reason is not Reason.TOO_YOUNG:
        older = replace(person, birth_year=person.birth_year - years, birth_date=None)
        assert decide(older, wish, rules).reason is not Reason.TOO_YOUNG


@QUICK
@given(cases(), dated(), st.integers(0, 400))
def test_a_later_decision_does_not_touch_an_earlier_booking(
    case: tuple[Facts, Wish, Programme], dates: dict[str, object], gap: int
) -> None:
    person, wish, rules = case
    dates |= {"decided_on": wish.booked_on + timedelta(days=1), "honours_bookings": True}
    step = Step(
        rule_id="later",
        vaccine_id=wish.vaccine_id,
        dose=wish.dose,
        after=(wish.vaccine_id,),
        min_days=gap,
        **dates,  # type: ignore[arg-type]
    )
    assert decide(person, wish, replace(rules, steps=(*rules.steps, step))) == decide(person, wish, rules)


@QUICK
@given(cases())
def test_what_is_due_is_what_would_be_granted(case: tuple[Facts, Wish, Programme]) -> None:
    person, wish, rules = case
    due = next_due(person, rules, wish.on)
    if due is None:
        for vaccine_id in rules.vaccines:
            asked = Wish(dose=wish.dose, vaccine_id=vaccine_id, on=wish.on, booked_on=wish.on)
            assert decide(person, asked, rules).first_date is None
        return
    for vaccine_id in due.vaccines:
        on = max(wish.on, due.from_date)
        asked = Wish(dose=due.dose, vaccine_id=vaccine_id, on=on, booked_on=wish.on)
        assert decide(person, asked, rules).eligible
    first = Wish(dose=due.dose, vaccine_id=due.vaccines[0], on=due.from_date, booked_on=wish.on)
    assert any(decide(person, replace(first, vaccine_id=vaccine_id), rules).eligible for vaccine_id in due.vaccines)
