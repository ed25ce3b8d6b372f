"""`call: openapi`: three versions of the format, every place of a parameter, and what is missing."""

import json
from pathlib import Path
from typing import Final

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from stigmer_dsl.json_types import JsonObject
from stigmer_engine import CallsConfig, EngineConfig, ResourceConfig
from stigmer_engine.testing.runs import OpenRuns, Runs, ServeHttp

SWAGGER: Final[JsonObject] = {
    "swagger": "2.0",
    "basePath": "/v2",
    "produces": ["application/xml", "application/json"],
    "securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
    "parameters": {"page": {"name": "page", "in": "query", "type": "integer"}},
    "paths": {
        "/pets/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "type": "string"}],
            "get": {
                "operationId": "getPet",
                "parameters": [
                    {"$ref": "#/parameters/page"},
                    {"name": "tags", "in": "query", "type": "array"},
                    {"name": "multi", "in": "query", "type": "array", "collectionFormat": "multi"},
                    {"name": "pipes", "in": "query", "type": "array", "collectionFormat": "pipes"},
                    {"name": "X-Trace", "in": "header", "type": "string"},
                ],
            },
            "put": {
                "operationId": "putPet",
                "consumes": ["application/xml", "application/json"],
                "parameters": [{"name": "pet", "in": "body", "required": True}],
            },
            "post": {
                "operationId": "formPet",
                "parameters": [
                    {"name": "name", "in": "formData", "required": True, "type": "string"},
                    {"name": "age", "in": "formData", "type": "integer"},
                ],
            },
        }
    },
}

OPENAPI: Final = """
openapi: VERSION
servers:
- url: '{base}/v3'
  variables: {base: {default: '/api'}}
paths:
  /pets/{id}/{tags}:
    get:
      operationId: getPet
      parameters:
      - {name: id, in: path, required: true}
      - {name: tags, in: path, required: true, style: label, explode: true}
      - {name: list, in: query}
      - {name: joined, in: query, explode: false}
      - {name: spaced, in: query, style: spaceDelimited, explode: false}
      - {name: deep, in: query, style: deepObject}
      - {name: plain, in: query}
      - {name: json, in: query, content: {application/json: {}}}
      - {name: X-List, in: header}
      - {name: session, in: cookie}
      - {$ref: '#/components/parameters/needed'}
      responses: {'200': {content: {text/plain: {}, application/json: {}}}}
  /pets:
    post:
      operationId: addPet
      servers: [{url: /other}]
      requestBody: {$ref: 'parts.yaml#/bodies/Pet'}
components:
  parameters: {needed: {name: needed, in: query, required: true}}
"""
ENCODING: Final = "gzip, deflate"
PARTS: Final = """
bodies:
  Pet:
    required: true
    content:
      application/json:
        schema: {$ref: '#/schemas/Pet'}
schemas:
  Pet: {type: object, required: [name], properties: {name: {type: string}, age: {type: integer}}}
"""


async def echo(request: Request) -> Response:
    query: JsonObject = {}
    for name, value in request.query_params.multi_items():
        query.setdefault(name, []).append(value)
    return JSONResponse(
        {
            "method": request.method,
            "path": request.url.path,
            "query": query,
            "raw": request.url.query,
            "headers": {name: value for name, value in request.headers.items() if name.startswith(("x-", "accept"))},
            "cookies": request.cookies,
            "type": request.headers.get("content-type"),
            "body": (await request.body()).decode(),
        }
    )


def app(version: str = "3.0.3", fetched: list[str] | None = None, runs: list[Runs] | None = None) -> Starlette:
    async def describe(request: Request) -> Response:
        if fetched is not None:
            fetched.append(request.url.path)
        for run in runs or []:
            run.reenter()
        texts = {"/swagger.json": json.dumps(SWAGGER), "/openapi.yaml": OPENAPI.replace("VERSION", version)}
        return Response(texts.get(request.url.path, PARTS))

    async def away(request: Request) -> Response:
        return RedirectResponse("/v2/pets/away")

    methods = ["GET", "PUT", "POST"]
    return Starlette(
        routes=[
            *(Route(path, describe) for path in ("/swagger.json", "/openapi.yaml", "/parts.yaml")),
            Route("/v2/pets/redirect", away),
            Route("/{rest:path}", echo, methods=methods),
        ]
    )


def call(document: str, operation: str, parameters: JsonObject, rest: str = "") -> str:
    return (
        "use: {secrets: [S]}\ndo:\n- call:\n    call: openapi\n"
        f"    with: {{document: {{endpoint: '{document}'}}, operationId: {operation}, "
        f"parameters: {json.dumps(parameters)}, {rest}}}\n"
    )


async def told(runs: Runs, document: str, operation: str, parameters: JsonObject, rest: str = "") -> JsonObject:
    output = await runs.output(call(document, operation, parameters, rest))
    assert isinstance(output, dict)
    return output


async def test_swagger_parameters_stand_in_their_places(open_runs: OpenRuns, serve: ServeHttp) -> None:
    async with serve(app()) as url, open_runs() as runs:
        given: JsonObject = {
            "id": "a/b c", "page": 2, "tags": ["x", "y"], "multi": ["m", "n"], "pipes": [1, 2], "X-Trace": "t",
            "X-Key": "k",
        }  # fmt: skip
        seen = await told(runs, f"{url}/swagger.json", "getPet", given)
        assert seen["path"] == "/v2/pets/a/b c"
        assert seen["query"] == {"page": ["2"], "tags": ["x,y"], "multi": ["m", "n"], "pipes": ["1|2"]}
        assert seen["headers"] == {
            "x-trace": "t", "x-key": "k", "accept": "application/json, application/xml", "accept-encoding": ENCODING,
        }  # fmt: skip
        seen = await told(runs, f"{url}/swagger.json", "putPet", {"id": 1, "pet": {"name": "Rex"}})
        assert (seen["method"], seen["type"], seen["body"]) == ("PUT", "application/json", '{"name":"Rex"}')
        seen = await told(runs, f"{url}/swagger.json", "formPet", {"id": 1, "name": "R x", "age": 3})
        assert (seen["type"], seen["body"]) == ("application/x-www-form-urlencoded", "name=R+x&age=3")


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
async def test_openapi_parameters_stand_in_their_places(open_runs: OpenRuns, serve: ServeHttp, version: str) -> None:
    given: JsonObject = {
        "id": 7, "tags": ["p", "q"], "list": ["1", "2"], "joined": ["3", "4"], "spaced": ["5", "6"],
        "deep": {"a": 1, "b": True}, "plain": {"k": "v"}, "json": {"j": [1]}, "X-List": ["h", "i"], "session": "s1",
        "needed": "&=",
    }  # fmt: skip
    async with serve(app(version)) as url, open_runs() as runs:
        seen = await told(runs, f"{url}/openapi.yaml", "getPet", given)
        assert seen["path"] == "/api/v3/pets/7/.p.q"
        assert seen["query"] == {
            "list": ["1", "2"], "joined": ["3,4"], "spaced": ["5 6"], "deep[a]": ["1"], "deep[b]": ["true"], "k": ["v"],
            "json": ['{"j":[1]}'], "needed": ["&="],
        }  # fmt: skip
        assert seen["cookies"] == {"session": "s1"}
        headers = seen["headers"]
        assert isinstance(headers, dict)
        assert (headers["x-list"], headers["accept"]) == ("h,i", "application/json, text/plain")
        for given in ({"body": {"name": "Rex"}}, {"name": "Rex"}):
            seen = await told(runs, f"{url}/openapi.yaml", "addPet", given)
            assert (seen["path"], seen["body"]) == ("/other/pets", '{"name":"Rex"}')


async def test_what_is_missing_is_named(open_runs: OpenRuns, serve: ServeHttp) -> None:
    cases: list[tuple[str, str, JsonObject, str]] = [
        ("swagger.json", "getPet", {}, "The required parameter id"),
        ("swagger.json", "putPet", {"id": 1}, "The required parameter pet"),
        ("swagger.json", "formPet", {"id": 1, "age": 2}, "The required parameter name"),
        ("openapi.yaml", "getPet", {"id": 1, "tags": "t"}, "The required parameter needed"),
        ("openapi.yaml", "addPet", {}, "The required parameter name"),
        ("openapi.yaml", "addPet", {"age": 1}, "The required parameter name"),
        ("swagger.json", "getPet", {"id": 1, "colour": 2}, "has no parameter colour"),
        ("swagger.json", "getPat", {}, "putPet"),
        ("parts.yaml", "getPet", {}, "is not an OpenAPI document"),
    ]
    async with serve(app()) as url, open_runs() as runs:
        for document, operation, given, expected in cases:
            kind, status, text = await runs.error(call(f"{url}/{document}", operation, given))
            assert (kind, status) == ("configuration", 400), text
            assert expected in text
    async with serve(app("4.0.0")) as url, open_runs() as runs:
        _, _, text = await runs.error(call(f"{url}/openapi.yaml", "getPet", {}))
        assert "OpenAPI 4.0.0 is not supported" in text


async def test_the_document_is_fetched_once_however_often_the_run_is_entered(
    open_runs: OpenRuns, serve: ServeHttp
) -> None:
    fetched: list[str] = []
    entered: list[Runs] = []
    loop = "do:\n- each:\n    for: {in: '${ [1, 2, 3] }'}\n    do:\n"
    async with serve(app(fetched=fetched, runs=entered)) as url, open_runs() as runs:
        entered.append(runs)
        body = call(f"{url}/swagger.json", "getPet", {"id": '${ "x" }'}).partition("do:\n")[2]
        inner = "".join(f"    {line}\n" for line in body.splitlines())
        output = await runs.output(loop + inner, drained=True)
    assert isinstance(output, dict)
    assert output["path"] == "/v2/pets/x"
    assert fetched == ["/swagger.json"]


async def test_then_it_is_like_http(open_runs: OpenRuns, serve: ServeHttp) -> None:
    async with serve(app()) as url, open_runs() as runs:
        document = f"{url}/swagger.json"
        kind, status, _ = await runs.error(call(document, "getPet", {"id": "redirect"}))
        assert (kind, status) == ("communication", 307)
        assert (await told(runs, document, "getPet", {"id": "redirect"}, "redirect: true"))["path"] == "/v2/pets/away"
        response = await told(runs, document, "getPet", {"id": "1"}, "output: response")
        assert response["statusCode"] == 200
        text = call(document, "getPet", {"id": "1"}, "authentication: {bearer: {use: S}}")
        await runs.output(text, secrets={"S": "tok-1234567890"})
        given = call(document, "getPet", {"id": "1", "page": "${ $secrets.S }"})
        seen = await runs.output(given, secrets={"S": "p/age 1"})
        assert isinstance(seen, dict)
        assert str(seen["query"]).startswith("{'page': ['[secret:")
    runs.assert_kept("tok-1234567890", "p/age 1")


async def test_a_file_below_an_allowed_folder(open_runs: OpenRuns, serve: ServeHttp, tmp_path: Path) -> None:
    async with serve(app()) as url:
        (tmp_path / "api.json").write_text(
            json.dumps({**SWAGGER, "host": url.partition("://")[2], "schemes": ["http"]})
        )
        async with open_runs(EngineConfig(calls=CallsConfig(resources=ResourceConfig(folders=(tmp_path,))))) as runs:
            assert (await told(runs, "file://api.json", "getPet", {"id": "1"}))["path"] == "/v2/pets/1"
            (tmp_path / "api.json").write_text(json.dumps(SWAGGER))
            kind, _, text = await runs.error(call("file://api.json", "getPet", {"id": "1"}))
            assert (kind, "names no http(s) server" in text) == ("configuration", True)
