"""`python -m scripts.bench`: measure, print a table, and with `--write` renew the page in the documentation."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from .documents import compiling_case, converting_case, loading_case
from .machine import this_machine
from .measure import Case, Measurement, measure
from .report import machine_line, page, table
from .running import JQ_SUM, PLAIN_SUM, Bench, bench, concurrent_case, loop_case
from .starting import help_case, import_case
from .task_kinds import InProcess, kind_cases

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"


def cases(bench: Bench, *, quick: bool) -> tuple[Case, ...]:
    """Everything that is measured; `quick` takes a tenth of the work where it is long."""
    share = 10 if quick else 1
    return (
        loop_case(bench, 10_000 // share, PLAIN_SUM),
        loop_case(bench, 10_000 // share, JQ_SUM),
        concurrent_case(bench, 1_000 // share),
        converting_case(100),
        loading_case(100),
        compiling_case(bench.engine, 100),
        help_case(),
        import_case(),
    )


def main() -> int:
    """Measure everything; times are reported and never judged."""
    parser = argparse.ArgumentParser(prog="just bench", description="Measure, as ratios against hand-written code.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work and one run of each")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(PAGE.parents[1])}")
    arguments = parser.parse_args()
    if arguments.quick and arguments.write:
        parser.error("--write wants the whole measurement, not --quick")
    machine = this_machine()
    repeat = 1 if arguments.quick else 5
    with bench(InProcess()) as made:
        measurements = _measured(cases(made, quick=arguments.quick), repeat)
        kinds = _measured(kind_cases(made, 20 if arguments.quick else 200), repeat)
    print(machine_line(machine))
    print(table(measurements))
    print()
    print(table(kinds))
    if arguments.write:
        PAGE.write_text(page(measurements, kinds, machine, repeat), encoding="utf-8")
        print(f"wrote {PAGE}", file=sys.stderr)
    return 0


def _measured(cases: Iterable[Case], repeat: int) -> list[Measurement]:
    measurements: list[Measurement] = []
    for case in cases:
        print(f"{case.name} ...", file=sys.stderr, flush=True)
        measurements.append(measure(case, repeat))
    return measurements


if __name__ == "__main__":
    sys.exit(main())
