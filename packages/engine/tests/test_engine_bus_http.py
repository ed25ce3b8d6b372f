"""CloudEvents over HTTP, with a real server and the SDK of the CloudEvents working group on the other side."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine import Engine, EngineConfig, Fault
from stigmer_engine.bus import (
    EventSourceConfig,
    HttpBus,
    HttpSink,
    HttpSinkConfig,
    InMemoryBus,
    RetryLimit,
    event_source,
)
from stigmer_engine.testing.runs import ServeHttp
from stigmer_engine.testing.virtual_engine import sample_event

HEAD = "document: {dsl: '1.0.3', namespace: tests, name: http-bus, version: '1.0.0'}\n"


class Receiver:
    """A peer that reads what it gets with the SDK, and answers with a status from its list; 202 when that is empty."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.requests: list[HTTPMessage] = []
        self.asked = asyncio.Event()
        self.application = Starlette(routes=[Route("/", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        self.requests.append(HTTPMessage(headers=dict(request.headers), body=await request.body()))
        self.asked.set()
        return Response(status_code=self.statuses.pop(0) if self.statuses else 202)

    @property
    def events(self) -> list[dict[str, object]]:
        parsed = [from_http_event(message) for message in self.requests]
        return [{**event.get_attributes(), "data": event.get_data()} for event in parsed]


async def send(serve: ServeHttp, receiver: Receiver, event: JsonObject, **settings: Any) -> None:
    async with serve(receiver.application) as url, HttpSink(HttpSinkConfig(url=url, **settings)) as sink:
        await sink.publish(event)


@pytest.mark.parametrize("mode", ["structured", "binary"])
@pytest.mark.parametrize(
    "data",
    [{"a": [1, None, "ü"]}, None],
    ids=["object", "null"],
)
async def test_the_sdk_reads_what_the_sink_sends(serve: ServeHttp, mode: str, data: JsonValue) -> None:
    receiver = Receiver()
    event = sample_event(
        "a.b", data, subject="grüße, 100%", tenant="x", time="2020-01-01T00:00:00Z", count=3, live=True
    )
    await send(serve, receiver, event, mode=mode, headers={"authorization": "Bearer t"})
    (seen,) = receiver.events
    assert {name: seen[name] for name in ("id", "source", "type", "subject", "tenant")} == {
        name: event[name] for name in ("id", "source", "type", "subject", "tenant")
    }
    assert seen["data"] == data
    assert str(seen["time"]) == "2020-01-01 00:00:00+00:00"
    assert receiver.requests[0].headers["authorization"] == "Bearer t"


async def test_binary_mode_carries_bytes_and_arrays_as_they_are(serve: ServeHttp) -> None:
    receiver = Receiver()
    picture: JsonObject = {
        "specversion": "1.0", "id": "1", "source": "/t", "type": "a", "datacontenttype": "image/png",
        "data_base64": "AQL/",
    }  # fmt: skip
    async with serve(receiver.application) as url, HttpSink(HttpSinkConfig(url=url, mode="binary")) as sink:
        await sink.publish(picture)
        await sink.publish(sample_event("a", [1, "two"]))
    assert [message.body for message in receiver.requests] == [b"\x01\x02\xff", b'[1,"two"]']
    assert [message.headers["content-type"] for message in receiver.requests] == ["image/png", "application/json"]
    assert "ce-time" not in receiver.requests[0].headers


async def test_a_passing_failure_is_repeated_with_the_same_event(serve: ServeHttp) -> None:
    receiver = Receiver(503, 429)
    await send(serve, receiver, sample_event("a"), retry=RetryLimit(retries=2, first_delay_seconds=0.001))
    assert [event["id"] for event in receiver.events] == ["1", "1", "1"]


@pytest.mark.parametrize(
    ("statuses", "retries", "tries", "status"),
    [((503, 503, 503), 2, 3, 503), ((503,), 0, 1, 503), ((400, 202), 5, 1, 400), ((301, 202), 5, 1, 301)],
    ids=["no retry left", "no retries", "no use", "no redirects"],
)
async def test_what_is_not_delivered_is_a_communication_fault(
    serve: ServeHttp, statuses: tuple[int, ...], retries: int, tries: int, status: int
) -> None:
    receiver = Receiver(*statuses)
    with pytest.raises(Fault) as failed:
        await send(serve, receiver, sample_event("a"), retry=RetryLimit(retries=retries, first_delay_seconds=0.001))
    assert (failed.value.error.code, failed.value.error.status) == ("COMMUNICATION_ERROR", status)
    assert len(receiver.requests) == tries


async def test_what_was_not_sent_out_is_not_seen_here_either(serve: ServeHttp) -> None:
    receiver, seen = Receiver(500), list[JsonObject]()
    async with serve(receiver.application) as url, HttpSink(HttpSinkConfig(url=url)) as sink:
        bus = HttpBus(sink)
        bus.subscribe(seen.append)
        with pytest.raises(Fault):
            await bus.publish(sample_event("a"))
        assert seen == []
        await bus.publish(sample_event("b"))
    assert [event["type"] for event in seen] == ["b"]


async def test_nobody_at_the_address_is_a_communication_fault(serve: ServeHttp) -> None:
    async with serve(Receiver().application) as url:
        pass
    async with HttpSink(HttpSinkConfig(url=url, retry=RetryLimit(retries=1, first_delay_seconds=0.001))) as sink:
        with pytest.raises(Fault, match="not delivered"):
            await sink.publish(sample_event("a"))


@asynccontextmanager
async def source(
    serve: ServeHttp,
    config: EventSourceConfig | None = None,
) -> AsyncIterator[tuple[httpx.AsyncClient, list[JsonObject]]]:
    """A client of a mounted event source, and what arrives on its bus."""
    bus = InMemoryBus()
    arrived: list[JsonObject] = []
    bus.subscribe(arrived.append)
    application = Starlette(routes=[Route("/api/v1/events", event_source(bus, config))])
    async with serve(application) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield client, arrived


def sdk_event() -> CloudEvent:
    attributes = {"id": "7", "source": "/sdk", "type": "a.b", "subject": "grüße", "tenant": "x", "specversion": "1.0"}
    return CloudEvent(attributes, {"a": [1, "ü"]})


@pytest.mark.parametrize("encode", [to_structured_event, to_binary_event])
async def test_the_source_reads_what_the_sdk_sends(
    serve: ServeHttp, encode: Callable[[CloudEvent], HTTPMessage]
) -> None:
    async with source(serve) as (client, arrived):
        message = encode(sdk_event())
        headers = {"content-type": "application/json", **message.headers}
        answer = await client.post("/api/v1/events", headers=headers, content=message.body)
    assert (answer.status_code, answer.content) == (202, b"")
    (event,) = arrived
    assert isinstance(event.pop("time"), str)
    event.pop("datacontenttype", None)
    assert event == {
        "specversion": "1.0", "id": "7", "source": "/sdk", "type": "a.b", "subject": "grüße", "tenant": "x",
        "data": {"a": [1, "ü"]},
    }  # fmt: skip


BINARY = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/t", "ce-type": "a"}


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("text/plain; charset=utf-8", "hällo".encode(), {"data": "hällo"}),
        ("application/octet-stream", b"\x00\xff", {"data_base64": "AP8="}),
        ("application/vnd.a+json", b"[1]", {"data": [1]}),
        ("text/plain", b"\xff", {"data_base64": "/w=="}),
    ],
)
async def test_binary_mode_reads_data_by_its_content_type(
    serve: ServeHttp, content_type: str, body: bytes, expected: JsonObject
) -> None:
    async with source(serve) as (client, arrived):
        await client.post("/api/v1/events", headers={**BINARY, "content-type": content_type}, content=body)
    assert arrived == [
        {"specversion": "1.0", "id": "1", "source": "/t", "type": "a", "datacontenttype": content_type, **expected}
    ]


async def test_a_batch_arrives_in_its_order(serve: ServeHttp) -> None:
    events = [sample_event("a", number) for number in range(3)]
    async with source(serve) as (client, arrived):
        headers = {"content-type": "application/cloudevents-batch+json"}
        answer = await client.post("/api/v1/events", headers=headers, content=json.dumps(events))
    assert answer.status_code == 202
    assert arrived == events


STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
VALID = {"specversion": "1.0", "id": "1", "source": "/t", "type": "a"}


@pytest.mark.parametrize(
    ("headers", "body", "status", "said"),
    [
        ({"content-type": STRUCTURED}, b"{", 400, "not JSON"),
        ({"content-type": STRUCTURED}, b"[" * 200_000, 400, "not JSON"),
        ({"content-type": STRUCTURED}, b'{"a": NaN}', 400, "NaN"),
        ({"content-type": STRUCTURED}, b"[]", 400, "object"),
        ({"content-type": STRUCTURED}, b"\xff", 400, "not JSON"),
        ({"content-type": STRUCTURED}, json.dumps({**VALID, "specversion": "0.3"}).encode(), 400, "0.3"),
        ({"content-type": STRUCTURED}, json.dumps({**VALID, "id": None}).encode(), 400, "`id`"),
        ({"content-type": STRUCTURED}, json.dumps({**VALID, "time": "soon"}).encode(), 400, "RFC 3339"),
        ({"content-type": STRUCTURED}, json.dumps({**VALID, "data_base64": "?"}).encode(), 400, "base64"),
        ({"content-type": BATCH}, json.dumps([VALID, {}]).encode(), 400, "specversion"),
        ({"content-type": BATCH}, json.dumps([VALID] * 4).encode(), 400, "at most 3"),
        ({"content-type": BATCH}, json.dumps(VALID).encode(), 400, "array"),
        ({"content-type": "application/cloudevents+avro"}, b"", 415, "avro"),
        ({"content-type": "application/json"}, b"{}", 415, "ce-"),
        ({**BINARY, "ce-id": ""}, b"", 400, "id"),
        ({**BINARY, "ce-time": "soon"}, b"", 400, "RFC 3339"),
        ({**BINARY, "ce-specversion": "2.0"}, b"", 400, "specversion"),
        ({"ce-specversion": "1.0"}, b"", 400, "`id`"),
        ({**BINARY, "content-type": "application/json"}, b"{", 400, "not JSON"),
        ({"content-type": STRUCTURED}, b" " * 700_000, 413, "600000"),
    ],
)
async def test_what_is_no_event_is_refused_with_the_reason(
    serve: ServeHttp, headers: dict[str, str], body: bytes, status: int, said: str
) -> None:
    config = EventSourceConfig(max_body_bytes=600_000, max_batch_events=3)
    async with source(serve, config) as (client, arrived):
        answer = await client.post("/api/v1/events", headers=headers, content=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert said.lower() in answer.json()["detail"].lower()
    assert arrived == []


async def test_only_post_is_allowed(serve: ServeHttp) -> None:
    async with source(serve) as (client, _):
        answer = await client.get("/api/v1/events")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_an_engine_talks_to_the_world_over_http(serve: ServeHttp) -> None:
    """An execution emits to a peer, and consumes what the peer posts back; nothing comes back as an echo."""
    document = (
        "do:\n- ask: {emit: {event: {with: {type: question, data: {n: 1}}}}}\n"
        "- hear: {listen: {to: {one: {with: {type: answer}}}, read: envelope}}\n"
        "- reply: {set: '${ [.[0].type, .[0].data] }'}\n"
    )
    receiver = Receiver()
    async with (
        serve(receiver.application) as out,
        HttpSink(HttpSinkConfig(url=out, mode="binary")) as sink,
        Engine(EngineConfig(bus=HttpBus(sink))) as engine,
    ):
        application = Starlette(routes=[Route("/api/v1/events", event_source(engine.bus))])
        async with serve(application) as inwards, httpx.AsyncClient(trust_env=False) as client:
            execution = engine.start(engine.load(HEAD + document))
            await receiver.asked.wait()
            message = to_structured_event(
                CloudEvent({"id": "2", "source": "/peer", "type": "answer", "specversion": "1.0"}, {"n": 42})
            )
            await client.post(f"{inwards}/api/v1/events", headers=message.headers, content=message.body)
            result = await execution.wait()
    assert result.output == ["answer", {"n": 42}]
    assert [event["type"] for event in receiver.events] == ["question"]
