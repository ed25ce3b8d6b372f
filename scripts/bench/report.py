"""Measurements as a table."""

from collections.abc import Iterable, Sequence

from .machine import Machine
from .measure import FEWEST, Measurement

HEADINGS = ("what", "median", "each", "against, in the same run", "its median", "ratio")


def table(measurements: Iterable[Measurement]) -> str:
    """A Markdown table, aligned, so that it reads well in a terminal too."""
    rows = [HEADINGS]
    for measured in measurements:
        first = (measured.case.name, _time(measured.seconds), f"{_time(measured.each)}/{measured.case.unit}")
        for number, ratio in enumerate(measured.ratios):
            ours = first if number == 0 else ("", "", "")
            rows.append((*ours, ratio.name, _time(ratio.seconds), _ratio(ratio.ratio)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    rule = ["-" * width for width in widths]
    return "\n".join(_line(row, widths) for row in (rows[0], rule, *rows[1:]))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} us"


def _ratio(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.2g}" if ratio < 1 else f"{ratio:.1f}"


def machine_line(machine: Machine) -> str:
    """One sentence on the machine and the day."""
    return (
        f"{machine.cores} cores, {machine.memory_gib:.0f} GiB, {machine.system}, {machine.python}, {machine.day}; "
        f"load average {machine.load:.1f} when it began"
    )


def page(measurements: Sequence[Measurement], kinds: Sequence[Measurement], machine: Machine, repeat: int) -> str:
    """The whole of `docs/benchmarks.md`."""
    return f"""# Benchmarks

Written by `just bench --write`; do not edit. `just bench` measures again, here and now.
Load on the server: [benchmarks-server.md](benchmarks-server.md).

Machine: {machine_line(machine)}.
Each figure is the median of {repeat} runs ({FEWEST} of a slow case) after one that is not counted. Ours and its
yardsticks run in turns in one process, and must give the same result. Seconds depend on the machine and on what else it
does; the ratios are what to compare.

{table(measurements)}

## Each task kind

{kinds[0].case.units} tasks of one kind in a row, in one workflow; `each` is one of them, with its share of the start.

{table(kinds)}

## How to read it

- **The loops and the concurrent workflows** are compared with code that evaluates the same expressions by the same
  evaluator: this ratio is the price of frames, events, data flow and scopes. Sums and conditions are answered in this
  process; those of the second loop take jq, in a child process. The second yardstick knows no expressions: it says what
  a workflow language costs at all, against Python code that somebody has to deploy.
- **Each task kind** is compared with what it does, and with nothing that it is for: its yardsticks keep no state that
  could be frozen, report no events and read no data flow from a document. Read `each`; the ratio against a few Python
  instructions says little more than that they cost next to nothing. Of their expressions only that of `for` takes jq,
  once for its array.
- **Converting** checks every field and rewrites expressions; its yardstick knows four kinds and checks nothing.
- **Loading** keeps a line and a column for every value, and checks names, flow and expressions; its yardstick finds
  only what pydantic finds. `Engine.load` also has libjq compile each expression, in a child process: a text that
  contains a new expression costs this once.
- **Starting** a child process is the floor: `python -c pass` imports nothing of ours.
"""
