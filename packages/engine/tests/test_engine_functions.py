"""Functions from `use`, from catalogs and from URLs."""

import json
from typing import Final

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from stigmer_dsl import InvalidDocument
from stigmer_engine import CallsConfig, EngineConfig, ResourceConfig
from stigmer_engine.calls.resource import raw_address
from stigmer_engine.testing.runs import OpenRuns, Runs, ServeHttp

DOUBLE: Final = """
input:
  schema: {document: {type: object, required: [n], properties: {n: {type: integer}}}}
do:
- first: {set: {n: '${ .n * 2 }'}}
- second: {set: {n: '${ .n }', secret: '${ $secrets }', from: '${ $task.reference }'}}
"""


class Catalog:
    """Serves function files, and notes which were asked for."""

    def __init__(self, **texts: str) -> None:
        self.texts = texts
        self.asked: list[str] = []
        self.entered: list[Runs] = []

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{rest:path}", self.serve)])

    async def serve(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        for runs in self.entered:
            runs.reenter()
        name = request.url.path.removesuffix("/function.yaml").rpartition("/functions/")[2].partition("/")[0]
        found = self.texts.get(name.strip("/"))
        return Response(status_code=404) if found is None else Response(found)


async def test_a_function_is_fetched_once_and_sees_no_secrets(open_runs: OpenRuns, serve: ServeHttp) -> None:
    catalog = Catalog(double=DOUBLE)
    async with serve(catalog.app()) as url, open_runs() as runs:
        catalog.entered.append(runs)
        for name in (f"{url}/functions/double/1.0.0/function.yaml", "double:1.0.0@here"):
            text = (
                f"use: {{secrets: [S], catalogs: {{here: {{endpoint: '{url}'}}}}}}\n"
                f"do:\n- twice: {{call: '{name}', with: {{n: '${{ .x }}'}}}}\n"
            )
            output = await runs.output(text, {"x": 21}, secrets={"S": "not-for-functions"}, drained=True)
            assert isinstance(output, dict)
            assert (output["n"], output["secret"]) == (42, {})
            assert str(output["from"]).startswith("/do/0/twice/function/")
        assert catalog.asked == ["/functions/double/1.0.0/function.yaml"] * 2
        kind, _, sentence = await runs.error(text, {"x": "two"}, secrets={"S": ""})
        assert (kind, "input does not match" in sentence) == ("validation", True)
    runs.assert_kept("not-for-functions")


async def test_what_stands_at_an_address_may_change(open_runs: OpenRuns, serve: ServeHttp) -> None:
    catalog = Catalog(f="set: {v: '${ .n + 1 }'}")
    async with serve(catalog.app()) as url, open_runs() as runs:
        text = f"do:\n- a: {{call: '{url}/functions/f/1/function.yaml', with: {{n: 1}}}}\n"
        assert await runs.output(text) == {"v": 2}
        catalog.texts["f"] = "set: {v: '${ .n + 10 }'}"
        assert await runs.output(text) == {"v": 11}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("set: {a: '${ .'}", "has no closing brace"),
        ("call: http\nwith: {method: get}", "endpoint"),
        ("call: somebody", "No function is named `somebody`"),
        ("call: http\nwith: {method: get, endpoint: {uri: 'http://a', authentication: {use: p}}}", "named `p`"),
        ("set: {a: '${ $secrets.S }'}", "does not list `S`"),
        ("call: mcp\nwith: {method: tools/list, transport: {http: {endpoint: 'http://a'}}}", "not supported"),
        ("[1, 2]", "is not a task"),
        ("{", "neither JSON nor YAML"),
    ],
)
async def test_a_function_is_checked_when_it_is_fetched(
    open_runs: OpenRuns, serve: ServeHttp, text: str, expected: str
) -> None:
    async with serve(Catalog(f=text).app()) as url, open_runs() as runs:
        document = (
            "use: {secrets: [S], authentications: {p: {bearer: {use: S}}}, functions: {somebody: {set: {a: 1}}}}\n"
            f"do:\n- a: {{call: '{url}/functions/f/1/function.yaml'}}\n"
        )
        kind, _, sentence = await runs.error(document, secrets={"S": "s3cret-value"})
    assert kind == "configuration"
    assert expected in sentence


async def test_functions_do_not_call_themselves(open_runs: OpenRuns, serve: ServeHttp) -> None:
    text = (
        "use:\n  functions:\n    a: {do: [{x: {call: b}}]}\n    b: {for: {in: '${ [1] }'}, do: [{y: {call: a}}]}\n"
        "    c: {call: b}\ndo:\n- s: {set: {a: 1}}\n"
    )
    catalog = Catalog()
    async with serve(catalog.app()) as url, open_runs() as runs:
        with pytest.raises(InvalidDocument) as caught:
            await runs.result(text)
        assert [problem.pointer for problem in caught.value.problems] == ["/use/functions/a", "/use/functions/b"]
        own = f"{url}/functions/r/1/function.yaml"
        catalog.texts["r"] = f"call: '{own}'"
        kind, _, sentence = await runs.error(f"do:\n- a: {{call: '{own}'}}\n")
        assert (kind, "calls itself" in sentence) == ("configuration", True)


async def test_the_runners_own_catalog(open_runs: OpenRuns, serve: ServeHttp) -> None:
    text = "do:\n- a: {call: 'double:2.0.0@default', with: {n: 4}, output: {as: .n}}\n"
    catalog = Catalog(double=DOUBLE)
    async with serve(catalog.app()) as url:
        config = EngineConfig(calls=CallsConfig(resources=ResourceConfig(default_catalog=f"{url}/mine/")))
        async with open_runs(config) as runs:
            assert await runs.output(text) == 8
            assert catalog.asked == ["/mine/functions/double/2.0.0/function.yaml"]
            kind, status, _ = await runs.error(text.replace("double", "absent"))
            assert (kind, status) == ("communication", 404)
    async with open_runs() as runs:
        kind, _, sentence = await runs.error(text)
        assert (kind, "no catalog of its own" in sentence) == ("configuration", True)


async def test_a_catalog_with_credentials(open_runs: OpenRuns, serve: ServeHttp) -> None:
    seen: list[str | None] = []

    async def guarded(request: Request) -> Response:
        seen.append(request.headers.get("authorization"))
        return Response(json.dumps({"set": {"a": 1}}))

    async with serve(Starlette(routes=[Route("/{rest:path}", guarded)])) as url, open_runs() as runs:
        text = (
            "use:\n  secrets: [S]\n  catalogs:\n"
            f"    here: {{endpoint: {{uri: '{url}', authentication: {{bearer: {{use: S}}}}}}}}\n"
            "do:\n- a: {call: 'f:1@here'}\n"
        )
        assert await runs.output(text, secrets={"S": "tok-1234567890"}) == {"a": 1}
    assert seen == ["Bearer tok-1234567890"]
    runs.assert_kept("tok-1234567890")


@pytest.mark.parametrize(
    ("page", "raw"),
    [
        ("https://github.com/o/r/blob/main/a/b.yaml", "https://raw.githubusercontent.com/o/r/main/a/b.yaml"),
        ("https://github.com/o/r/tree/v1/functions/f", "https://raw.githubusercontent.com/o/r/v1/functions/f"),
        ("https://github.com/o/r/functions/f/1/function.yaml",
         "https://raw.githubusercontent.com/o/r/HEAD/functions/f/1/function.yaml"),
        ("https://gitlab.com/g/s/r/-/blob/main/a.yaml", "https://gitlab.com/g/s/r/-/raw/main/a.yaml"),
        ("https://git.example.com/g/r/-/tree/main/a", "https://git.example.com/g/r/-/raw/main/a"),
        ("https://gitlab.com/o/r/functions/f", "https://gitlab.com/o/r/-/raw/HEAD/functions/f"),
        ("https://example.com/o/r/blob/main/a", "https://example.com/o/r/blob/main/a"),
    ],
)  # fmt: skip
def test_pages_of_code_hosts_become_files(page: str, raw: str) -> None:
    assert raw_address(page) == raw
