"""`run: workflow`: other documents as executions of their own."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
from stigmer_dsl.json_types import JsonValue
from stigmer_engine import Engine, EngineConfig, Execution, HttpConfig, ProgressEvent, Result, Status
from stigmer_engine.testing import ScriptedTransport

PARENT = "document: {dsl: '1.0.3', namespace: tests, name: parent, version: '1.0.0'}\n"


def child(text: str, *, name: str = "child", version: str = "1.0.0") -> str:
    return f"document: {{dsl: '1.0.3', namespace: tests, name: {name}, version: '{version}'}}\n{text}"


def call_child(rest: str = "", outer: str = "", task: str = "") -> str:
    return f"do: [{{a: {{run: {{workflow: {{namespace: tests, name: child{rest}}}{outer}}}{task}}}}}]"


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    async with Engine() as opened:
        yield opened


def register(engine: Engine, *texts: str) -> None:
    for text in texts:
        engine.documents.register(engine.load(text))


def start(engine: Engine, text: str, value: JsonValue = None, *, secrets: Mapping[str, str] | None = None) -> Execution:
    return engine.start(
        engine.load(PARENT + text), execution_id="root", input=value, secrets=secrets, env={"PLACE": "here"}
    )


async def result_of(engine: Engine, text: str, value: JsonValue = None) -> Result:
    return await start(engine, text, value).wait()


async def until_started(execution: Execution, task: str) -> ProgressEvent:
    async for event in execution.log.follow():
        if event.task_name == task:
            return event
    raise AssertionError(f"{task} never started")


WAITING = child("do: [{hold: {wait: PT1H}}]")


async def running_child(engine: Engine, parent: Execution, name: str = "root/1") -> Execution:
    await until_started(parent, "a")
    async with asyncio.timeout(300):
        while True:
            for execution in engine._executions:
                if execution.id == name:
                    await until_started(execution, "hold")
                    return execution
            await asyncio.sleep(0.001)


async def test_the_output_is_the_childs(engine: Engine) -> None:
    register(engine, child("do: [{x: {set: {got: '${ . }', at: '${ $runtime.metadata.env.PLACE }'}}}]"))
    result = await result_of(engine, call_child(", input: {n: '${ .n + 1 }', text: .n}"), {"n": 1})
    assert result.output == {"got": {"n": 2, "text": ".n"}, "at": "here"}


async def test_return_none_gives_the_input(engine: Engine) -> None:
    register(engine, child("do: [{x: {set: {got: 1}}}]"))
    assert (await result_of(engine, call_child("", ", return: none"), {"n": 1})).output == {"n": 1}


@pytest.mark.parametrize(
    ("asked", "got"),
    [("", "10.0.0"), (", version: latest", "10.0.0"), (", version: '9.1.0'", "9.1.0"), (", version: '2.0.0-a'", "p")],
)
async def test_versions(engine: Engine, asked: str, got: str) -> None:
    for version in ("9.1.0", "10.0.0", "10.0.0-rc.1"):
        register(engine, child(f"do: [{{x: {{set: '{version}'}}}}]", version=version))
    register(engine, child("do: [{x: {set: p}}]", version="2.0.0-a"))
    assert (await result_of(engine, call_child(asked))).output == got


@pytest.mark.parametrize("asked", [", version: '3.0.0'", "-of-nobody"])
async def test_an_unknown_workflow_is_a_fault_of_the_task(engine: Engine, asked: str) -> None:
    register(engine, child("do: [{x: {set: ok}}]"))
    error = (await result_of(engine, call_child(asked))).error
    assert error is not None
    assert (error.code, error.instance) == ("CONFIGURATION_ERROR", "/do/0/a")
    assert error.title.startswith("There is no workflow tests/child")


async def test_input_that_does_not_fit_the_childs_schema_is_the_tasks_fault(engine: Engine) -> None:
    schema = "input: {schema: {document: {type: object, required: [n]}}}\n"
    register(engine, child(schema + "do: [{x: {set: '${ .n }'}}]"))
    assert (await result_of(engine, call_child(", input: {n: 5}"))).output == 5
    error = (await result_of(engine, call_child(", input: {m: 5}"))).error
    assert error is not None
    assert (error.code, error.status, error.instance) == ("VALIDATION_ERROR", 400, "/do/0/a")


async def test_a_fault_of_the_child_keeps_its_type_and_is_caught(engine: Engine) -> None:
    fault = "{type: 'https://example.com/errors/own', status: 418, title: Own, detail: of the child}"
    register(engine, child(f"do: [{{x: {{raise: {{error: {fault}}}}}}}]"))
    error = (await result_of(engine, call_child())).error
    assert error is not None
    assert error.to_json() == {
        "type": "https://example.com/errors/own",
        "status": 418,
        "title": "Own",
        "detail": "of the child",
        "instance": "/do/0/a",
    }
    inner = call_child().removeprefix("do: ")
    caught = await result_of(
        engine, f"do: [{{t: {{try: {inner}, catch: {{errors: {{with: {{status: 418}}}}, do: [{{b: {{set: ok}}}}]}}}}}}]"
    )
    assert caught.output == "ok"


async def test_a_retry_runs_a_new_child() -> None:
    ids: list[str] = []
    async with Engine(EngineConfig(on_start=lambda execution: ids.append(execution.id))) as engine:
        register(engine, child("do: [{x: {raise: {error: {type: 'https://e.example', status: 503}}}}]"))
        inner = call_child().removeprefix("do: ")
        catch = "{as: e, retry: {delay: {milliseconds: 1}, limit: {attempt: {count: 2}}}, do: [{b: {set: caught}}]}"
        result = await result_of(engine, f"do: [{{t: {{try: {inner}, catch: {catch}}}}}]")
    assert result.output == "caught"
    assert ids == ["root", "root/1", "root/2", "root/3"]


async def test_nobody_waits_with_await_false(engine: Engine) -> None:
    register(engine, WAITING)
    execution = start(engine, call_child("", ", await: false"), {"n": 1})
    assert (await execution.wait()).output == {"n": 1}
    [left] = engine._executions
    assert (left.id, left.done) == ("root/1", False)
    left.cancel()
    await left.wait()


async def test_cancel_reaches_the_children_of_children(engine: Engine) -> None:
    register(engine, WAITING, child(call_child(), name="middle"))
    parent = start(engine, "do: [{a: {run: {workflow: {namespace: tests, name: middle}}}}]")
    innermost = await running_child(engine, parent, "root/1/1")
    parent.cancel("enough")
    assert (await parent.wait()).status is Status.CANCELLED
    assert (await innermost.wait()).status is Status.CANCELLED


async def test_a_timeout_of_the_task_cancels_the_child(engine: Engine) -> None:
    register(engine, WAITING)
    parent = start(engine, call_child(task=", timeout: {after: PT0.3S}"))
    running = await running_child(engine, parent)
    error = (await parent.wait()).error
    assert error is not None
    assert error.code == "TIMEOUT_ERROR"
    assert (await running.wait()).status is Status.CANCELLED


async def test_a_child_that_is_cancelled_is_a_fault(engine: Engine) -> None:
    register(engine, WAITING)
    parent = start(engine, call_child())
    (await running_child(engine, parent)).cancel("by hand")
    error = (await parent.wait()).error
    assert error is not None
    assert (error.code, error.instance) == ("RUNTIME_ERROR", "/do/0/a")


async def test_a_paused_parent_finds_its_child_again(engine: Engine) -> None:
    register(engine, child("do: [{hold: {wait: PT0.2S}}, {x: {set: {from: child}}}]"))
    parent = start(engine, call_child())
    running = await running_child(engine, parent)
    parent.pause()
    async for event in parent.log.follow():
        if event.status is Status.PAUSED:
            break
    assert (await running.wait()).status is Status.COMPLETED
    assert parent.status is Status.PAUSED
    parent.resume()
    assert (await parent.wait()).output == {"from": "child"}


async def test_cancel_of_a_paused_parent_cancels_the_child(engine: Engine) -> None:
    register(engine, WAITING)
    parent = start(engine, call_child())
    running = await running_child(engine, parent)
    parent.pause()
    async for event in parent.log.follow():
        if event.status is Status.PAUSED:
            break
    parent.cancel()
    assert (await parent.wait()).status is Status.CANCELLED
    assert (await running.wait()).status is Status.CANCELLED


@pytest.mark.parametrize("awaited", ["true", "false"])
async def test_a_drained_parent_starts_its_child_once(engine: Engine, awaited: str) -> None:
    register(engine, child("do: [{hold: {wait: PT0.1S}}, {x: {set: '${ .n }'}}]"))
    seen: dict[str, None] = {}
    execution = start(engine, call_child(", input: {n: 3}", f", await: {awaited}"), {"n": 0})
    async for _event in execution.log.follow():
        execution.reenter()
        await asyncio.sleep(0.01)
        seen.update(dict.fromkeys(running.id for running in engine._executions))
    assert (await execution.wait()).output == (3 if awaited == "true" else {"n": 0})
    assert [name for name in seen if name != "root"] == ["root/1"]


@pytest.mark.parametrize("depth", [0, 3])
async def test_a_workflow_that_runs_itself_is_bounded(depth: int) -> None:
    async with Engine(EngineConfig(max_child_depth=depth)) as engine:
        register(engine, child(call_child(", input: {n: '${ .n + 1 }'}")))
        error = (await result_of(engine, call_child(", input: {n: 1}"))).error
    assert error is not None
    assert (error.code, error.instance) == ("CONFIGURATION_ERROR", "/do/0/a")
    assert error.title == "Sub-workflows are nested too deeply"
    assert "tests/child:latest" in error.detail


async def test_workflows_that_multiply_are_bounded_in_all() -> None:
    """Two children each, and nobody waits: without a bound there would be as many as steps, at every level."""
    started: list[Execution] = []
    config = EngineConfig(max_child_depth=16, max_children=20, on_start=started.append)
    async with Engine(config) as engine:
        twins = "[{a: {run: {workflow: CHILD, await: false}}}, {b: {run: {workflow: CHILD, await: false}}}]"
        text = "do: " + twins.replace("CHILD", "{namespace: tests, name: child, version: latest}")
        register(engine, child(text))
        start(engine, text)
        # Whoever is in the list ends; those started meanwhile are at its end.
        results = [await execution.wait() for execution in started]
    assert len(results) == len(started) == 21
    assert {result.error.title for result in results if result.error} == {"Too many sub-workflows"}


async def test_secrets_reach_the_child_by_name_and_by_value() -> None:
    network = ScriptedTransport(handler=lambda request: httpx.Response(200, json=dict(request.headers)))
    headers = "{X-Own: '${ $secrets.key }', X-Given: '${ .given }'}"
    call = f"{{call: http, with: {{method: get, endpoint: 'http://peer.example/', headers: {headers}}}}}"
    async with Engine(EngineConfig(http=HttpConfig(transport=network))) as engine:
        register(engine, child(f"use: {{secrets: [key]}}\ndo: [{{x: {call}}}]"))
        text = "use: {secrets: [key]}\n" + call_child(", input: {given: '${ $secrets.key }'}")
        execution = start(engine, text, secrets={"key": "hunter-2-hunter"})
        result = await execution.wait()
    assert result.error is None, result.error
    [request] = network.requests
    assert request.headers["x-own"] == request.headers["x-given"] == "hunter-2-hunter"
    assert "hunter-2-hunter" not in json.dumps([event.to_json() for event in execution.log.events])
    assert "hunter-2-hunter" not in str(result)


async def test_many_children_one_after_the_other_leave_nothing_behind(engine: Engine) -> None:
    register(engine, child("do: [{x: {set: '${ .n }'}}]"))
    inner = call_child(", input: {n: '${ $i }'}")
    execution = start(engine, f"do: [{{l: {{for: {{each: i, in: '${{ 30 }}'}}, {inner}}}}}]")
    result = await execution.wait()
    assert result.error is None, result.error
    assert result.output in (29, 30)
    assert [running.id for running in engine._executions if running.id != "root"] == []


async def test_an_engine_can_be_closed_by_whoever_hears_an_execution_end() -> None:
    closing: list[asyncio.Task[None]] = []
    engine = Engine()
    execution = start(engine, "do: [{a: {raise: {error: {type: 'https://a.example/e', status: 500}}}}]")

    def close(event: ProgressEvent) -> None:
        if event.event_type == "workflow_failed":
            closing.append(asyncio.ensure_future(engine.close()))

    execution.log.listen(close)
    assert (await execution.wait()).status is Status.FAILED
    assert len(closing) == 1
    await closing[0]
