"""The shape of Co-WIN's public report: names and types are those of its wire, so they are written as it writes them."""

# ruff: noqa: N815

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sites:
    """Centres that hold a session on the day."""

    total: int
    govt: int
    pvt: int
    today: int


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions up to the day and on it."""

    total: int
    govt: int
    pvt: int
    today: int


@dataclass(frozen=True, slots=True)
class Registrations:
    """People who registered, by age at registration."""

    total: int
    cit_18_45: int
    cit_45_above: int
    cit_15_17: int
    cit_12_14: int
    today: int


@dataclass(frozen=True, slots=True)
class Vaccinations:
    """Doses given; `tot_pd` are precaution doses, those after the second."""

    total: int
    male: int
    female: int
    others: int
    covishield: int
    covaxin: int
    sputnik: int
    today: int
    tot_dose_1: int
    tot_dose_2: int
    tot_pd: int
    total_doses: int
    aefi: int
    today_dose_one: int
    today_dose_two: int


@dataclass(frozen=True, slots=True)
class TopBlock:
    """The headline figures."""

    sites: Sites
    sessions: Sessions
    registration: Registrations
    vaccination: Vaccinations


@dataclass(frozen=True, slots=True)
class HourOfDoses:
    """Doses of one hour."""

    ts: str
    timestamps: str
    label: str
    count: int
    dose_one: int
    dose_two: int


@dataclass(frozen=True, slots=True)
class DayOfRegistration:
    """Registrations of one day."""

    reg_date: str
    total: int
    male: int
    female: int
    others: int


@dataclass(frozen=True, slots=True)
class DayOfAefi:
    """Adverse events after the doses of one day."""

    vaccine_date: str
    aefi: int


@dataclass(frozen=True, slots=True)
class DayOfSessions:
    """Sessions of one day: planned before it, ongoing on it, completed after it."""

    session_date: str
    total: int
    planned: int
    ongoing: int
    completed: int


@dataclass(frozen=True, slots=True)
class StateRow:
    """A state's doses."""

    state_id: int
    id: int
    title: str
    state_name: str
    total: int
    partial_vaccinated: int
    totally_vaccinated: int
    precaution_dose: int
    today: int


@dataclass(frozen=True, slots=True)
class DistrictRow:
    """A district's doses."""

    state_id: int
    district_id: int
    id: int
    title: str
    district_name: str
    total: int
    partial_vaccinated: int
    totally_vaccinated: int
    precaution_dose: int
    today: int


@dataclass(frozen=True, slots=True)
class DosesByAge:
    """Doses by age."""

    total: int
    vac_18_45: int
    vac_45_60: int
    above_60: int
    vac_15_17: int
    vac_12_14: int


@dataclass(frozen=True, slots=True)
class HourOfRegistration:
    """Registrations of one hour; here the wire has strings for counts."""

    ts: str
    timestamps: str
    label: str
    total: str
    age18: str
    age45: str
    age60: str
    male: str
    female: str
    others: str


@dataclass(frozen=True, slots=True)
class HourOfDosesByAge:
    """Doses of one hour by age; here the eldest have another key than by age alone."""

    ts: str
    timestamps: str
    label: str
    total: int
    vac_18_45: int
    vac_45_60: int
    vac_60_above: int


@dataclass(frozen=True, slots=True)
class PublicReport:
    """The whole report."""

    topBlock: TopBlock
    vaccinationDoneByTime: tuple[HourOfDoses, ...]
    last7DaysRegistration: tuple[DayOfRegistration, ...]
    last30DaysAefi: tuple[DayOfAefi, ...]
    last5daySessionStatus: tuple[DayOfSessions, ...]
    getBeneficiariesGroupBy: tuple[StateRow | DistrictRow, ...]
    aefiPercentage: float
    vaccinationByAge: DosesByAge
    timeWiseTodayRegReport: tuple[HourOfRegistration, ...]
    vaccinationDoneByTimeAgeWise: tuple[HourOfDosesByAge, ...]
    timestamp: str
