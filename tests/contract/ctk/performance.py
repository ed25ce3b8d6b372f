"""A scenario performed on the engine: its steps in the vocabulary of the conformance kit."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from stigmer_dsl import JsonObject, JsonValue, Limits
from stigmer_dsl.syntax.reader import read
from stigmer_engine import Engine, EventType, ProgressEvent, Result, Status

from .scenario import Scenario, Step


@dataclass(slots=True)
class Performance:
    """What a scenario has set up and seen so far."""

    engine: Engine
    source: str
    definition: str | None = None
    input: JsonValue = None
    secrets: dict[str, str] = field(default_factory=dict)
    result: Result | None = None
    events: tuple[ProgressEvent, ...] = ()

    @property
    def ended(self) -> Result:
        """The result of the run."""
        assert self.result is not None, "no step has executed the workflow"
        return self.result

    @property
    def output(self) -> JsonValue:
        """The output of a run that has to have completed."""
        result = self.ended
        assert result.status is Status.COMPLETED, f"the workflow ended as {result.status}: {result.error}"
        return result.output

    def first(self, task: str, *types: EventType) -> ProgressEvent:
        """The first event of a task that has one of the types."""
        for event in self.events:
            if event.task_name == task and event.event_type in types:
                return event
        wanted = " or ".join(types)
        raise AssertionError(f"no {wanted} for {task!r}; the run reported: {_summary(self.events)}")

    def last(self, task: str, *types: EventType) -> ProgressEvent:
        """The last event of a task that has one of the types."""
        found = [event for event in self.events if event.task_name == task and event.event_type in types]
        return found[-1] if found else self.first(task, *types)

    def started(self) -> list[str]:
        """Names of the tasks in the order in which they started."""
        return [event.task_name for event in self.events if event.event_type is EventType.TASK_STARTED]


async def perform(scenario: Scenario, engine: Engine) -> None:
    """Perform all steps. Raises AssertionError at the first that does not hold, or that nobody knows."""
    performance = Performance(engine=engine, source=scenario.file.name)
    for step in scenario.steps:
        try:
            await _perform_step(performance, step)
        except AssertionError as error:
            raise AssertionError(f"{scenario.file}:{scenario.line} {step.text!r}: {error}") from error


async def _perform_step(performance: Performance, step: Step) -> None:
    if step.text == "the workflow is executed":
        await _execute(performance)
        return
    for pattern, act in _STEPS:
        match = pattern.fullmatch(step.text)
        if match:
            act(performance, *match.groups(), *(() if step.block is None else (step.block,)))
            return
    raise AssertionError("this step is not part of the vocabulary")


async def _execute(performance: Performance) -> None:
    assert performance.definition is not None, "no step has defined a workflow"
    document = await performance.engine.load_async(performance.definition, performance.source)
    execution = performance.engine.start(document, input=performance.input, secrets=performance.secrets)
    performance.result = await execution.wait()
    performance.events = execution.log.events


# --- arrange ---------------------------------------------------------------------------------------------------------


def _define(performance: Performance, text: str) -> None:
    performance.definition = text


def _give_input(performance: Performance, text: str) -> None:
    performance.input = value_of(text)


def _give_secret(performance: Performance, name: str, text: str) -> None:
    performance.secrets[name] = text


# --- the workflow ----------------------------------------------------------------------------------------------------


def _completed(performance: Performance) -> None:
    _ = performance.output


def _completed_with(performance: Performance, text: str) -> None:
    _same(performance.output, value_of(text))


def _faulted(performance: Performance) -> None:
    result = performance.ended
    assert result.status is Status.FAILED, f"the workflow ended as {result.status} with {result.output!r}"


def _faulted_with(performance: Performance, text: str) -> None:
    _faulted(performance)
    error = performance.ended.error
    assert error is not None
    _agrees(error.to_json(), value_of(text))


def _cancelled(performance: Performance) -> None:
    assert performance.ended.status is Status.CANCELLED, f"the workflow ended as {performance.ended.status}"


def _has_properties(performance: Performance, paths: str) -> None:
    for path in paths.split(","):
        _property(performance.output, path.strip().removeprefix("'").removesuffix("'"))


def _has_value(performance: Performance, path: str, text: str) -> None:
    _same(_property(performance.output, path), value_of(text))


def _has_items(performance: Performance, path: str, count: str) -> None:
    items = _property(performance.output, path)
    assert isinstance(items, list | dict), f"{path} is {items!r}"
    assert len(items) == int(count), f"{path} has {len(items)} items: {items!r}"


# --- its tasks -------------------------------------------------------------------------------------------------------


def _ran_first(performance: Performance, task: str) -> None:
    started = performance.started()
    assert started[:1] == [task], f"the tasks started in this order: {started}"


def _ran_last(performance: Performance, task: str) -> None:
    started = performance.started()
    assert started[-1:] == [task], f"the tasks started in this order: {started}"


def _ran_before(performance: Performance, earlier: str, later: str) -> None:
    _ran_after(performance, later, earlier)


def _ran_after(performance: Performance, later: str, earlier: str) -> None:
    ended = performance.first(earlier, EventType.TASK_COMPLETED, EventType.TASK_FAILED)
    began = performance.first(later, EventType.TASK_STARTED)
    assert began.sequence_number > ended.sequence_number, f"the run reported: {_summary(performance.events)}"


def _task_completed(performance: Performance, task: str) -> None:
    performance.first(task, EventType.TASK_COMPLETED)


def _task_completed_with(performance: Performance, task: str, text: str) -> None:
    payload = performance.last(task, EventType.TASK_COMPLETED).payload or {}
    _same(payload.get("output"), value_of(text))


def _task_faulted(performance: Performance, task: str) -> ProgressEvent:
    event = performance.last(task, EventType.TASK_FAILED)
    assert event.status is Status.FAILED, f"{task} was {event.status}"
    return event


def _task_faulted_with(performance: Performance, task: str, text: str) -> None:
    error = _task_faulted(performance, task).error
    assert error is not None
    wanted = value_of(text)
    assert isinstance(wanted, dict)
    _agrees(error.to_json(), {name: value for name, value in wanted.items() if name not in ("title", "detail")})


def _task_cancelled(performance: Performance, task: str) -> None:
    event = performance.last(task, EventType.TASK_FAILED)
    assert event.status is Status.CANCELLED, f"{task} was {event.status}"


def _task_skipped(performance: Performance, task: str) -> None:
    performance.first(task, EventType.TASK_SKIPPED)
    assert task not in performance.started(), f"{task} started"


def _task_ran_times(performance: Performance, task: str, count: str) -> None:
    started = performance.started()
    assert started.count(task) == int(count), f"{task} started {started.count(task)} times"


def _step(pattern: str, act: Callable[..., object]) -> tuple[re.Pattern[str], Callable[..., object]]:
    return re.compile(pattern), act


# Whole-workflow steps first: `the workflow should complete` is no task of that name.
_STEPS: Final = (
    _step(r"a workflow with definition:", _define),
    _step(r"(?:given )?the workflow input is:", _give_input),
    _step(r"the workflow should complete", _completed),
    _step(r"the workflow should complete with output:", _completed_with),
    _step(r"the workflow should fault", _faulted),
    _step(r"the workflow should fault with error:", _faulted_with),
    _step(r"the workflow should cancel", _cancelled),
    _step(r"the workflow output should have properties (.+)", _has_properties),
    _step(r"the workflow output should have a '([^']+)' property with value:", _has_value),
    _step(r"the workflow output should have a '([^']+)' property containing (\d+) items?", _has_items),
    _step(r"(\S+) should run first", _ran_first),
    _step(r"(\S+) should run last", _ran_last),
    _step(r"(\S+) should run before (\S+)", _ran_before),
    _step(r"(\S+) should run after (\S+)", _ran_after),
    _step(r"(\S+) should complete", _task_completed),
    _step(r"(\S+) should complete with output:", _task_completed_with),
    _step(r"(\S+) should fault", _task_faulted),
    _step(r"(\S+) should fault with error:", _task_faulted_with),
    _step(r"(\S+) should cancel", _task_cancelled),
    # Ours, beyond the kit's vocabulary.
    _step(r"the secret (\S+) is '([^']*)'", _give_secret),
    _step(r"(\S+) should be skipped", _task_skipped),
    _step(r"(\S+) should run (\d+) times", _task_ran_times),
)


def value_of(text: str) -> JsonValue:
    """A text block, JSON or YAML 1.2, as data."""
    return read(text, Limits()).value


def _property(value: JsonValue, path: str) -> JsonValue:
    for key in path.split("."):
        if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            assert isinstance(value, dict), f"no property {path!r}: {value!r} is not an object"
            assert key in value, f"no property {path!r}: found only {sorted(value)}"
            value = value[key]
    return value


def _same(actual: JsonValue, wanted: JsonValue) -> None:
    # As text, because in Python `1 == True`.
    assert _text(actual) == _text(wanted), f"{_text(actual)} is not {_text(wanted)}"


def _agrees(actual: JsonObject, wanted: JsonValue) -> None:
    assert isinstance(wanted, dict)
    for name, value in wanted.items():
        assert name in actual, f"{name} is missing from {_text(actual)}"
        _same(actual[name], value)


def _text(value: JsonValue) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _summary(events: tuple[ProgressEvent, ...]) -> str:
    return ", ".join(f"{event.task_name} {event.event_type}" for event in events if event.task_name)
