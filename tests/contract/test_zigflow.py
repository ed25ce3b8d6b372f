"""The table of the Zigflow profile: every row is performed, and the page is held equal to the rows."""

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from stigmer_dsl import InvalidDocument, Limits, find_problems, load
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.syntax.yaml_reader import read_yaml
from stigmer_engine import Engine, Execution
from stigmer_engine.runtimes.asyncio import Result
from stigmer_engine.support import find_unsupported
from stigmer_engine.testing import ScriptedTransport, run_virtual, virtual_config
from stigmer_engine.testing.virtual_engine import sample_event

ROOT = Path(__file__).parents[2]
ROWS: list[JsonObject] = read_yaml(
    (Path(__file__).parent / "zigflow.rows.yaml").read_text(encoding="utf-8"), Limits()
).value
HEAD: JsonObject = {"dsl": "1.0.0", "taskQueue": "zig", "workflowType": "sample", "version": "0.0.1"}


def text_of(row: Mapping[str, JsonValue]) -> str:
    return json.dumps({"document": {**HEAD, **row.get("document", {})}, **row.get("top", {}), "do": row["do"]})


def answers() -> ScriptedTransport:
    seen: dict[str, int] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        seen[path] = seen.get(path, 0) + 1
        if path == "/missing":
            return httpx.Response(404)
        if path == "/flaky":
            return httpx.Response(503) if seen[path] < 5 else httpx.Response(200, json={"tries": seen[path]})
        kind = request.headers.get("content-type", "")
        return httpx.Response(200, json={"echo": f"{request.method} {path} {kind} {request.content.decode()}"})

    return ScriptedTransport(handler=answer)


def run(row: Mapping[str, JsonValue], *, reenter: bool = False) -> Result:
    async def scenario() -> Result:
        async with Engine(virtual_config(transport=answers())) as engine:
            document = await engine.load_async(text_of(row))
            execution = engine.start(document, input=row.get("input"), env=row.get("env", {}))
            for event in row.get("events", []):
                await asyncio.sleep(1)
                engine.bus.receive(sample_event(event["type"], event["data"]))
            again = asyncio.ensure_future(reenter_often(execution)) if reenter else None
            result = await execution.wait()
            if again is not None:
                again.cancel()
            return result

    return run_virtual(scenario())


async def reenter_often(execution: Execution) -> None:
    for _ in range(30):
        if execution.done:
            return
        execution.reenter()
        await asyncio.sleep(0)


def test_the_page_has_the_same_table() -> None:
    lines = [f"| {row['construct']} | {'refused' if 'refused' in row else 'runs'} | {row['means']} |" for row in ROWS]
    table = "\n".join(["| Construct | Here | Meaning |", "|---|---|---|", *lines])
    assert table in (ROOT / "docs" / "zigflow.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("row", [row for row in ROWS if "refused" in row], ids=lambda row: row["construct"])
def test_refused(row: JsonObject) -> None:
    with pytest.raises(InvalidDocument) as refusal:
        load(text_of(row))
    assert [(problem.code, problem.pointer) for problem in refusal.value.problems] == [
        ("unsupported-zigflow", row["refused"])
    ]
    assert all(problem.line and problem.hint for problem in refusal.value.problems)


@pytest.mark.parametrize("row", [row for row in ROWS if "refused" not in row], ids=lambda row: row["construct"])
@pytest.mark.parametrize("reenter", [False, True], ids=["straight", "re-entered"])
def test_runs(row: JsonObject, reenter: bool) -> None:
    result = run(row, reenter=reenter)
    if "error" in row:
        assert result.error is not None
        assert row["error"] == "*" or result.error.type.endswith(row["error"])
    else:
        assert result.error is None, result.error
        assert result.output == row["output"]


def test_a_loaded_document_knows_its_profile_and_its_places() -> None:
    task = "{call: http, with: {method: get, endpoint: 'https://e'}}"
    text = f"document: {json.dumps(HEAD)}\ndo:\n- a: {{set: {{x: 1}}}}\n- c: {task}\n"
    loaded = load(text)
    assert loaded.profile == "zigflow"
    assert (loaded.workflow.document.namespace, loaded.workflow.document.name) == ("zig", "sample")
    assert loaded.locate("/do/1/c") == (4, 3)
    assert loaded.origin("/document/namespace") == "/document/taskQueue"
    assert find_unsupported(loaded) == ()


@pytest.mark.parametrize(
    ("task", "code", "pointer"),
    [
        ("{set: {x: '${ .a ^ }'}}", "invalid-expression", "/do/0/a/set/x"),
        ("{set: {x: '${ $inptu }'}}", "unknown-variable", "/do/0/a/set/x"),
        ("{set: {x: '${ $secrets.a }'}}", "unknown-variable", "/do/0/a/set/x"),
        ("{set: {x: '${ env.HOME }'}}", "forbidden-function", "/do/0/a/set/x"),
        ("{set: {x: '${ }'}}", "empty-expression", "/do/0/a/set/x"),
        ("{set: {x: 1}, output: {as: '${ ( }'}}", "invalid-expression", "/do/0/a/output/as"),
        ("{wait: {seconds: -1}}", "out-of-range", "/do/0/a/wait/seconds"),
        ("{sett: {x: 1}}", "unknown-task", "/do/0/a"),
    ],
)
def test_mistakes_have_the_places_of_the_source(task: str, code: str, pointer: str) -> None:
    with pytest.raises(InvalidDocument) as refusal:
        load(f"document: {json.dumps(HEAD)}\ndo:\n- a: {task}\n")
    assert [(problem.code, problem.pointer, problem.line) for problem in refusal.value.problems] == [(code, pointer, 3)]


def test_what_does_not_compile_is_found_at_its_task() -> None:
    async def scenario() -> None:
        async with Engine(virtual_config()) as engine:
            with pytest.raises(InvalidDocument) as refusal:
                engine.load(f"document: {json.dumps(HEAD)}\ndo:\n- a: {{set: {{x: '${{ nofunction }}'}}}}\n")
            (problem,) = refusal.value.problems
            assert (problem.code, problem.pointer, problem.line) == ("invalid-expression", "/do/0/a/set/x", 3)

    run_virtual(scenario())


def test_uuids_are_different_and_of_the_usual_form() -> None:
    loop = {"for": {"in": "${ 200 }"}, "do": [{"u": {"set": {"a": "${ uuid }"}, "output": {"as": "${ .a }"}}}]}
    output = run({"do": [{"l": loop}]}).output
    assert isinstance(output, list)
    assert len(set(map(str, output))) == 200
    for value in output:
        assert len(value) == 36
        assert (value[14], value[19]) == ("4", "8")


if "STIGMER_ZIGFLOW_DIR" in os.environ:
    FILES = sorted(Path(os.environ["STIGMER_ZIGFLOW_DIR"]).rglob("workflow.yaml"))

    @pytest.mark.parametrize("path", FILES, ids=str)
    def test_documents_of_others_run_or_are_refused_by_name(path: Path) -> None:
        found = {problem.code for problem in find_problems(path.read_bytes()) if problem.severity == "error"}
        assert found <= {"unsupported-zigflow"}
