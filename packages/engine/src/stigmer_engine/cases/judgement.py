"""Whether an observation is what the case expects; every difference as a sentence."""

import itertools
from collections.abc import Iterable, Iterator, Sequence

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.cases.matching import differences, fits, shown, task_fits, text_fits, uri_fits
from stigmer_engine.cases.model import CallExpectation, ErrorExpectation, Expectation, StartExpectation, TaskExpectation
from stigmer_engine.cases.model.fixed_duration import seconds_of
from stigmer_engine.cases.observation import Observation, ObservedCall
from stigmer_engine.cases.world import full_type, name_of
from stigmer_engine.events import EventError, EventType, ProgressEvent, Status
from stigmer_engine.faults import WorkflowError, canonical_type

_ENDS = (EventType.TASK_COMPLETED, EventType.TASK_FAILED, EventType.TASK_SKIPPED)


def judge(expected: Expectation, seen: Observation) -> tuple[str, ...]:
    """Every difference between what was expected and what was seen; nothing when the case holds."""
    found = [f"no mock answers {call}" for call in seen.unmocked]
    if seen.status != expected.ending:
        found.append(f"status: expected {expected.ending}, got {seen.status}{_reason(seen)}")
    if seen.status == expected.ending:
        found.extend(_ending(expected, seen))
    found.extend(_tasks(expected, seen.events))
    if expected.calls is not None:
        found.extend(_calls(expected.calls, seen))
    if expected.emitted is not None:
        found.extend(_emitted(expected.emitted, seen.emitted))
    if expected.starts is not None:
        found.extend(_starts(expected.starts, seen))
    if expected.duration is not None and abs(seconds_of(expected.duration) - seen.seconds) > seen.precision:
        found.append(f"duration: expected {seconds_of(expected.duration):g} s, got {seen.seconds:g} s")
    return tuple(found)


def _reason(seen: Observation) -> str:
    if seen.problems:
        return "".join(f"\n  {problem}" for problem in seen.problems)
    if seen.error is not None:
        return f"\n  {shown(seen.error.to_json())}"
    return f" with output {shown(seen.output)}" if seen.status == "completed" else ""


def _ending(expected: Expectation, seen: Observation) -> Iterator[str]:
    if "output" in expected.model_fields_set:
        yield from differences(expected.output, seen.output, "output")
    if "contains" in expected.model_fields_set:
        yield from differences(expected.contains, seen.output, "output", part=True)
    if expected.error is not None and seen.error is not None:
        yield from _error(expected.error, seen.error, "error")
    for problem in expected.problems or ():
        matching = [item for item in seen.problems if item.code == problem.code]
        if not any(problem.pointer in (None, item.pointer) for item in matching):
            at = f" at {problem.pointer}" if problem.pointer else ""
            listed = "".join(f"\n  {item}" for item in seen.problems)
            yield f"problems: expected {problem.code}{at}, got{listed}"


def _error(expected: ErrorExpectation, actual: WorkflowError | EventError, place: str) -> Iterator[str]:
    for name, value in expected.model_dump(exclude_none=True).items():
        got = getattr(actual, name, None)
        if not _error_fits(name, value, actual):
            yield f"{place}/{name}: expected {shown(value)}, got {shown(got)}"


def _error_fits(name: str, value: str | int, actual: WorkflowError | EventError) -> bool:
    got = getattr(actual, name, None)
    if name == "type":
        return canonical_type(full_type(str(value))) == canonical_type(str(got))
    if isinstance(value, int):
        return value == got
    if got is None and isinstance(actual, EventError):
        # Events carry title and detail as one sentence.
        return text_fits(f"*{value}*", actual.message)
    return text_fits(value, str(got))


# --- tasks ------------------------------------------------------------------------------------------------------------


def _tasks(expected: Expectation, events: Sequence[ProgressEvent]) -> Iterator[str]:
    started = [event.task_name for event in events if event.event_type is EventType.TASK_STARTED]
    if expected.runs is not None and started != list(expected.runs):
        yield f"runs: expected {', '.join(expected.runs)}\n      got      {', '.join(started)}"
    for names in expected.order:
        for earlier, later in itertools.pairwise(names):
            yield from _order(earlier, later, events)
    for task, wanted in expected.tasks.items():
        own = [event for event in events if task_fits(task, event.task_name, event.task_reference)]
        yield from _task(task, wanted, own)


def _order(earlier: str, later: str, events: Iterable[ProgressEvent]) -> Iterator[str]:
    ended: int | None = None
    began: int | None = None
    for event in events:
        if ended is None and event.event_type in _ENDS and task_fits(earlier, event.task_name, event.task_reference):
            ended = event.sequence_number
        if began is None and event.event_type is EventType.TASK_STARTED:
            began = event.sequence_number if task_fits(later, event.task_name, event.task_reference) else None
    if ended is None or began is None:
        yield f"order: {earlier if ended is None else later} never {'ended' if ended is None else 'started'}"
    elif ended > began:
        yield f"order: {later} started before {earlier} had ended"


def _task(task: str, expected: TaskExpectation, events: Sequence[ProgressEvent]) -> Iterator[str]:
    place = f"tasks/{task}"
    runs = sum(1 for event in events if event.event_type is EventType.TASK_STARTED)
    retries = sum(1 for event in events if event.event_type is EventType.TASK_RETRY)
    if expected.runs is not None and expected.runs != runs:
        yield f"{place}: expected {expected.runs} runs, got {runs}"
    if expected.retries is not None and expected.retries != retries:
        yield f"{place}: expected {expected.retries} retries, got {retries}"
    last = events[-1] if events else None
    status = _status(last)
    if expected.status is not None and expected.status != status:
        yield f"{place}: expected {expected.status}, got {status}"
    payload: JsonObject = (last.payload if last and last.payload else {}) or {}
    output: JsonValue = payload.get("output")
    if "output" in expected.model_fields_set:
        yield from differences(expected.output, output, f"{place}/output")
    if "contains" in expected.model_fields_set:
        yield from differences(expected.contains, output, f"{place}/output", part=True)
    if expected.error is not None:
        if last is None or last.error is None:
            yield f"{place}: expected an error, got {status}"
        else:
            yield from _error(expected.error, last.error, f"{place}/error")


def _status(last: ProgressEvent | None) -> str:
    if last is None:
        return "nothing of it"
    if last.event_type is EventType.TASK_SKIPPED:
        return "skipped"
    return str(last.status if last.event_type in _ENDS else Status.RUNNING)


# --- calls and events -------------------------------------------------------------------------------------------------


def _calls(expected: Sequence[CallExpectation], seen: Observation) -> Iterator[str]:
    for index, (wanted, call) in enumerate(zip(expected, seen.calls, strict=False)):
        for sentence in _call(wanted, call, seen.precision):
            yield f"calls/{index}{sentence}"
    if len(expected) != len(seen.calls):
        listed = "".join(f"\n  {_shown_call(call)}" for call in seen.calls)
        yield f"calls: expected {len(expected)}, got {len(seen.calls)}{listed}"


def _call(wanted: CallExpectation, call: ObservedCall, precision: float) -> Iterator[str]:
    if wanted.call != call.call:
        yield f": expected a call of {wanted.call}, got {_shown_call(call)}"
        return
    if wanted.method is not None and wanted.method.upper() != call.method:
        yield f"/method: expected {wanted.method.upper()}, got {call.method}"
    if wanted.uri is not None and not uri_fits(wanted.uri, call.uri):
        yield f"/uri: expected {wanted.uri}, got {call.uri}"
    if wanted.task is not None and not task_fits(wanted.task, name_of(call.task), call.task):
        yield f"/task: expected {wanted.task}, got {call.task}"
    headers: JsonObject = {name.lower(): value for name, value in wanted.headers.items()}
    yield from differences(headers, call.headers, "/headers", part=True)
    for name in wanted.without:
        if name.lower() in call.headers:
            yield f"/headers/{name.lower()}: was not expected"
    yield from differences(wanted.query, call.query, "/query", part=True)
    yield from differences(wanted.arguments, call.arguments, "/arguments", part=True)
    if "body" in wanted.model_fields_set:
        yield from differences(wanted.body, call.body, "/body", part=True)
    if wanted.at is not None and abs(seconds_of(wanted.at) - call.at) > precision:
        yield f"/at: expected {seconds_of(wanted.at):g} s, got {call.at:g} s"


def _shown_call(call: ObservedCall) -> str:
    what = f"{call.method} {call.uri}" if call.call == "http" else f"call: {call.call} {shown(call.arguments)}"
    return f"{what} by {name_of(call.task)} at {call.at:g} s"


def _emitted(expected: Sequence[JsonObject], seen: Sequence[JsonObject]) -> Iterator[str]:
    for index, (wanted, event) in enumerate(zip(expected, seen, strict=False)):
        if not fits(wanted, event):
            yield from differences(wanted, event, f"emitted/{index}", part=True)
    if len(expected) != len(seen):
        yield f"emitted: expected {len(expected)} events, got {len(seen)}: {shown([*seen])}"


def _starts(expected: Sequence[StartExpectation], seen: Observation) -> Iterator[str]:
    for index, (wanted, start) in enumerate(zip(expected, seen.starts, strict=False)):
        if wanted.at is not None and abs(seconds_of(wanted.at) - start.at) > seen.precision:
            yield f"starts/{index}/at: expected {seconds_of(wanted.at):g} s, got {start.at:g} s"
        if wanted.status is not None and wanted.status != start.status:
            yield f"starts/{index}/status: expected {wanted.status}, got {start.status}"
        for name in ("input", "output"):
            if name in wanted.model_fields_set:
                yield from differences(getattr(wanted, name), getattr(start, name), f"starts/{index}/{name}", part=True)
    if len(expected) != len(seen.starts):
        times = ", ".join(f"{start.at:g} s" for start in seen.starts)
        yield f"starts: expected {len(expected)}, got {len(seen.starts)} at {times}"
