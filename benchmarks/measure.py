"""Runs ours and its reference in turn, warmed up, and keeps every run."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

RUNS = 5

Figure = Callable[[], float]
"""One run: how often a second, or how long in seconds, or how much."""


class Unit(StrEnum):
    """What a figure counts."""

    RATE = "/s"
    SECONDS = "s"
    BYTES = "B"


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound for the figure, or for its ratio to the reference; rates are to reach it, all else to stay below."""

    bound: float
    reason: str
    of_ratio: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """What is measured: ours against a reference, with the goal and why it is one."""

    name: str
    ours: Figure
    reference_name: str
    reference: Figure
    goal: Goal
    unit: Unit = Unit.RATE


@dataclass(frozen=True, slots=True)
class Measured:
    """The runs of a pair; how busy others kept the machine just before and just after, 0 to 1."""

    pair: Pair
    ours: Sequence[float]
    reference: Sequence[float]
    others: float

    @property
    def rate(self) -> float:
        """Ours, the median run."""
        return statistics.median(self.ours)

    @property
    def reference_rate(self) -> float:
        """The reference's median run."""
        return statistics.median(self.reference)

    @property
    def ratio(self) -> float:
        """Ours by the reference."""
        return self.rate / self.reference_rate

    @property
    def reached(self) -> bool:
        """Whether the goal is."""
        found = self.ratio if self.pair.goal.of_ratio else self.rate
        return found >= self.pair.goal.bound if self.pair.unit is Unit.RATE else found <= self.pair.goal.bound


def compare(pair: Pair, busy: Callable[[], float]) -> Measured:
    """Measure a pair: each once to warm up, then in turn."""
    before = busy()
    pair.ours()
    pair.reference()
    runs = [(pair.ours(), pair.reference()) for _ in range(RUNS)]
    return Measured(pair, [one for one, _ in runs], [other for _, other in runs], max(before, busy()))


def per_cpu_second(work: Callable[[], object], seconds: float) -> float:
    """How often a piece of work is done in a second of processor time, of all threads; others take none of it."""
    begun, done = time.process_time(), 0
    while (now := time.process_time()) < begun + seconds:
        work()
        done += 1
    return done / (now - begun)


def per_second(work: Callable[[], object], seconds: float) -> float:
    """How often a piece of work is done a second on this core."""
    begun, done = time.perf_counter(), 0
    while (now := time.perf_counter()) < begun + seconds:
        work()
        done += 1
    return done / (now - begun)
