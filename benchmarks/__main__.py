"""`make bench`: runs every benchmark, tells each as it ends, and writes docs/performance.md with its pictures."""

from benchmarks import (
    bookings,
    calendar,
    certificates,
    desk,
    fairness,
    feeds,
    freshness,
    machine,
    matching,
    plots,
    report,
    scenarios,
    sending,
    signing_in,
)
from benchmarks.lab import ROOT, opened
from benchmarks.measure import Measured, compare

PARTS = (bookings, desk, signing_in, calendar, freshness, certificates, sending, matching, feeds, fairness)
DOCS = ROOT / "docs"


def main() -> None:
    """Measure everything."""
    measured: list[Measured] = []
    with opened() as lab:
        described = machine.describe(lab.server_version)
        print(described, flush=True)
        for part in PARTS:
            with part.pairs(lab) as pairs:
                for pair in pairs:
                    measured.append(compare(pair, machine.busy))
                    print(report.line(measured[-1]), flush=True)
        days = scenarios.run(lab)
        plots.goals(measured, DOCS / "pictures" / report.GOALS)
        plots.waits(days, DOCS / "pictures" / report.WAITS)
        told = report.document(described, measured) + scenarios.chapter(days) + report.METHOD
        (DOCS / "performance.md").write_text(told, "utf-8")
        # Last, since it takes longest: what was measured is written down by then.
        fairness.write(fairness.simulate(lab))


if __name__ == "__main__":
    main()
