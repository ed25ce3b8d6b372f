"""Schemas and files from elsewhere."""

import json
from pathlib import Path
from typing import Final

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from stigmer_engine import CallsConfig, EngineConfig, ResourceConfig
from stigmer_engine.testing.runs import OpenRuns, Runs, ServeHttp

SCHEMA: Final = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}


def allowing(folder: Path, max_bytes: int = 100_000) -> EngineConfig:
    return EngineConfig(calls=CallsConfig(resources=ResourceConfig(folders=(folder,), max_bytes=max_bytes)))


@pytest.mark.parametrize(
    "text", [json.dumps(SCHEMA), "type: object\nrequired: [n]\nproperties: {n: {type: integer}}\n"]
)
async def test_schemas_of_every_place_are_fetched_once(open_runs: OpenRuns, serve: ServeHttp, text: str) -> None:
    asked: list[str] = []
    entered: list[Runs] = []

    async def schema(request: Request) -> Response:
        asked.append(request.url.path)
        for runs in entered:
            runs.reenter()
        return Response(text)

    async with serve(Starlette(routes=[Route("/{name}", schema)])) as url, open_runs() as runs:
        entered.append(runs)

        def of(name: str) -> str:
            return f"{{schema: {{resource: {{endpoint: '{url}/{name}'}}}}}}"

        document = (
            f"input: {of('wi')}\noutput: {of('wo')}\ndo:\n- a:\n    input: {of('i')}\n    output: {of('o')}\n"
            f"    export: {{as: '.', {of('e')[1:]}\n    set: {{n: '${{ .n }}'}}\n"
            f"- b: {{set: '${{ . }}', input: {of('i')}}}\n"
        )
        assert await runs.output(document, {"n": 1}, drained=True) == {"n": 1}
        assert asked == ["/wi", "/i", "/o", "/e", "/wo"]
        kind, _, sentence = await runs.error(document, {"n": "x"})
        assert (kind, "input does not match" in sentence) == ("validation", True)


async def test_a_schema_that_changes_is_compiled_anew(open_runs: OpenRuns, serve: ServeHttp) -> None:
    texts = ["{}", '{"type": "string"}', "{broken"]

    async def schema(request: Request) -> Response:
        return Response(texts.pop(0))

    async with serve(Starlette(routes=[Route("/s", schema)])) as url, open_runs() as runs:
        document = f"do:\n- a: {{input: {{schema: {{resource: {{endpoint: '{url}/s'}}}}}}, set: {{n: 1}}}}\n"
        assert await runs.output(document) == {"n": 1}
        assert (await runs.error(document))[0] == "validation"
        kind, _, sentence = await runs.error(document)
        assert (kind, "neither JSON nor YAML" in sentence) == ("configuration", True)


async def test_files_are_read_below_allowed_folders_only(open_runs: OpenRuns, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "s.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "secret.json").write_text("{}")
    (inside / "link.json").symlink_to(tmp_path / "secret.json")

    def document(uri: str) -> str:
        return f"do:\n- a: {{input: {{schema: {{resource: {{endpoint: '{uri}'}}}}}}, set: {{done: true}}}}\n"

    async with open_runs(allowing(inside)) as runs:
        for uri in ("file://s.json", "s.json", f"file://{inside}/s.json", "./s.json", "file:///{where}"):
            assert await runs.output(document(uri), {"n": 1, "where": f"{inside}/s.json"[1:]}) == {"done": True}
        for uri in (
            "file://../secret.json", f"file://{tmp_path}/secret.json", "link.json", "file:///etc/passwd",
            "file://%2e%2e/secret.json", "absent.json", ".",
        ):  # fmt: skip
            kind, status, sentence = await runs.error(document(uri), {"n": 1})
            assert (kind, status) == ("authorization", 403), uri
            assert "not available" in sentence
    async with open_runs() as runs:
        kind, _, sentence = await runs.error(document("file://s.json"))
        assert (kind, "files are off" in sentence) == ("authorization", True)


async def test_a_resource_is_bounded(open_runs: OpenRuns, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps({"description": "x" * 2000}))
    async with open_runs(allowing(tmp_path, max_bytes=1000)) as runs:
        document = "do:\n- a: {input: {schema: {resource: {endpoint: s.json}}}, set: {n: 1}}\n"
        kind, _, sentence = await runs.error(document)
        assert (kind, "too large" in sentence) == ("communication", True)
        kind, _, sentence = await runs.error(document.replace("s.json", "ftp://a.test/s.json"))
        assert (kind, "cannot be had by ftp:" in sentence) == ("configuration", True)
