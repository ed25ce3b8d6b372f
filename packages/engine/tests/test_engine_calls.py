"""HTTP calls: limits, connections, cookies, redirects; and the specification's own examples of calls."""

import json
import os
from pathlib import Path
from typing import Final

import grpc
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine import CallsConfig, Engine, EngineConfig, HttpConfig, ResourceConfig
from stigmer_engine.testing.runs import OpenRuns, ServeHttp

EXAMPLES: Final = Path(os.environ.get("STIGMER_SPEC_DIR", Path(__file__).parents[4] / "shared" / "spec")) / "examples"
if not EXAMPLES.is_dir():
    print(f"{EXAMPLES} is not there: the specification's examples of calls are not collected")


def get(uri: str, rest: str = "") -> str:
    return f"do:\n- call:\n    call: http\n    with: {{method: get, endpoint: '{uri}', {rest}}}\n"


async def test_connections_are_used_again_and_cookies_are_not(open_runs: OpenRuns, serve: ServeHttp) -> None:
    seen: list[tuple[object, str | None]] = []

    async def note(request: Request) -> Response:
        seen.append((request.scope["client"], request.headers.get("cookie")))
        return Response(headers={"set-cookie": "session=of-another; Path=/"}, status_code=204)

    async with serve(Starlette(routes=[Route("/", note)])) as url, open_runs() as runs:
        for _ in range(3):
            await runs.output(get(url))
    assert len({client for client, _ in seen}) == 1
    assert [cookie for _, cookie in seen] == [None] * 3


async def test_what_is_too_large_is_refused(open_runs: OpenRuns, serve: ServeHttp) -> None:
    async def large(request: Request) -> Response:
        headers = {"x-large": "h" * int(request.query_params.get("header", "0"))}
        return Response("x" * int(request.query_params.get("body", "0")), headers=headers, media_type="text/plain")

    app = Starlette(routes=[Route("/", large, methods=["GET", "POST"])])
    limits = HttpConfig(max_response_bytes=1000, max_request_bytes=500, max_header_bytes=2000)
    async with serve(app) as url, open_runs(EngineConfig(http=limits)) as runs:
        assert await runs.output(get(f"{url}/?body=1000")) == "x" * 1000
        for text, expected in (
            (get(f"{url}/?body=1001"), ("communication", "response is too large")),
            (get(f"{url}/?header=200000"), ("communication", "The call failed")),
            (get(url, f"body: {'b' * 501}").replace("method: get", "method: post"), ("configuration", "body of the")),
            (get(url, f"headers: {{X-Large: {'h' * 2000}}}"), ("configuration", "headers of the request")),
        ):
            kind, _, sentence = await runs.error(text)
            assert (kind, expected[1] in sentence) == (expected[0], True), sentence


async def test_redirects_are_counted_and_followed_only_when_asked(open_runs: OpenRuns, serve: ServeHttp) -> None:
    async def next_hop(request: Request) -> Response:
        left = int(request.path_params["left"])
        return RedirectResponse(f"/{left - 1}") if left else JSONResponse({"arrived": True})

    async with serve(Starlette(routes=[Route("/{left}", next_hop)])) as url, open_runs() as runs:
        assert await runs.output(get(f"{url}/10", "redirect: true")) == {"arrived": True}
        kind, _, sentence = await runs.error(get(f"{url}/11", "redirect: true"))
        assert (kind, "Too many redirects" in sentence) == ("communication", True)
        kind, status, _ = await runs.error(get(f"{url}/1"))
        assert (kind, status) == ("communication", 307)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("ftp://a.test/", "is not an http(s) URI"),
        ("http://ann:pw@a.test/", "holds credentials"),
        ("http://[::1", "is not a URI"),
        ("http:///path", "is not an http(s) URI"),
    ],
)
async def test_a_uri_that_cannot_be_called(open_runs: OpenRuns, uri: str, expected: str) -> None:
    async with open_runs() as runs:
        kind, _, sentence = await runs.error(get(uri))
    assert (kind, expected in sentence) == ("configuration", True), sentence
    assert "ann:pw" not in sentence


async def test_expressions_in_data_are_never_evaluated(open_runs: OpenRuns, serve: ServeHttp) -> None:
    async def tempt(request: Request) -> Response:
        return JSONResponse({"said": "${ 1 + 1 }", "got": request.query_params.get("q"), "path": request.url.path})

    async with serve(Starlette(routes=[Route("/{rest:path}", tempt)])) as url, open_runs() as runs:
        text = get(f"{url}/{{part}}", "query: {q: '${ .q }'}") + "- next: {set: '${ . }'}\n"
        assert await runs.output(text, {"q": "${ 2 + 2 }", "part": "${3}"}) == {
            "said": "${ 1 + 1 }", "got": "${ 2 + 2 }", "path": "/${3}",
        }  # fmt: skip
        text = get("${ .uri }", "") + "- next: {set: '${ .path }'}\n"
        assert await runs.output(text, {"uri": f"{url}/%7Bpart%7D", "part": "x"}) == "/{part}"


async def petstore(request: Request) -> Response:
    path, authorization = request.url.path, request.headers.get("authorization")
    if path.endswith("swagger.json"):
        operation: JsonObject = {
            "operationId": "findPetsByStatus",
            "parameters": [{"name": "status", "in": "query", "required": True}],
        }
        head: JsonObject = {"swagger": "2.0", "host": "petstore.swagger.io", "basePath": "/v2", "schemes": ["https"]}
        return JSONResponse({**head, "paths": {"/pet/findByStatus": {"get": operation}}})
    if path.endswith("openid-configuration"):
        return JSONResponse({"issuer": "https://idp.test", "token_endpoint": "https://idp.test/oauth2/token"})
    if path.endswith("/token"):
        return JSONResponse({"access_token": "example-token-1", "expires_in": 60})
    if path.endswith("function.yaml"):
        return Response("input: {schema: {document: {required: [message]}}}\nset: {logged: '${ .message }'}\n")
    return JSONResponse({"path": path, "query": dict(request.query_params), "authorization": authorization})


POLICY: Final = json.dumps(
    {"authority": "https://idp.test", "grant": "client_credentials", "client": {"id": "a", "secret": "example-secret"}}
)
CASES: Final[dict[str, tuple[JsonValue, JsonObject]]] = {
    "authentication-bearer-uri-format": (
        {"petId": 1, "token": "t"},
        {"path": "/v2/pet/1", "authorization": "Bearer t"},
    ),
    "authentication-reusable": ({"petId": 2, "token": "t"}, {"path": "/v2/pet/2", "authorization": "Bearer t"}),
    "authentication-oauth2-secret": ({"petId": 3}, {"path": "/v2/pet/3"}),
    "authentication-oidc-secret": ({"petId": 4}, {"path": "/v2/pet/4"}),
    "call-openapi": ({}, {"path": "/v2/pet/findByStatus", "query": {"status": "available"}}),
    "call-custom-function-cataloged": ({}, {"logged": "Hello, world!"}),
    "call-http-endpoint-interpolation": ({"petId": 5}, {"path": "/v2/pet/5"}),
}


@pytest.mark.parametrize("name", sorted(name for name in CASES if (EXAMPLES / f"{name}.yaml").is_file()))
async def test_the_specifications_examples_of_calls_run(name: str) -> None:
    given, expected = CASES[name]
    app = Starlette(routes=[Route("/{rest:path}", petstore, methods=["GET", "POST"])])
    config = EngineConfig(http=HttpConfig(transport=httpx.ASGITransport(app)))
    async with Engine(config) as engine:
        document = await engine.load_async((EXAMPLES / f"{name}.yaml").read_text(), name)
        execution = engine.start(document, input=given, secrets={"mySecret": POLICY})
        result = await execution.wait()
        assert result.error is None, result.error
        assert isinstance(result.output, dict)
        assert expected.items() <= result.output.items()
        traces = json.dumps([event.to_json() for event in execution.log.events])
        assert "example-token-1" not in traces
        assert "example-secret" not in traces


@pytest.mark.parametrize("text", [path.read_text() for path in EXAMPLES.glob("call-grpc.yaml")])
async def test_the_specifications_grpc_example_runs(text: str, tmp_path: Path) -> None:
    proto = (
        'syntax = "proto3"; package GreeterApi; message Name { string name = 1; }\n'
        "service Greeter { rpc SayHello (Name) returns (Name); }"
    )
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "greet.proto").write_text(proto)

    async def answer(request: bytes, context: object) -> bytes:
        return request

    server = grpc.aio.server()
    handlers = {"SayHello": grpc.unary_unary_rpc_method_handler(answer)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("GreeterApi.Greeter", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    config = EngineConfig(calls=CallsConfig(resources=ResourceConfig(folders=(tmp_path,))))
    try:
        async with Engine(config) as engine:
            document = await engine.load_async(text.replace("5011", str(port)))
            result = await engine.start(document, input={"user": {"preferredDisplayName": "Ann"}}).wait()
    finally:
        await server.stop(None)
    assert (result.output, result.error) == ({"name": "Ann"}, None)
