"""Secrets reach the peer, and nothing else: no output, event, error or log shows them, in any spelling."""

import base64
import json
import logging
import urllib.parse
from collections.abc import Callable

import httpx
import pytest
from stigmer_dsl.json_types import JsonObject
from stigmer_engine.testing import DocumentRun, ScriptedTransport, run_document

SECRETS = {
    "KEY": "s3cr3t-v4lue",
    "ODD": 'p@ss "word"/?&=\u00e9+%',
    "LINE": "line-secret\n",
    "USER": "alice-in-secret",
}


def spellings(value: str) -> list[str]:
    """Ways in which a secret would still be readable."""
    stripped = value.strip()
    return [
        value,
        stripped,
        json.dumps(value)[1:-1],
        urllib.parse.quote(value),
        urllib.parse.quote(value, safe=""),
        urllib.parse.quote_plus(value),
        str(httpx.URL("http://x/", params={"q": value}).query.decode()[2:]),
        repr(stripped.encode())[2:-1],
        base64.b64encode(value.encode()).decode(),
        base64.b64encode(stripped.encode()).decode(),
    ]


def assert_no_secret(run: DocumentRun, extra: str = "") -> None:
    error = run.result.error.to_json() if run.result.error else None
    told = json.dumps([event.to_json() for event in run.events], ensure_ascii=False)
    told += json.dumps([run.result.output, error], ensure_ascii=False) + extra
    told += json.dumps([event.to_json() for event in run.events])
    assert base64.b64encode(f"{SECRETS['USER']}:{SECRETS['ODD']}".encode()).decode() not in told
    for name, value in SECRETS.items():
        for spelling in spellings(value):
            assert spelling not in told, f"{name} is told as {spelling}"


def run_call(
    arguments: JsonObject, handler: Callable[[httpx.Request], httpx.Response]
) -> tuple[DocumentRun, list[httpx.Request]]:
    transport = ScriptedTransport(handler=handler)
    document: JsonObject = {
        "use": {"secrets": sorted(SECRETS)},
        "do": [
            {"c": {"call": "http", "with": {"method": "post", "endpoint": "http://peer.test/", **arguments}}},
            {"keep": {"set": {"got": "${ . }", "own": "${ $secrets.KEY }", "all": "${ $secrets }"}}},
        ],
    }
    return run_document(document, transport=transport, secrets=SECRETS), transport.requests


def mirror(request: httpx.Request) -> httpx.Response:
    """A peer that tells everything it was sent."""
    headers = dict(request.headers.items())
    body = {"body": request.content.decode(), "url": str(request.url), "headers": headers}
    return httpx.Response(200, json=body, headers={"X-Seen": request.headers.get("x-key", "")})


def refuse(request: httpx.Request) -> httpx.Response:
    return httpx.Response(403, text="you sent " + request.content.decode() + str(request.url) + str(request.headers))


def refuse_at_length(request: httpx.Request) -> httpx.Response:
    return httpx.Response(403, text="x" * 490 + request.content.decode())


def drop(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError(f"cannot reach {request.url} with {request.content!r}")


def garble(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text="{" + str(request.url), headers={"content-type": "application/json"})


def binary(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=b"\x00" + request.content, headers={"content-type": "application/octet-stream"})


PLACES: list[JsonObject] = [
    {"headers": {"X-Key": "${ $secrets.KEY }"}},
    {"headers": {"X-Key": "token ${ $secrets.KEY }"}},
    {"headers": {"X-Key": "${ $secrets.LINE }"}},
    {"query": {"key": "${ $secrets.KEY }", "odd": "${ $secrets.ODD }"}},
    {"body": {"deep": ["${ $secrets.KEY }", {"odd": "${ $secrets.ODD }"}]}},
    {"body": {"both": '${ $secrets.KEY + " " + $secrets["ODD"] }'}},
    {"body": "${ $secrets.KEY }"},
    {"body": "${ $secrets.ODD }"},
    {"endpoint": '${ "http://peer.test/" + $secrets.KEY }'},
    {"endpoint": "http://peer.test/?k=${ $secrets.ODD }"},
    {"endpoint": {"uri": "http://peer.test/", "authentication": {"bearer": {"token": "${ $secrets.KEY }"}}}},
    {"endpoint": {"uri": "http://peer.test/", "authentication": {"bearer": {"use": "LINE"}}}},
    {
        "endpoint": {
            "uri": "http://peer.test/",
            "authentication": {"basic": {"username": "${ $secrets.USER }", "password": "${ $secrets.ODD }"}},
        }
    },
]


SHAPES = [(handler, output) for handler in (mirror, binary) for output in ("content", "raw", "response")]
SHAPES += [(handler, "content") for handler in (refuse, refuse_at_length, drop, garble)]


@pytest.mark.parametrize(("handler", "output"), SHAPES)
@pytest.mark.parametrize("place", PLACES, ids=range(len(PLACES)))
def test_no_secret_comes_back(
    place: JsonObject,
    handler: Callable[[httpx.Request], httpx.Response],
    output: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with caplog.at_level(logging.DEBUG):
        run, _requests = run_call({**place, "output": output}, handler)
    assert_no_secret(run, "".join(capfd.readouterr()) + caplog.text)
    if output == "raw" and run.result.error is None:
        decoded = base64.b64decode(run.output["got"]).decode(errors="replace")
        assert not [value for value in SECRETS.values() if value in decoded]


def test_secrets_reach_the_peer() -> None:
    arguments: JsonObject = {
        "endpoint": {"uri": "http://peer.test/${ $secrets.KEY }", "authentication": {"bearer": {"use": "KEY"}}},
        "headers": {"X-Key": "k ${ $secrets.KEY }"},
        "query": {"odd": "${ $secrets.ODD }"},
        "body": {"b": "${ $secrets.ODD }"},
    }
    _run, (request,) = run_call(arguments, mirror)
    assert request.headers["authorization"] == f"Bearer {SECRETS['KEY']}"
    assert request.headers["x-key"] == f"k {SECRETS['KEY']}"
    assert request.url.path == f"/{SECRETS['KEY']}"
    assert request.url.params["odd"] == SECRETS["ODD"]
    assert json.loads(request.content) == {"b": SECRETS["ODD"]}


def test_basic_authentication_with_secrets() -> None:
    policy = {"basic": {"username": "${ $secrets.USER }", "password": "${ $secrets.ODD }"}}
    _run, (request,) = run_call({"endpoint": {"uri": "http://peer.test/", "authentication": policy}}, mirror)
    scheme, _, sent = request.headers["authorization"].partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(sent).decode() == f"{SECRETS['USER']}:{SECRETS['ODD']}"


def test_authentication_by_name() -> None:
    transport = ScriptedTransport(handler=mirror)
    document: JsonObject = {
        "use": {"authentications": {"mine": {"basic": {"username": "u", "password": "p"}}}},
        "do": [
            {
                "c": {
                    "call": "http",
                    "with": {
                        "method": "get",
                        "endpoint": {"uri": "http://peer.test/", "authentication": {"use": "mine"}},
                    },
                }
            }
        ],
    }
    run_document(document, transport=transport)
    assert transport.requests[0].headers["authorization"] == "Basic " + base64.b64encode(b"u:p").decode()


def test_a_secret_that_was_not_given_makes_no_call() -> None:
    document: JsonObject = {
        "use": {"secrets": ["NONE"]},
        "do": [
            {
                "c": {
                    "call": "http",
                    "with": {
                        "method": "get",
                        "endpoint": {"uri": "http://peer.test/", "authentication": {"bearer": {"use": "NONE"}}},
                    },
                }
            }
        ],
    }
    transport = ScriptedTransport(handler=mirror)
    run = run_document(document, transport=transport)
    assert run.error["status"] == 403
    assert "NONE" in str(run.error["detail"])
    assert transport.requests == []


def test_a_guessed_placeholder_is_not_filled_in() -> None:
    document: JsonObject = {
        "use": {"secrets": ["KEY"]},
        "do": [
            {"c": {"call": "http", "with": {"method": "post", "endpoint": "http://peer.test/", "body": "${ . }"}}},
        ],
    }
    transport = ScriptedTransport(handler=mirror)
    run_document(document, input={"x": "[stigmer-secret:0000:KEY]"}, transport=transport, secrets=SECRETS)
    assert json.loads(transport.requests[0].content) == {"x": "[stigmer-secret:0000:KEY]"}


def test_a_placeholder_can_be_passed_on_and_used_later() -> None:
    document: JsonObject = {
        "use": {"secrets": ["KEY"]},
        "do": [
            {"s": {"set": {"k": "${ $secrets.KEY }"}}},
            {"c": {"call": "http", "with": {"method": "post", "endpoint": "http://peer.test/", "body": "${ . }"}}},
        ],
    }
    transport = ScriptedTransport(handler=mirror)
    run = run_document(document, transport=transport, secrets=SECRETS)
    assert json.loads(transport.requests[0].content) == {"k": SECRETS["KEY"]}
    assert_no_secret(run)


def test_a_raised_error_shows_no_secret() -> None:
    document: JsonObject = {
        "use": {"secrets": ["KEY"]},
        "do": [{"r": {"raise": {"error": {"type": "x:y", "status": 400, "detail": "${ $secrets.KEY }"}}}}],
    }
    assert_no_secret(run_document(document, secrets=SECRETS))


def redirecting(location: str) -> Callable[[httpx.Request], httpx.Response]:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/old":
            return httpx.Response(307, headers={"location": location})
        return mirror(request)

    return handler


@pytest.mark.parametrize("location", ["http://evil.test/new", "https://peer.test/new", "http://peer.test:8080/new"])
@pytest.mark.parametrize("scheme", ["bearer", "basic"])
def test_authentication_is_not_sent_to_another_origin(location: str, scheme: str) -> None:
    policies = {"bearer": {"token": "${ $secrets.KEY }"}, "basic": {"username": "u", "password": "${ $secrets.KEY }"}}
    endpoint = {"uri": "http://peer.test/old", "authentication": {scheme: policies[scheme]}}
    _run, requests = run_call({"endpoint": endpoint, "redirect": True}, redirecting(location))
    assert len(requests) == 2
    assert "authorization" in requests[0].headers
    assert "authorization" not in requests[1].headers


def test_authentication_is_sent_on_within_the_origin() -> None:
    endpoint = {"uri": "http://peer.test/old", "authentication": {"bearer": {"token": "${ $secrets.KEY }"}}}
    _run, requests = run_call({"endpoint": endpoint, "redirect": True}, redirecting("/new"))
    assert requests[1].headers["authorization"] == f"Bearer {SECRETS['KEY']}"
