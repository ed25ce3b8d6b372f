"""The specification's examples on the engine: each loads or is refused by a named reason; those left run here.

What needs events, other calls or processes runs in the engine's own tests. The folder comes from `STIGMER_SPEC_DIR`.
"""

import asyncio
import os
from pathlib import Path
from typing import Final

import httpx
import pytest
from stigmer_dsl import InvalidDocument
from stigmer_dsl.json_types import JsonValue
from stigmer_engine import Engine, EngineConfig
from stigmer_engine.processes import ProcessConfig
from stigmer_engine.testing import run_virtual
from stigmer_engine.testing.virtual_engine import virtual_config

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = Path(os.environ.get("STIGMER_SPEC_DIR", ROOT.parent / "shared" / "spec")) / "examples"
EXAMPLES: Final = sorted(FOLDER.glob("*.yaml"))
if not EXAMPLES:
    print(f"{FOLDER} is not there: the specification's examples are not collected")

REFUSED: Final = {
    "call-asyncapi": "`call: asyncapi`",
    "call-a2a": "`call: a2a`",
    "call-mcp": "`call: mcp`",
    "run-container": "`run: container`",
    "run-return": "`run: container`",
}


def refusal_of(path: Path) -> str | None:
    """What the engine is expected to name when it refuses the example."""
    return next((what for prefix, what in REFUSED.items() if path.name.startswith(prefix)), None)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_loads_or_is_refused_by_name(path: Path) -> None:
    asyncio.run(loads_or_is_refused(path.read_text(), path.name, refusal_of(path)))


async def loads_or_is_refused(text: str, name: str, expected: str | None) -> None:
    async with Engine(EngineConfig(processes=ProcessConfig(allow_shell=True, allow_script=True))) as engine:
        if expected is None:
            engine.load(text, name)
            return
        with pytest.raises(InvalidDocument) as refused:
            engine.load(text, name)
    problems = [problem for problem in refused.value.problems if problem.severity == "error"]
    assert {problem.code for problem in problems} == {"unsupported-construct"}
    assert all(expected in problem.message and problem.line for problem in problems)


def petstore(request: httpx.Request) -> httpx.Response:
    """The hosts that the examples call."""
    if request.url.path == "/v2/pet/404":
        return httpx.Response(404)
    if request.url.path == "/api/people/":
        return httpx.Response(200, json={"found": request.url.params["search"]})
    if request.method == "PUT":
        return httpx.Response(200, content=request.content, headers={"content-type": "application/json"})
    return httpx.Response(200, json={"id": int(request.url.path.rpartition("/")[2]), "name": "Rex"})


RUNS: Final[dict[str, tuple[JsonValue, JsonValue]]] = {
    "call-http-endpoint-interpolation": ({"petId": 1}, {"id": 1, "name": "Rex"}),
    "call-http-query-parameters": ({"searchQuery": "luke"}, {"found": "luke"}),
    "do-multiple": ({"petId": 1}, {"id": 1, "name": "Rex", "status": "sold"}),
    "switch-then-string": (
        {"orderType": "physical"},
        {"inventory": "clear", "items": 1, "address": "Elmer St"},
    ),
    "try-catch-retry-reusable": ({"petId": 2}, {"id": 2, "name": "Rex"}),
    # `error: $error` is text in strict mode: the example means an expression, and does not mark it as one.
    "try-catch-then": ({"petId": 404}, {"error": "$error"}),
    "wait-duration-inline": ({"a": 1}, {"a": 1}),
    "set": ([{"x": 1}], {"startEvent": {"x": 1}}),
}


@pytest.mark.parametrize("path", [path for path in EXAMPLES if path.stem in RUNS], ids=lambda path: path.stem)
def test_an_example_runs(path: Path) -> None:
    value, expected = RUNS[path.stem]
    text = path.read_text()

    async def run() -> JsonValue:
        async with Engine(virtual_config(transport=httpx.MockTransport(petstore))) as engine:
            result = await engine.start(engine.load(text), input=value).wait()
            assert result.error is None
            return result.output

    assert run_virtual(run()) == expected


@pytest.mark.parametrize("path", [path for path in EXAMPLES if path.stem == "raise-inline"], ids=lambda path: path.stem)
def test_the_raised_error_names_the_document(path: Path) -> None:
    text = path.read_text()

    async def run() -> JsonValue:
        async with Engine(virtual_config()) as engine:
            result = await engine.start(engine.load(text)).wait()
            assert result.error is not None
            return result.error.to_json()

    error = run_virtual(run())
    assert isinstance(error, dict)
    assert error["type"] == "https://serverlessworkflow.io/errors/not-implemented"
    assert "is a work in progress and cannot be run yet" in str(error["detail"])
    assert error["instance"] == "/do/0/notImplemented"
