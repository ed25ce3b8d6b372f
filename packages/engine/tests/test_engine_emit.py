"""`emit`: what is filled in, who gets it, and what cannot be emitted."""

import asyncio

import pytest
from stigmer_dsl.json_types import JsonObject
from stigmer_engine import EngineConfig, EventType, Result
from stigmer_engine.bus import InMemoryBus
from stigmer_engine.cloud_events import check_event
from stigmer_engine.faults import fault
from stigmer_engine.testing import run_virtual
from stigmer_engine.testing.virtual_engine import virtual_engine

HEAD = "document: {dsl: '1.0.3', namespace: tests, name: emitting, version: '1.2.0'}\n"


def run_document(text: str, *, secrets: dict[str, str] | None = None) -> tuple[Result, list[JsonObject]]:
    async def scenario() -> tuple[Result, list[JsonObject]]:
        published: list[JsonObject] = []
        bus = InMemoryBus()
        bus.subscribe(published.append)
        async with virtual_engine(EngineConfig(bus=bus)) as engine:
            execution = engine.start(engine.load(HEAD + text), execution_id="wex-1", secrets=secrets)
            return await execution.wait(), published

    return run_virtual(scenario())


def test_the_output_is_the_event_with_what_the_runtime_fills_in() -> None:
    result, published = run_document("do:\n- say: {emit: {event: {with: {type: a.b, data: {n: '${ 1 + 1 }'}}}}}\n")
    assert result.output == {
        "specversion": "1.0",
        "id": "wex-1/1",
        "source": "/tests/emitting/1.2.0",
        "time": "2025-06-15T15:06:40.000Z",
        "type": "a.b",
        "data": {"n": 2},
    }
    assert published == [result.output]
    check_event(published[0])


def test_what_the_document_says_takes_precedence() -> None:
    attributes = (
        "{type: a, id: '${ \"i-\" + \"1\" }', source: 'https://a.example', time: '2020-01-01T00:00:00Z', tenant: t}"
    )
    result, _ = run_document(f"do:\n- say: {{emit: {{event: {{with: {attributes}}}}}}}\n")
    assert result.output == {
        "specversion": "1.0",
        "id": "i-1",
        "source": "https://a.example",
        "time": "2020-01-01T00:00:00Z",
        "type": "a",
        "tenant": "t",
    }


def test_source_may_be_a_uri_template_or_hold_expressions() -> None:
    text = (
        "do:\n- some: {set: {id: 'a b', n: 3}}\n"
        "- say: {emit: {event: {with: {type: a, source: '/orders/{id}/${ .n }', dataschema: '${ \"/s/{id}\" }'}}}}\n"
    )
    _, published = run_document(text)
    assert (published[0]["source"], published[0]["dataschema"]) == ("/orders/a%20b/3", "/s/{id}")


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ("{type: '${ 5 }'}", "`type` is not text"),
        ("{type: '${ null }'}", "`type` is not text"),
        ("{type: a, time: '${ \"yesterday\" }'}", "RFC 3339"),
        ("{type: a, time: '2020-01-01T00:00:00'}", "time zone"),
        ("{type: a, Tenant: x}", "`Tenant`"),
        ("{type: a, tenant: {a: 1}}", "`tenant`"),
        ("{type: a, subject: ''}", "`subject` is empty"),
        ("{type: a, subject: '${ \"a\\nb\" }'}", "control character"),
    ],
)
def test_what_is_no_cloud_event_is_a_fault(attributes: str, said: str) -> None:
    result, published = run_document(f"do:\n- say: {{emit: {{event: {{with: {attributes}}}}}}}\n")
    assert result.error is not None
    assert result.error.type.endswith("/expression")
    assert said in result.error.detail
    assert published == []


def test_a_secret_does_not_go_into_an_event() -> None:
    text = (
        "use: {secrets: [KEY]}\ndo:\n- say: {emit: {event: {with: {type: a, data: '${ \"key \" + $secrets.KEY }'}}}}\n"
    )
    result, published = run_document(text, secrets={"KEY": "s3cr3t"})
    assert result.error is not None
    assert result.error.status == 403
    assert published == []


def test_executions_of_one_engine_get_each_others_events_and_their_own() -> None:
    talking = (
        "do:\n- both:\n    fork:\n      branches:\n"
        "      - hear: {listen: {to: {one: {with: {type: greeting}}}}}\n"
        "      - say: {emit: {event: {with: {type: greeting, data: hello}}}}\n"
    )
    hearing = "do:\n- hear: {listen: {to: {one: {with: {type: greeting}}}}}\n"

    async def scenario() -> tuple[Result, Result]:
        async with virtual_engine() as engine:
            listener = engine.start(engine.load(HEAD + hearing))
            speaker = engine.start(engine.load(HEAD + talking))
            return await listener.wait(), await speaker.wait()

    heard, spoken = run_virtual(scenario())
    assert heard.output == ["hello"]
    assert isinstance(spoken.output, list)
    assert spoken.output[0] == ["hello"]


class SlowBus(InMemoryBus):
    """Takes a second for each event, and refuses those of type `bad`."""

    async def publish(self, event: JsonObject) -> None:
        await asyncio.sleep(1)
        if event["type"] == "bad":
            raise fault("communication", "The event was not delivered")
        self.receive(event)


def test_a_pause_waits_for_an_event_on_its_way_and_publishes_it_once() -> None:
    text = "do:\n- say: {emit: {event: {with: {type: a}}}}\n- again: {emit: {event: {with: {type: b}}}}\n"

    async def scenario() -> tuple[list[object], list[EventType]]:
        bus = SlowBus()
        published: list[JsonObject] = []
        bus.subscribe(published.append)
        async with virtual_engine(EngineConfig(bus=bus)) as engine:
            execution = engine.start(engine.load(HEAD + text))
            await asyncio.sleep(0.5)
            execution.pause()
            await asyncio.sleep(10)
            paused = [event["type"] for event in published]
            execution.resume()
            await execution.wait()
            return [paused, [event["type"] for event in published]], [e.event_type for e in execution.log.events]

    seen, log = run_virtual(scenario())
    assert seen == [["a"], ["a", "b"]]
    assert EventType.WORKFLOW_PAUSED in log


def test_an_event_that_nobody_takes_is_a_communication_fault_that_can_be_caught() -> None:
    text = (
        "do:\n- guarded:\n    try: [{say: {emit: {event: {with: {type: bad}}}}}]\n"
        "    catch: {errors: {with: {type: 'https://serverlessworkflow.io/spec/1.0.0/errors/communication'}},"
        " do: [{seen: {set: {at: '${ $error.instance }'}}}]}\n"
    )

    async def scenario() -> Result:
        async with virtual_engine(EngineConfig(bus=SlowBus())) as engine:
            return await engine.start(engine.load(HEAD + text)).wait()

    assert run_virtual(scenario()).output == {"at": "/do/0/guarded/try/0/say"}
