"""Nobody who reads what a run tells can make it fill a secret in."""

import base64
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

import httpx
import pytest
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine import Engine, EngineConfig, Execution, HttpConfig, ProgressEvent, Result, Snapshot
from stigmer_engine.bus import InMemoryBus
from stigmer_engine.interpreter.port import CallRequest
from stigmer_engine.lifecycle_events import LifecycleConfig
from stigmer_engine.secret_mask import SecretMask
from stigmer_engine.secrets import placeholder
from stigmer_engine.testing import ScriptedTransport, run_document

NONCE = "0123456789abcdef"
SECRETS = {"KEY": "s3cr3t-v4lue", "odd name]": "other"}
HEAD = "document: {{dsl: '1.0.3', namespace: tests, name: {name}, version: '1.0.0'}}\n"
PARENT = """
use: {secrets: [KEY]}
do:
  - make: {set: {key: '${ $secrets.KEY }', known: '${ "Basic " + ("me:" + $secrets.KEY | @base64) }'}}
  - call:
      call: http
      with: {method: post, endpoint: 'http://peer.test/?k=${ $secrets.KEY | @uri }', body: '${ . }', output: response}
  - child:
      run: {workflow: {namespace: tests, name: child, version: '1.0.0', input: {key: '${ .request.uri }', own: '${ $secrets.KEY }'}}}
  - again: {call: http, with: {method: post, endpoint: 'http://peer.test/', body: '${ .got }'}}
  - parts: {set: '${ $secrets.KEY as $k | {parts: ($k | split(":")), key: $k, ($k): 1} }'}
"""  # noqa: E501 - one task a line
CHILD = "do: [{take: {set: {got: '${ .own }', seen: '${ .key }'}}}]\n"
FAILING = """
use: {secrets: [KEY]}
do:
  - fail: {raise: {error: {type: 'x:y', status: 400, title: 'with ${ $secrets.KEY }', detail: '${ $secrets.KEY | @base64 }'}}}
"""  # noqa: E501 - one task a line


@dataclass(frozen=True)
class Told:
    """Everything that left the engine but calls; and the nonce that must be in none of it."""

    text: str
    nonce: str
    result: Result


def everything(execution: Execution, result: Result) -> str:
    def plain(snapshot: Snapshot) -> str:
        return repr(snapshot)

    events: list[ProgressEvent] = list(execution.log.events)
    parts: list[JsonValue] = [event.to_json() for event in events]
    return "\n".join([json.dumps(parts), plain(execution.snapshot), repr(result), repr(execution.input), repr(events)])


async def tell(text: str, *, secrets: Mapping[str, str], caplog: pytest.LogCaptureFixture) -> Told:
    nonces: list[str] = []
    executions: list[Execution] = []
    bus = InMemoryBus()
    published: list[JsonObject] = []
    bus.subscribe(published.append)

    async def intercept(request: CallRequest, perform: object) -> JsonValue:
        nonces.extend(re.findall(r"stigmer-secret:(\w+):", json.dumps(request.arguments)))
        assert callable(perform)
        value: JsonValue = await perform()
        return value

    def mirror(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"body": request.content.decode(), "url": str(request.url)})

    config = EngineConfig(
        http=HttpConfig(transport=ScriptedTransport(handler=mirror)),
        interceptor=intercept,
        lifecycle=LifecycleConfig(publisher=bus, status_changes=True),
        on_start=executions.append,
    )
    with caplog.at_level(logging.DEBUG):
        async with Engine(config) as engine:
            engine.documents.register(await engine.load_async(HEAD.format(name="child") + CHILD))
            execution = engine.start(await engine.load_async(HEAD.format(name="parent") + text), secrets=secrets)
            nonce = execution._tree.nonce
            result = await execution.wait()
            parts = [everything(each, await each.wait()) for each in executions]
    assert set(nonces) <= {nonce}
    return Told("\n".join([*parts, json.dumps(published), caplog.text]), nonce, result)


def base64_forms(text: str) -> list[str]:
    """What can be seen of a text in the base64 of a longer one."""
    return [base64.b64encode(b"\0" * n + text.encode()).decode()[4:20] for n in range(3)]


async def test_the_nonce_is_in_nothing_that_is_told(caplog: pytest.LogCaptureFixture) -> None:
    told = await tell(PARENT, secrets=SECRETS, caplog=caplog)
    assert told.result.error is None
    for form in (told.nonce, *base64_forms(told.nonce)):
        assert form not in told.text
    assert "[secret:KEY]" in told.text
    assert isinstance(told.result.output, dict)
    assert told.result.output["key"] == "[secret:KEY]"
    assert told.result.output["[secret:KEY]"] == 1


async def test_the_nonce_is_in_no_error(caplog: pytest.LogCaptureFixture) -> None:
    told = await tell(FAILING, secrets=SECRETS, caplog=caplog)
    for form in (told.nonce, *base64_forms(told.nonce)):
        assert form not in told.text
    assert told.result.error is not None
    assert told.result.error.title == "with [secret:KEY]"


async def test_the_placeholder_of_an_authorization_is_masked_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    text = """
do:
  - call:
      call: http
      with: {method: get, endpoint: {uri: 'http://peer.test/', authentication: {bearer: {token: plain}}}}
      output: {as: {shown: '${ $authorization.parameter }'}}
  - child: {run: {workflow: {namespace: tests, name: child, version: '1.0.0', input: {own: '${ .shown }'}}}}
"""
    told = await tell(text, secrets={}, caplog=caplog)
    assert told.nonce not in told.text
    assert told.result.output == {"got": "[secret:$authorization]", "seen": None}


def test_what_is_told_is_not_filled_in() -> None:
    transport = ScriptedTransport(handler=lambda _request: httpx.Response(200, json={}))
    document: JsonObject = {
        "use": {"secrets": ["KEY"]},
        "do": [{"c": {"call": "http", "with": {"method": "post", "endpoint": "http://peer.test/", "body": "${ . }"}}}],
    }
    run_document(document, input={"x": "[secret:KEY]"}, transport=transport, secrets=SECRETS)
    assert json.loads(transport.requests[0].content) == {"x": "[secret:KEY]"}


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "me:"])
def test_base64_of_a_placeholder_is_masked_wherever_it_stands(before: str) -> None:
    mask = SecretMask(NONCE)
    for text in (f"{before}{placeholder(NONCE, 'K')}", f"{before}{NONCE}", f"{before}{NONCE}{before}"):
        encoded = base64.b64encode(text.encode()).decode()
        masked = base64.b64decode(mask.text(f"<{encoded}>")[1:-1], validate=True).decode(errors="replace")
        assert len(masked) == len(text)
        # At either end, a few bits of a digit may be left in a character that it shares with its neighbour.
        assert NONCE[1:-1] not in masked
        assert "\0" * (len(NONCE) - 2) in masked


def test_each_form_has_its_mask() -> None:
    mask = SecretMask(NONCE)
    own = placeholder(NONCE, "KEY")
    assert mask.text(f"a {own} b {own}") == "a [secret:KEY] b [secret:KEY]"
    assert mask.text(quote(own, safe="")) == quote("[secret:KEY]", safe="")
    assert mask.text(f"of {NONCE}") == "of [secret]"
    assert NONCE not in mask.text(placeholder(NONCE, "odd name]"))
    assert mask.value({own: [own, 1, None]}) == {"[secret:KEY]": ["[secret:KEY]", 1, None]}


def test_what_has_no_placeholder_is_not_copied() -> None:
    mask = SecretMask(NONCE)
    value: JsonValue = {"a": ["[secret:KEY]", {"b": placeholder("fedcba9876543210", "KEY")}]}
    assert mask.value(value) is value
