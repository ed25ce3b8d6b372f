"""What conversion promises about expressions, on the engine: the converted documents run and mean what was written."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from stigmer_converter import ConvertOptions, GrpcTarget, convert_json, convert_source, revert
from stigmer_converter import convert as convert_message
from stigmer_dsl.json_types import JsonObject
from stigmer_engine import Engine, EngineConfig
from stigmer_engine.processes import ProcessConfig
from stigmer_engine.secrets import SecretVault
from stigmer_proto.ai.stigmer.commons.apiresource import WorkflowTaskKind

DOCUMENT = {"dsl": "1.0.0", "namespace": "shop", "name": "x", "version": "1.0.0"}
INPUT = {"customer": {"name": "Ann"}, "items": [{"sku": "a", "n": 2}, {"sku": "b", "n": 3}], "secrets": {"KEY": "no"}}


@pytest_asyncio.fixture
async def engine() -> AsyncIterator[Engine]:
    async with Engine() as engine:
        yield engine


def sets(name: str, export: str = "", **variables: str) -> dict[str, Any]:
    task: dict[str, Any] = {"name": name, "kind": "SET", "task_config": {"variables": variables}}
    return {**task, "export": {"as": export}} if export else task


async def run(engine: Engine, tasks: list[dict[str, Any]], **more: Any) -> Any:
    """Convert, run, and run what reverting and converting again gives: both must end alike."""
    yaml = convert_json({"document": DOCUMENT, "tasks": tasks, **more}).yaml
    outputs = []
    for text in (yaml, convert_message(revert(yaml)).yaml):
        execution = engine.start(
            engine.load(text, "converted"), input=INPUT, secrets={"KEY": "k3y"}, env={"STAGE": "x"}
        )
        result = await execution.wait()
        outputs.append(result.output if result.status == "completed" else (result.status, result.error))
    assert outputs[0] == outputs[1]
    return outputs[0]


async def test_exports_are_kept_by_task_name(engine: Engine) -> None:
    tasks = [
        sets("first task", "${.}", a="${ 1 }"),
        sets("second", "${ .b }", b="${ 2 }"),
        sets("third", a='${ $context["first task"].a }', b="${ $context.second }", c='${ $context["none"] }'),
    ]
    assert await run(engine, tasks) == {"a": 1, "b": 2, "c": None}


async def test_loop_variables_in_all_spellings(engine: Engine) -> None:
    body = sets("use", a="${.item.sku}", b="${ $item.sku }", c="${ $data.item.sku }", d="${.item.sku}-${ $index }")
    loop = {"name": "loop", "kind": "FOR", "task_config": {"each": "item", "in": "${.items}", "do": [body]}}
    assert await run(engine, [loop]) == {"a": "b", "b": "b", "c": "b", "d": "b-1"}


async def test_caught_errors_in_all_spellings(engine: Engine) -> None:
    fail = {
        "name": "fail",
        "kind": "RAISE",
        "task_config": {"error": "Timeout", "message": "late, ${ .customer.name }"},
    }
    handle = sets(
        "handle", a="${.error.message}", b="${ .error.status }", c="${ $error.title }", d="${ $data.error.type }"
    )
    catch = {"try": [fail], "catch": {"as": "error", "do": [handle]}}
    assert await run(engine, [{"name": "t", "kind": "TRY", "task_config": catch}]) == {
        "a": "late, Ann",
        "b": 408,
        "c": "Timeout",
        "d": "https://open-workflow-specification.org/spec/1.0.0/errors/timeout",
    }


async def test_a_try_without_a_catch_lets_errors_through(engine: Engine) -> None:
    fail = {"name": "fail", "kind": "RAISE", "task_config": {"error": "OutOfStock", "message": "none left"}}
    status, error = await run(engine, [{"name": "t", "kind": "TRY", "task_config": {"try": [fail]}}])
    assert (status, error.title, error.status, error.detail) == ("failed", "OutOfStock", 500, "none left")


async def test_input_output_environment_and_data(engine: Engine) -> None:
    more = {"env_spec": {"data": {"REGION": {"value": "eu"}, "STAGE": {"value": "default"}}}}
    tasks = [
        sets("before", n="${ 7 }", who="${ $input.customer.name }"),
        sets(
            "use", a="${ $output.n }", b="${ $input.customer.name }", c="${.env_vars.REGION}/${ $env.STAGE }",
            d="${ $data.who }", e="${ .n }", f="{{workflow.input.customer.name}}!", g="${ $env.NONE }",
        ),
    ]  # fmt: skip
    assert await run(engine, tasks, **more) == {
        "a": 7, "b": "Ann", "c": "eu/x", "d": "Ann", "e": 7, "f": "Ann!", "g": None
    }  # fmt: skip


async def test_the_data_bag_keeps_what_tasks_set_and_yield(engine: Engine) -> None:
    tasks = [
        sets("one", "${ .a }", a="${ 1 }", b="${ 1 }"),
        sets("two", b="${ 2 }"),
        {"name": "group", "kind": "TRY", "task_config": {"try": [sets("three", c="${ 3 }")]}},
        sets("use", all="${ $data }", b="${ $data.b }", one='${ $context["one"] }'),
    ]
    assert await run(engine, tasks) == {"all": {"a": 1, "b": 2, "c": 3, "group": {"c": 3}}, "b": 2, "one": 1}


async def test_json_types_are_kept_and_text_is_text(engine: Engine) -> None:
    tasks = [
        sets(
            "use", number="${ 5 }", flag="${ true }", object="${ .customer }", text="5",
            strict="${ .items[0].n }-${ 1 }", escaped="$${x}", mixed="${ .customer } ${ null } ${ [1, 2] }",
            lines="a\n${ .customer.name }\n",
        )
    ]  # fmt: skip
    assert await run(engine, tasks) == {
        "number": 5, "flag": True, "object": {"name": "Ann"}, "text": "5", "strict": "2-1",
        "escaped": "${x}", "mixed": '{"name":"Ann"} null [1,2]', "lines": "a\nAnn\n",
    }  # fmt: skip


@pytest.mark.parametrize(("when", "expected"), [("${ .n } == 2", "yes"), (".n == 3", "no"), ("${ .n == 2 }", "yes")])
async def test_conditions_in_all_spellings(engine: Engine, when: str, expected: str) -> None:
    cases = [{"name": "match", "when": when, "then": "yes"}, {"name": "other", "then": "no"}]
    tasks = [
        sets("n", n="${ 2 }"),
        {"name": "decide", "kind": "SWITCH", "task_config": {"cases": cases}},
        {**sets("yes", answer="yes"), "flow": {"then": "end"}},
        sets("no", answer="no"),
    ]
    assert await run(engine, tasks) == {"answer": expected}


async def test_waiting_until_a_moment_that_has_passed_takes_no_time(engine: Engine) -> None:
    wait = {"name": "w", "kind": "WAIT", "task_config": {"until": "2020-01-01T00:00:00Z"}}
    assert await run(engine, [wait, sets("after", done="${ true }")]) == {"done": True}


async def test_branches_see_the_loop_and_end_in_order(engine: Engine) -> None:
    branches = [
        {"name": "left", "do": [sets("l", v="${.item.n}")]},
        {"name": "right", "do": [sets("r", v="${ .item.n * 10 }")]},
    ]
    fork = {"name": "f", "kind": "FORK", "task_config": {"branches": branches}}
    loop = {"name": "loop", "kind": "FOR", "task_config": {"each": "item", "in": "${ $input.items }", "do": [fork]}}
    assert await run(engine, [loop]) == [{"v": 3}, {"v": 30}]


async def test_a_secret_is_used_but_never_shown(engine: Engine) -> None:
    text = convert_source(
        '{"document": {"dsl": "1.0.0", "namespace": "a", "name": "b", "version": "1.0.0"}, "tasks": [{"name": "t",'
        ' "kind": "SET", "taskConfig": {"variables": {"a": "Bearer ${.secrets.KEY}", "b": "${ .secrets == null }"}}}]}',
        "json",
    ).yaml
    execution = engine.start(engine.load(text, "converted"), input={}, secrets={"KEY": "k3y"})
    result = await execution.wait()
    assert result.output["b"] is True
    assert result.output["a"] != "Bearer "
    assert "k3y" not in str([event.to_json() for event in execution.log.events])


SHOP = GrpcTarget(host="shop.internal", port=9000)
ANYWHERE = ConvertOptions(grpc_services={"shop.v1.Inventory": SHOP, "shop.v1.Prices": SHOP})
SPECS = sorted((Path(__file__).parent / "specs").glob("*.yaml"))


@pytest_asyncio.fixture
async def able_engine() -> AsyncIterator[Engine]:
    """An engine that may do whatever a document of the contract can want, and answers calls itself."""

    class Agents:
        async def call(self, arguments: JsonObject, vault: SecretVault) -> JsonObject:
            return {"response": f"{arguments['agent']}: {vault.fill_text(arguments['message'])}"}

    processes = ProcessConfig(allow_shell=True, allow_script=True)
    async with Engine(EngineConfig(activities=True, agents=Agents(), processes=processes)) as engine:
        yield engine


def _kinds(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("kind"), str):
            yield value["kind"].removeprefix("WORKFLOW_TASK_KIND_")
        for item in value.values():
            yield from _kinds(item)
    elif isinstance(value, list):
        for item in value:
            yield from _kinds(item)


def test_the_specs_have_every_kind_of_the_contract() -> None:
    found = {kind for path in SPECS for kind in _kinds(yaml.safe_load(path.read_text()))}
    assert found >= {str(kind.name) for kind in WorkflowTaskKind if kind.value}


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_whatever_is_converted_is_taken_by_the_engine(able_engine: Engine, path: Path) -> None:
    able_engine.load(convert_source(path.read_text(), "yaml", ANYWHERE).yaml, path.name)


async def test_an_agent_call_runs_as_converted(able_engine: Engine) -> None:
    config = {
        "agent": "helper",
        "message": "For ${ .customer.name }, with ${.secrets.KEY}",
        "env": {"STAGE": "${.env_vars.STAGE}"},
        "config": {"timeout": 5},
    }
    output = await run(able_engine, [{"name": "ask", "kind": "AGENT_CALL", "task_config": config}])
    assert output == {"response": "helper: For Ann, with k3y"}
