"""Pictures for docs/performance.md: every run against its goal, and how long people waited on the two days."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.measure import Measured, Unit
from benchmarks.scenarios import Days

OURS, LATE, PALE = "#0b5d3b", "#a33a1a", "#9aa5a0"
LINE = 76
SETTINGS: Any = {"svg.fonttype": "none", "svg.hashsalt": "opencowin", "font.size": 9, "font.family": "sans-serif"}
"""Texts stay texts, and the same figures make the same file."""


def goals(measured: Sequence[Measured], file: Path) -> None:
    """Each run as a multiple of its goal, on the right where the goal is reached."""
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(11, 0.46 * len(measured) + 1.2), layout="constrained")
        axes = figure.subplots()
        for at, one in enumerate(measured):
            runs = _by_goal(one)
            colour = OURS if one.reached else LATE
            axes.plot([min(runs), max(runs)], [at, at], color=PALE, linewidth=2, zorder=1)
            axes.scatter(runs, [at] * len(runs), s=14, color=colour, zorder=2)
        axes.axvline(1.0, color="black", linewidth=1)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("{x:g}")
        axes.tick_params(axis="x", which="both", labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlabel("times the goal, every run (right of the line: reached)")
        axes.set_yticks(range(len(measured)), [fill(one.pair.name, LINE) for one in measured], fontsize=8)
        axes.invert_yaxis()
        figure.savefig(file, metadata={"Date": None})


def waits(days: Days, file: Path) -> None:
    """The share of calls that were answered within a time, by operation."""
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(11, 3.6), layout="constrained")
        every = figure.subplots(1, len(days.told), sharey=True, squeeze=False)[0]
        for axes, one in zip(every, days.told, strict=True):
            for operation, answers in one.answers.items():
                ordered = sorted(answers.waits)
                picked = [ordered[min(len(ordered) - 1, len(ordered) * part // 200)] for part in range(201)]
                axes.plot([wait * 1000 for wait in picked], [part / 2 for part in range(201)], label=operation.value)
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter("{x:g}")
            axes.set_xlabel("milliseconds from the instant at which the call was due")
            axes.set_title(f"{one.scenario.name}, 1/{1 / one.fraction:,.0f} of it")
            axes.spines[["top", "right"]].set_visible(False)
        every[0].set_ylabel("per cent of calls answered")
        every[-1].legend(frameon=False, fontsize=8, loc="lower right")
        figure.savefig(file, metadata={"Date": None})


def _by_goal(one: Measured) -> list[float]:
    goal, middle = one.pair.goal, one.reference_rate if one.pair.goal.of_ratio else 1.0
    found = [run / middle / goal.bound for run in one.ours]
    return found if one.pair.unit is Unit.RATE else [1 / each for each in found]
