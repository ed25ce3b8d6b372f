"""Measurements as text."""

import statistics
from collections.abc import Sequence

from scripts.bench.machine import Machine
from scripts.bench.report import machine_line

from .measured import Measured
from .run_events import events_of_run


def summary(measured: Measured) -> str:
    """Everything that was measured, as a Markdown table."""
    outcome, memory = measured.outcome, measured.memory
    plan = outcome.plan
    events = plan.executions * len(events_of_run(plan.tasks))
    rows = [
        ("executions, tasks, events", f"{plan.executions:,}, {plan.executions * plan.tasks:,}, {events:,}"),
        ("seconds, executions a second, events a second", _rates(measured, events)),
        (
            "processor time of the server",
            f"{measured.processor:.1f} s, {measured.processor / events * 1e6:.0f} us/event",
        ),
        ("`create`: median, 99 %", _times(outcome.create_ms)),
        ("`ReportProgress`: median, 99 %", _times(outcome.report_ms)),
        ("from the runner to a subscriber (SSE): median, 99 %", _times(outcome.event_ms)),
        ("followed to the end, by subscribers", f"{outcome.followed:,}, {plan.subscribers}"),
        ("messages: `subscribe`, SSE", f"{outcome.messages['grpc']:,}, {outcome.messages['sse']:,}"),
        ("left in mid-run and taken up again", f"{outcome.came_back:,}"),
        ("lost, repeated or out of order", f"{len(outcome.wrong)}"),
        ("memory: at the start, peak", f"{memory.samples[0].resident:.0f} MiB, {memory.peak:.0f} MiB"),
        ("memory after 20, 40, 60, 80, 100 % of the executions", _memory(measured)),
    ]
    return _table(rows)


def page(reported: Measured, whole: Measured, machine: Machine) -> str:
    """The whole of `docs/benchmarks-server.md`."""
    plan, own = reported.outcome.plan, whole.outcome.plan
    return f"""# Load on the server

Written by `just load-server --write`; do not edit. `just load-server` measures again, here and now.

Machine: {machine_line(machine)}. Everybody is on it:
server, runners and subscribers share its processors, so the times are those of a crowded machine.

One server on SQLite, every acknowledged event on disk. {plan.subscribers} subscribers, each with its own connections,
half by gRPC (`subscribe`) and half by Server-Sent Events; every fifth reads slowly, every fourth leaves after ten
messages and comes back with `Last-Event-ID`, or subscribes again. Each execution is followed by one of each kind, every
fiftieth by all. At most {plan.ahead} executions are under way.

An SSE stream must bring every event once and in order, across its connections; snapshots of `subscribe` must never go
back and must end with the end. Each execution must have been started on one runner, and be stored as completed.

## Reported by runners that are grpcio alone

{plan.runners} processes: each takes executions by `ExecuteAsync` and reports the
{len(events_of_run(plan.tasks))} events of {plan.tasks} tasks one by one, each after the answer to the one before.

{summary(reported)}

What ended leaves nothing behind: when loads of 80 executions follow one another on one server, Python has no more
blocks of memory after the sixth than after the second (659,000), and of no type more objects. What still fills up has
a bound: SQLite keeps at most 2 MiB of pages and 128 prepared statements for each of its six connections, and the
allocator's gaps come and go by a MiB.

## End to end, on a real runner

`stigmer serve` with `EXECUTION_MODE=grpc` runs {own.executions} executions of {own.tasks} `set` tasks.

{summary(whole)}

The runner does not wait for the server: it is done long before its events are told. These wait in its buffer, which is
most of their time on the way to a subscriber.
"""


def _rates(measured: Measured, events: int) -> str:
    seconds = measured.outcome.seconds
    return f"{seconds:.1f}, {measured.outcome.plan.executions / seconds:.1f}, {events / seconds:,.0f}"


def _times(milliseconds: Sequence[float]) -> str:
    if len(milliseconds) < 2:
        return "-"
    return f"{statistics.median(milliseconds):.0f} ms, {statistics.quantiles(milliseconds, n=100)[98]:.0f} ms"


def _memory(measured: Measured) -> str:
    executions = measured.outcome.plan.executions
    parts = [measured.memory.at(executions * fifth // 5) for fifth in range(1, 5)]
    return ", ".join(f"{part:.0f}" for part in (*parts, measured.memory.samples[-1].resident)) + " MiB"


def _table(rows: Sequence[tuple[str, str]]) -> str:
    lines = [("what", "how much"), *rows]
    widths = [max(len(line[column]) for line in lines) for column in (0, 1)]
    rule = tuple("-" * width for width in widths)
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in (lines[0], rule, *lines[1:])
    )
