"""The specification's own examples of events and schedules, unmodified, on local stubs."""

import asyncio
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

import httpx
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine import EngineConfig, HttpConfig, Result, Status
from stigmer_engine.testing import ScriptedTransport, run_virtual
from stigmer_engine.testing.virtual_engine import sample_event, virtual_engine

SPEC_DIR = Path(os.environ.get("STIGMER_SPEC_DIR", Path(__file__).parents[4] / "shared" / "spec"))
EXAMPLES = SPEC_DIR / "examples"

if not EXAMPLES.is_dir():
    print(f"{__name__}: no tests of the specification's examples, {EXAMPLES} is missing (set STIGMER_SPEC_DIR)")


def run_example(
    name: str,
    events: Sequence[JsonObject] = (),
    *,
    input: JsonValue = None,  # noqa: A002
    scheduled: bool = False,
) -> tuple[Result, list[httpx.Request], list[JsonObject]]:
    """The result of an example (of the first instance, when it is scheduled), its HTTP requests and its events."""

    async def scenario() -> tuple[Result, list[httpx.Request], list[JsonObject]]:
        network = ScriptedTransport(handler=lambda _request: httpx.Response(200, json={"ok": True}))
        published: list[JsonObject] = []
        async with virtual_engine(EngineConfig(http=HttpConfig(transport=network))) as engine:
            engine.bus.subscribe(published.append)
            document = engine.load((EXAMPLES / name).read_text(), name)
            schedule = engine.schedule(document) if scheduled else None
            execution = None if scheduled else engine.start(document, input=input)
            for event in events:
                await asyncio.sleep(1)
                engine.bus.receive(event)
            await asyncio.sleep(1)
            if schedule is not None:
                assert schedule.count == 1
                execution = schedule.executions[0]
            assert execution is not None
            if not execution.done and execution.status is Status.RUNNING:
                await asyncio.sleep(100)
                execution.cancel("seen enough")
            return await execution.wait(), network.requests, published

    return run_virtual(scenario())


VITALS = "com.fake-hospital.vitals.measurements."
HOT = sample_event(f"{VITALS}temperature", {"temperature": 39})
COLD = sample_event(f"{VITALS}temperature", {"temperature": 37})
SLOW = sample_event(f"{VITALS}bpm", {"bpm": 50})


def output_of(name: str, events: Sequence[JsonObject] = (), **settings: JsonValue) -> JsonValue:
    result, _, _ = run_example(name, events, input=settings.get("input"), scheduled=bool(settings.get("scheduled")))
    assert result.status is Status.COMPLETED, result.error
    return result.output


def test_every_document_of_the_page_on_events_loads() -> None:
    page = (Path(__file__).parents[3] / "docs" / "events.md").read_text()
    documents = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)

    async def scenario() -> list[str]:
        async with virtual_engine() as engine:
            return [engine.load(document).name for document in documents]

    assert run_virtual(scenario()) == ["placing", "packing", "cleaning"]


if EXAMPLES.is_dir():

    def test_emit() -> None:
        result, _, published = run_example("emit.yaml")
        assert result.output == published[0]
        assert (published[0]["type"], published[0]["source"]) == (
            "com.petstore.order.placed.v1",
            "https://petstore.com",
        )

    def test_listen_to_all() -> None:
        assert output_of("listen-to-all.yaml", [COLD, SLOW, HOT]) == [{"bpm": 50}, {"temperature": 39}]

    def test_listen_to_any_until_consumed() -> None:
        leaving = sample_event("com.fake-hospital.patient.checked-out", {"at": 1})
        output = output_of("listen-to-any-until-consumed.yaml", [COLD, SLOW, HOT, SLOW, leaving, HOT])
        assert output == [{"bpm": 50}, {"temperature": 39}, {"bpm": 50}]

    def test_listen_to_one() -> None:
        event = sample_event("com.virtual-wf-powered-race.events.race.started.v1", {})
        # `{carId}` is taken from the task's input, which is the array of events here: nothing.
        result, requests, _ = run_example("listen-to-one.yaml", [event])
        assert result.status is Status.COMPLETED
        assert [(request.method, request.url.host) for request in requests] == [("POST", "virtual-wf-powered-race.com")]

    def test_listen_to_any_for_ever() -> None:
        events = [sample_event("gossip", {"about": number}) for number in range(3)]
        result, requests, _ = run_example("listen-to-any-forever-foreach.yaml", events, input={"roomId": "r1"})
        assert result.status is Status.CANCELLED
        assert {str(request.url) for request in requests} == {"https://fake-chat-api.com/room/r1"}
        assert [json.loads(request.content) for request in requests] == [
            {"event": {"about": number}} for number in range(3)
        ]

    def test_for_fails_where_it_takes_the_array_of_events_for_an_object() -> None:
        pets: JsonValue = {"vet": "v", "pets": [{"id": 1}, {"id": 2}]}
        event = sample_event("com.fake.petclinic.pets.checkup.completed.v2", {})
        result, _, _ = run_example("for.yaml", [event], input=pets)
        assert result.error is not None
        assert result.error.type.endswith("/expression")
        assert result.error.instance == "/do/0/checkup/for/do/0/waitForCheckup"

    def test_schedule_event_driven() -> None:
        patient: JsonValue = {"patient": {"id": 1}, "data": {"patient": {"id": "p7", "vitals": {"bpm": 30}}}}
        event = sample_event("com.example.hospital.events.patients.heartbeat.low", patient)
        result, requests, _ = run_example("schedule-event-driven.yaml", [event], scheduled=True)
        assert result.status is Status.COMPLETED
        body = json.loads(requests[0].content)
        # It reads `.data` of an event's data, because data is the default since July 2026.
        assert (body["patientId"], body["vitals"]["heartRate"]) == ("p7", 30)

    def test_set_started_by_an_event() -> None:
        event = sample_event("io.serverlessworkflow.samples.events.trigger.v1", {"a": 1})
        assert output_of("set.yaml", [event], scheduled=True) == {"startEvent": {"a": 1}}

    def test_set_started_once_without_its_schedule() -> None:
        assert output_of("set.yaml", input=["given"]) == {"startEvent": "given"}
