"""Lifecycle CloudEvents: which ones a run makes, their data, and that a broken publisher costs no run anything."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from stigmer_dsl.json_types import JsonObject
from stigmer_engine import EngineConfig, Execution, Result, Status
from stigmer_engine.bus import InMemoryBus
from stigmer_engine.cloud_events import check_event
from stigmer_engine.faults import fault
from stigmer_engine.lifecycle_events import LifecycleConfig
from stigmer_engine.lifecycle_events.places import is_listen
from stigmer_engine.testing import run_virtual
from stigmer_engine.testing.virtual_engine import sample_event, virtual_engine

HEAD = "document: {dsl: '1.0.3', namespace: tests, name: living, version: '1.2.0'}\n"
NAME = "living-wex-1.tests"
WORKFLOW = "io.serverlessworkflow.workflow."
TASK = "io.serverlessworkflow.task."


async def nothing(_execution: Execution, _bus: InMemoryBus) -> None:
    """Let the run be."""


During = Callable[[Execution, InMemoryBus], Awaitable[None]]


def events_of(
    text: str, during: During = nothing, *, output_base: str = "", status_changes: bool = False
) -> list[JsonObject]:
    """The lifecycle events of a run, each checked to be a CloudEvent."""

    async def scenario() -> list[JsonObject]:
        published: list[JsonObject] = []
        publisher, bus = InMemoryBus(), InMemoryBus()
        publisher.subscribe(published.append)
        lifecycle = LifecycleConfig(publisher=publisher, output_base=output_base, status_changes=status_changes)
        async with virtual_engine(EngineConfig(lifecycle=lifecycle, bus=bus)) as engine:
            execution = engine.start(engine.load(HEAD + text), execution_id="wex-1")
            await during(execution, bus)
            await execution.wait()
        return published

    published = run_virtual(scenario())
    for event in published:
        check_event(event)
    identities = [event["id"] for event in published]
    assert len(set(identities)) == len(identities)
    return published


def kinds(events: list[JsonObject]) -> list[str]:
    return [str(event["type"]).removeprefix("io.serverlessworkflow.").removesuffix(".v1") for event in events]


def test_a_run_that_completes() -> None:
    events = events_of("do:\n- one: {set: {a: 1}}\n", output_base="https://runner.example/api/v1/executions/")
    assert kinds(events) == [
        "workflow.started",
        "task.created",
        "task.started",
        "task.completed",
        "workflow.completed",
    ]
    now = "2025-06-15T15:06:40.000Z"
    uri = "https://runner.example/api/v1/executions/wex-1"
    assert [event["data"] for event in events] == [
        {
            "name": NAME,
            "definition": {"name": "living", "namespace": "tests", "version": "1.2.0"},
            "startedAt": now,
        },
        {"workflow": NAME, "task": "/do/0/one", "createdAt": now},
        {"workflow": NAME, "task": "/do/0/one", "startedAt": now},
        {"workflow": NAME, "task": "/do/0/one", "completedAt": now, "outputUri": f"{uri}#/do/0/one"},
        {"name": NAME, "completedAt": now, "outputUri": uri},
    ]
    assert {(event["source"], event["subject"], event["time"]) for event in events} == {
        ("/tests/living/1.2.0", "wex-1", now)
    }


def test_a_run_that_faults_says_with_which_error() -> None:
    text = "do:\n- bad: {raise: {error: {type: 'https://a.example/e', status: 418, title: Teapot}}}\n"
    events = events_of(text)
    assert kinds(events)[-2:] == ["task.faulted", "workflow.faulted"]
    error = {"type": "https://a.example/e", "status": 418, "title": "Teapot", "instance": "/do/0/bad"}
    assert [event["data"]["error"] for event in events[-2:]] == [error, error]


def test_a_task_that_is_tried_again() -> None:
    text = (
        "do:\n- guarded:\n    try: [{bad: {raise: {error: {type: 'https://a.example/e', status: 500}}}}]\n"
        "    catch: {retry: {delay: PT1S, limit: {attempt: {count: 1}}}, do: [{fine: {set: {a: 1}}}]}\n"
    )
    counted = Counter(kinds(events_of(text)))
    assert (counted["task.retried"], counted["task.faulted"], counted["workflow.completed"]) == (1, 2, 1)


def test_a_task_is_suspended_and_resumed_with_its_workflow() -> None:
    async def pause(execution: Execution, _bus: InMemoryBus) -> None:
        await asyncio.sleep(1)
        execution.pause()
        await asyncio.sleep(5)
        execution.resume()

    events = events_of("do:\n- long: {wait: {seconds: 10}}\n", pause)
    assert kinds(events)[3:7] == ["task.suspended", "workflow.suspended", "workflow.resumed", "task.resumed"]
    assert events[3]["data"] == {"workflow": NAME, "task": "/do/0/long", "suspendedAt": "2025-06-15T15:06:41.000Z"}


def test_a_cancelled_run_cancels_its_tasks() -> None:
    async def cancel(execution: Execution, _bus: InMemoryBus) -> None:
        await asyncio.sleep(1)
        execution.cancel()

    assert kinds(events_of("do:\n- long: {wait: {seconds: 10}}\n", cancel))[-2:] == [
        "task.cancelled",
        "workflow.cancelled",
    ]


LISTENING = (
    "do:\n- hear:\n    listen:\n      to:\n        one:\n          with: {type: a}\n"
    "          correlate: {order: {from: .data.order}, kind: {from: .type, expect: a}}\n"
)


async def one_event(_execution: Execution, bus: InMemoryBus) -> None:
    await asyncio.sleep(1)
    bus.receive(sample_event("a", {"order": 7}))


def test_correlation_stands_around_a_listener_with_its_keys() -> None:
    events = events_of(LISTENING, one_event)
    assert kinds(events)[1:6] == [
        "task.created",
        "task.started",
        "workflow.correlation-started",
        "workflow.correlation-completed",
        "task.completed",
    ]
    assert events[4]["data"] == {
        "name": NAME,
        "completedAt": "2025-06-15T15:06:41.000Z",
        "correlationKeys": {"order": 7, "kind": "a"},
    }


def test_status_changes_are_published_on_request() -> None:
    events = [
        event
        for event in events_of(LISTENING, one_event, status_changes=True)
        if str(event["type"]).endswith(".status-changed.v1")
    ]
    assert [event["data"]["status"] for event in events if "workflow.status" in str(event["type"])] == [
        "running",
        "waiting",
        "running",
        "completed",
    ]
    assert [event["data"]["status"] for event in events if "task.status" in str(event["type"])] == [
        "pending",
        "running",
        "completed",
    ]


class BrokenPublisher:
    """Is slow, then refuses, then fails in a way of its own."""

    def __init__(self) -> None:
        self.calls = 0

    async def publish(self, _event: JsonObject) -> None:
        self.calls += 1
        if self.calls == 1:
            await asyncio.sleep(1000)
        if self.calls == 2:
            raise fault("communication", "nobody there")
        raise RuntimeError("a defect")


def test_a_publisher_that_is_slow_and_broken_costs_a_run_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> tuple[Result, float, int]:
        publisher = BrokenPublisher()
        lifecycle = LifecycleConfig(publisher=publisher, closing_seconds=5000)
        async with virtual_engine(EngineConfig(lifecycle=lifecycle)) as engine:
            result = await engine.start(engine.load(HEAD + "do:\n- one: {set: {a: 1}}\n")).wait()
            ended = asyncio.get_running_loop().time()
        return result, ended, publisher.calls

    result, ended, calls = run_virtual(scenario())
    assert (result.status, ended, calls) == (Status.COMPLETED, 0.0, 5)
    assert "5 lifecycle events were lost" in caplog.text


def test_an_engine_that_closes_does_not_wait_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> float:
        lifecycle = LifecycleConfig(publisher=BrokenPublisher(), closing_seconds=3)
        async with virtual_engine(EngineConfig(lifecycle=lifecycle)) as engine:
            await engine.start(engine.load(HEAD + "do:\n- one: {set: {a: 1}}\n")).wait()
        return asyncio.get_running_loop().time()

    assert run_virtual(scenario()) == 3
    assert "not published in time" in caplog.text


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("/do/0/l", True),
        ("/do/1/for", False),
        ("/do/1/for/for/do/0/l", True),
        ("/do/2/do/do/0/l", True),
        ("/do/3/f/function/hear", True),
        ("/do/4/s/extension/around/before/0/l", True),
        ("/do/4/s/extension/other/before/0/l", False),
        ("/do/9/gone", False),
        ("/do/3/f/function/gone", False),
    ],
)
def test_references_lead_to_tasks(reference: str, expected: bool) -> None:
    listen: JsonObject = {"listen": {"to": {"any": []}}}
    raw: JsonObject = {
        "use": {
            "functions": {"hear": listen},
            "extensions": [{"around": {"extend": "set", "before": [{"l": listen}]}}],
        },
        "do": [
            {"l": listen},
            {"for": {"for": {"in": "."}, "do": [{"l": listen}]}},
            {"do": {"do": [{"l": listen}]}},
            {"f": {"call": "hear"}},
            {"s": {"set": {"a": 1}}},
        ],
    }
    assert is_listen(raw, reference) is expected
