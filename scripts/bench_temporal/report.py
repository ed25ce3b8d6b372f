"""Comparisons as tables."""

from collections.abc import Sequence

from scripts.bench.machine import Machine
from scripts.bench.report import machine_line

from .measuring import Comparison, Throughput

_HEADINGS = (
    "what",
    "events",
    "by hand",
    "events, reporting",
    "time",
    "by hand",
    "ratio",
    "each task",
    "bytes",
    "by hand",
)


def summary(
    compared: Sequence[Comparison], reporting: Sequence[Comparison], throughput: Throughput, machine: Machine
) -> str:
    """Everything that was measured, for a terminal."""
    return f"{machine_line(machine)}\n\n{_table(compared, reporting)}\n\n{_rates(throughput)}"


def page(
    compared: Sequence[Comparison],
    reporting: Sequence[Comparison],
    throughput: Throughput,
    machine: Machine,
    repeat: int,
) -> str:
    """The whole of `docs/benchmarks-temporal.md`."""
    return f"""# Benchmarks on Temporal

Written by `just bench-temporal --write`; do not edit. `just bench-temporal` measures again, here and now.

Machine: {machine_line(machine)}.

The same steps as a document, and as a workflow written by hand with the Temporal Python SDK, in turns on one Temporal
dev server and in one process: median of {repeat} runs, after one that is not counted. Both run in Temporal's sandbox;
ours with its payload codec on. `events` are those of the whole history, with callbacks off; `events, reporting` with
callbacks on. Seconds depend on the machine; the ratios are what to compare.

{_table(compared, reporting)}

{_rates(throughput)}

The activities by hand have a timeout and nothing else. Ours have a heartbeat, so that a lost worker is noticed within
seconds, an id of their own, and a summary for Temporal's web page. The 100 steps of the
`for` take no jq: where the loop by hand adds two numbers, each has its data flow, its frame and two events, which is
about 25 us of the worker's time.
"""


def _table(compared: Sequence[Comparison], reporting: Sequence[Comparison]) -> str:
    rows = [_HEADINGS]
    for plain, loud in zip(compared, reporting, strict=True):
        ours, theirs = plain.ours, plain.by_hand
        rows.append(
            (
                plain.step.name,
                str(ours.events),
                str(theirs.events),
                str(loud.ours.events),
                _time(ours.seconds),
                _time(theirs.seconds),
                f"{plain.ratio:.2f}",
                _time(ours.seconds / plain.step.tasks),
                f"{ours.bytes:,}",
                f"{theirs.bytes:,}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    lines = [rows[0], tuple("-" * width for width in widths), *rows[1:]]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in lines
    )


def _rates(throughput: Throughput) -> str:
    return (
        f"{throughput.workflows:,} workflows of one `set`, 50 at a time, started and finished: "
        f"{throughput.ours:.0f} a second, by hand {throughput.by_hand:.0f} a second."
    )


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"
