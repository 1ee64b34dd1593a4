"""`make bench`: runs every benchmark, tells each as it ends, and writes docs/performance.md."""

from benchmarks import bookings, calendar, certificates, desk, fairness, machine, report, scenarios, sending, signing_in
from benchmarks.lab import ROOT, opened
from benchmarks.measure import Measured, Pair, compare


def main() -> None:
    """Measure everything."""
    measured: list[Measured] = []

    def run(pairs: list[Pair]) -> None:
        for pair in pairs:
            measured.append(compare(pair, machine.busy))
            print(report.line(measured[-1]), flush=True)

    with opened() as lab:
        described = machine.describe(lab.server_version)
        print(described, flush=True)
        for part in (bookings, desk, signing_in, calendar, certificates, sending):
            with part.pairs(lab) as pairs:
                run(pairs)
        days = scenarios.run(lab)
        # Last, since it leaves a waiting room before everything.
        with fairness.pairs(lab) as pairs:
            run(pairs)
        fairness.write(fairness.simulate(lab))
    (ROOT / "docs" / "performance.md").write_text(
        report.document(described, measured) + scenarios.chapter(days) + report.METHOD, "utf-8"
    )


if __name__ == "__main__":
    main()
