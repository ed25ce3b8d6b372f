"""`call: http`: every property of `with`, as the request that leaves and the output that comes back."""

import base64
import json

import httpx
import pytest
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine.testing import DocumentRun, ScriptedTransport, run_document


def echo(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"seen": request.content.decode()})


def call(
    arguments: JsonObject,
    given: JsonValue = None,
    response: httpx.Response | None = None,
) -> tuple[DocumentRun, list[httpx.Request]]:
    transport = ScriptedTransport(handler=echo if response is None else lambda _request: response)
    arguments = {"method": "get", "endpoint": "http://peer.test/x", **arguments}
    document: JsonObject = {"do": [{"c": {"call": "http", "with": arguments}}]}
    return run_document(document, input=given, transport=transport), transport.requests


@pytest.mark.parametrize("method", ["get", "POST", "put", "PATCH", "delete", "head", "options"])
def test_method(method: str) -> None:
    run, (request,) = call({"method": method})
    assert run.result.error is None
    assert request.method == method.upper()


def test_method_from_an_expression() -> None:
    _run, (request,) = call({"method": "${ .m }"}, {"m": "put"})
    assert request.method == "PUT"


ENDPOINTS: list[tuple[JsonValue, JsonValue, str]] = [
    ("http://peer.test/a?b=c", None, "http://peer.test/a?b=c"),
    ("http://peer.test/{id}/x", {"id": 7}, "http://peer.test/7/x"),
    ("http://peer.test/{id}", {"id": "a/b c?d#e%"}, "http://peer.test/a%2Fb%20c%3Fd%23e%25"),
    ("http://peer.test/{id}", {"id": True}, "http://peer.test/true"),
    ("http://peer.test/x{id}y", {}, "http://peer.test/xy"),
    ("http://peer.test/x{id}y", {"id": None}, "http://peer.test/xy"),
    ("http://peer.test/x{id}y", [1], "http://peer.test/xy"),
    ("http://peer.test/{a}{b}", {"a": 1, "b": 2.5}, "http://peer.test/12.5"),
    ("${ .u }", {"u": "http://peer.test/{not}/a"}, "http://peer.test/%7Bnot%7D/a"),
    ('${ "http://peer.test/" + .id }', {"id": "q"}, "http://peer.test/q"),
    ("http://peer.test/${ .id }/{id}", {"id": "q"}, "http://peer.test/q/q"),
    ({"uri": "http://peer.test/{id}"}, {"id": "q"}, "http://peer.test/q"),
    ({"uri": "${ .u }"}, {"u": "http://peer.test/z"}, "http://peer.test/z"),
]


@pytest.mark.parametrize(("endpoint", "given", "url"), ENDPOINTS)
def test_endpoint(endpoint: JsonValue, given: JsonValue, url: str) -> None:
    _run, (request,) = call({"endpoint": endpoint}, given)
    assert str(request.url) == url


@pytest.mark.parametrize(
    ("endpoint", "given", "kind"),
    [
        ("http://peer.test/{id}", {"id": {"a": 1}}, "expression"),
        ("http://peer.test/{id}", {"id": [1]}, "expression"),
        ("${ .u }", {"u": None}, "expression"),
        ("${ .u }", {"u": {"a": 1}}, "expression"),
        ("${ .u }", {"u": "ftp://peer.test/"}, "configuration"),
        ("${ .u }", {"u": "file:///etc/passwd"}, "configuration"),
        ("${ .u }", {"u": "/relative"}, "configuration"),
        ("${ .u }", {"u": "http://"}, "configuration"),
        ("${ .u }", {"u": "http://peer.test:notaport/"}, "configuration"),
        ("${ .u }", {"u": "http://peer.test/\nx"}, "configuration"),
        ("${ .u }", {"u": "http://\ud800/"}, "configuration"),
        ("${ .u }", {"u": "http://" + "a" * 70_000}, "configuration"),
    ],
)
def test_an_endpoint_that_is_none(endpoint: str, given: JsonValue, kind: str) -> None:
    run, requests = call({"endpoint": endpoint}, given)
    assert str(run.error["type"]).endswith(f"/{kind}"), run.error
    assert requests == []


def test_headers_are_texts() -> None:
    headers = {"X-Text": "a ${ .x }", "X-Number": "${ 5 }", "X-True": "${ true }", "X-Null": "${ null }", "x-y": "z"}
    _run, (request,) = call({"headers": headers}, {"x": 1})
    assert {name: request.headers.get(name) for name in ("x-text", "x-number", "x-true", "x-null", "x-y")} == {
        "x-text": "a 1",
        "x-number": "5",
        "x-true": "true",
        "x-null": None,
        "x-y": "z",
    }


def test_headers_from_one_expression() -> None:
    _run, (request,) = call({"headers": "${ .h }"}, {"h": {"X-A": "b"}})
    assert request.headers["x-a"] == "b"


@pytest.mark.parametrize("part", ["headers", "query"])
def test_headers_and_query_must_be_objects(part: str) -> None:
    run, requests = call({part: "${ .h }"}, {"h": [1]})
    assert str(run.error["type"]).endswith("/expression")
    assert requests == []


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\x00b"])
def test_a_header_cannot_be_injected(value: str) -> None:
    run, requests = call({"headers": {"X-A": "${ .v }"}}, {"v": value})
    assert str(run.error["type"]).endswith("/configuration")
    assert requests == []


@pytest.mark.parametrize("value", [{"a": 1}, [1]])
def test_a_header_is_a_scalar(value: JsonValue) -> None:
    run, _requests = call({"headers": {"X-A": "${ .v }"}}, {"v": value})
    assert "headers.X-A" in str(run.error["title"])


def test_query() -> None:
    query = {"a": "b c", "list": '${ [.x, "y", true] }', "n": "${ 5 }", "gone": "${ null }", "amp": "&="}
    _run, (request,) = call({"endpoint": "http://peer.test/?old=1", "query": query}, {"x": 1})
    assert request.url.params.multi_items() == [
        ("old", "1"),
        ("a", "b c"),
        ("list", "1"),
        ("list", "y"),
        ("list", "true"),
        ("n", "5"),
        ("amp", "&="),
    ]


BODIES: list[tuple[str, JsonValue, str | None, str, str | None]] = [
    ("an object", {"a": "${ .x }"}, None, '{"a":1}', "application/json"),
    ("an array", [1, "${ .x }"], None, "[1,1]", "application/json"),
    ("a number", "${ .x }", None, "1", "application/json"),
    ("false", "${ false }", None, "false", "application/json"),
    ("text", "hé", None, "hé", "text/plain; charset=utf-8"),
    ("text that is called JSON", "hi", "application/json", '"hi"', "application/json"),
    ("text with its own type", "<a/>", "application/xml", "<a/>", "application/xml"),
    ("an object with its own JSON type", {"a": 1}, "application/x+json", '{"a":1}', "application/x+json"),
    ("a form", {"a": "b c", "d": [1, 2]}, "application/x-www-form-urlencoded", "a=b+c&d=1&d=2", None),
    ("nothing", "${ null }", None, "", None),
    ("unicode", {"a": "\u00e9\U0001f600"}, None, '{"a":"\u00e9\U0001f600"}', "application/json"),
]


@pytest.mark.parametrize(("body", "declared", "sent", "kind"), [row[1:] for row in BODIES], ids=[r[0] for r in BODIES])
def test_body(body: JsonValue, declared: str | None, sent: str, kind: str | None) -> None:
    arguments: JsonObject = {"method": "post", "body": body}
    if declared is not None:
        arguments["headers"] = {"content-type": declared}
    _run, (request,) = call(arguments, {"x": 1})
    assert request.content.decode() == sent
    if kind is not None or declared is None:
        assert request.headers.get("content-type") == kind


def test_a_lone_surrogate_in_the_body_is_no_crash() -> None:
    run, requests = call({"method": "post", "body": {"a": "${ .x }"}}, {"x": "\ud800"})
    assert run.result.error is None
    assert json.loads(requests[0].content) == {"a": "\ufffd"}


CONTENTS: list[tuple[str, bytes, str | None, JsonValue]] = [
    ("JSON", b'{"a": [1, 2.0, null]}', "application/json; charset=utf-8", {"a": [1, 2.0, None]}),
    ("a kind of JSON", b"[1]", "application/problem+json", [1]),
    ("text", "hé".encode(), "text/plain; charset=utf-8", "hé"),
    ("text in another encoding", "hé".encode("latin-1"), "text/html; charset=latin-1", "hé"),
    ("text that is not what it says", b"h\xff", "text/plain; charset=utf-8", "h\ufffd"),
    ("text in an encoding that does not exist", b"hi", "text/plain; charset=nonsense", "hi"),
    ("XML", b"<a/>", "application/xml", "<a/>"),
    ("binary", b"\x00\xff", "application/octet-stream", base64.b64encode(b"\x00\xff").decode()),
    ("no type", b"hi", None, base64.b64encode(b"hi").decode()),
    ("nothing", b"", "application/json", None),
]


@pytest.mark.parametrize(("body", "kind", "output"), [row[1:] for row in CONTENTS], ids=[row[0] for row in CONTENTS])
def test_content(body: bytes, kind: str | None, output: JsonValue) -> None:
    headers = {} if kind is None else {"content-type": kind}
    run, _requests = call({}, response=httpx.Response(200, content=body, headers=headers))
    assert run.output == output
    run, _requests = call({"output": "content"}, response=httpx.Response(200, content=body, headers=headers))
    assert run.output == output


def test_raw_output_is_base64_of_the_body() -> None:
    run, _requests = call({"output": "raw"}, response=httpx.Response(200, json={"a": 1}))
    assert base64.b64decode(run.output) == b'{"a":1}'


def test_response_output() -> None:
    response = httpx.Response(201, json={"a": 1}, headers={"X-Answer": "yes"})
    run, _requests = call(
        {"output": "response", "method": "post", "headers": {"X-Ask": "1"}, "query": {"q": "1"}}, response=response
    )
    assert isinstance(run.output, dict)
    assert run.output["statusCode"] == 201
    assert run.output["content"] == {"a": 1}
    assert run.output["headers"]["x-answer"] == "yes"
    assert run.output["request"] == {"method": "POST", "uri": "http://peer.test/x", "headers": {"X-Ask": "1"}}


@pytest.mark.parametrize("status", [300, 301, 304, 400, 401, 404, 418, 429, 500, 503, 599])
def test_a_status_that_is_no_success(status: int) -> None:
    run, _requests = call({}, response=httpx.Response(status, text="told you so"))
    assert run.error["status"] == status
    assert str(run.error["type"]).endswith("/communication")
    assert run.error["instance"] == "/do/0/c"
    assert "told you so" in str(run.error["detail"])
    assert "GET http://peer.test/x" in str(run.error["detail"])


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206, 299])
def test_a_status_that_is_a_success(status: int) -> None:
    run, _requests = call({}, response=httpx.Response(status))
    assert run.output is None


GARBAGE = ["{", "NaN", '{"a": Infinity}', "-Infinity", "\ufeff{}", "", "[" * 100_000, "9" * 5000]
GARBAGE += ['"\\ud800"', '"\\uD83D\\uDE00"', '{"a":1}x', '{"a": 1e999}', "-1E+1000"]


@pytest.mark.parametrize("text", GARBAGE, ids=lambda text: text[:12] or "nothing")
def test_garbage_that_calls_itself_json(text: str) -> None:
    """It is a communication fault, or a value that is JSON through and through; never a crash."""
    response = httpx.Response(200, content=text.encode(), headers={"content-type": "application/json"})
    run, _requests = call({}, response=response)
    if run.result.error is None:
        json.dumps(run.output, allow_nan=False, ensure_ascii=False).encode()
    else:
        assert str(run.error["type"]).endswith("/communication")
        assert run.error["status"] == 500


def test_deep_json_is_a_value_or_a_fault() -> None:
    for depth in (50, 400, 900, 5000):
        body = ("[" * depth + "]" * depth).encode()
        response = httpx.Response(200, content=body, headers={"content-type": "application/json"})
        transport = ScriptedTransport(handler=lambda _request, response=response: response)  # type: ignore[misc]
        document = """
do:
  - c: {call: http, with: {method: get, endpoint: http://peer.test/x}}
  - s: {set: {x: '${ . }', d: '${ [.. | arrays] | length }'}}
"""
        run = run_document(document, transport=transport)
        if run.result.error is None:
            assert run.output["d"] == depth
        else:
            assert str(run.error["type"]).endswith(("/communication", "/expression"))


def test_what_one_run_was_told_to_remember_is_not_sent_by_another() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=request.headers.get("cookie"), headers={"set-cookie": "session=1; Path=/"})

    document = """
do:
  - a: {call: http, with: {method: get, endpoint: http://peer.test/x}}
  - b: {call: http, with: {method: get, endpoint: http://peer.test/x}}
"""
    run = run_document(document, transport=ScriptedTransport(handler=handler))
    assert run.output is None
