"""`listen` with `foreach`: one event at a time, in order, and the same when drained in the middle."""

import asyncio
from collections.abc import Sequence

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine import EngineConfig, Limits, Result, Status
from stigmer_engine.testing import run_virtual
from stigmer_engine.testing.virtual_engine import sample_event, virtual_engine

HEAD = "document: {dsl: '1.0.3', namespace: tests, name: listening, version: '1.0.0'}\n"


def run_document(
    text: str,
    events: Sequence[JsonObject],
    *,
    pause_at: Sequence[float] = (),
    input: JsonValue = None,  # noqa: A002
) -> tuple[Result, list[str]]:
    """The result, and the order of tasks, when all events come at once and the run is paused at some moments."""

    async def scenario() -> tuple[Result, list[str]]:
        async with virtual_engine() as engine:
            execution = engine.start(engine.load(HEAD + text), input=input)
            await asyncio.sleep(0.25)
            for event in events:
                engine.bus.receive(event)
            for seconds in pause_at:
                await asyncio.sleep(seconds)
                execution.pause()
                await asyncio.sleep(0)
                await asyncio.sleep(10)
                execution.resume()
            result = await asyncio.wait_for(execution.wait(), 1000)
            order = [f"{event.task_name} {event.event_type}" for event in execution.log.events if event.task_reference]
            return result, order

    return run_virtual(scenario())


SLOW = (
    "do:\n- gossip:\n    listen: {to: {any: [], until: '. | length == 3'}}\n"
    "    foreach:\n      item: event\n      at: place\n      do:\n"
    "      - think: {wait: {seconds: 2}}\n"
    "      - answer: {set: {said: '${ $event }', place: '${ $place }', asked: '${ .asked }'}}\n"
    "      output: {as: '[.place, .said, .asked]'}\n"
    "      export: {as: '{seen: (($context.seen // []) + [$output[1]])}'}\n"
    "- all: {set: {each: '${ . }', seen: '${ $context.seen }'}}\n"
)
EVENTS = [sample_event("a", letter) for letter in ("x", "y", "z", "never")]
EXPECTED = {"each": [[0, "x", "q"], [1, "y", "q"], [2, "z", "q"]], "seen": ["x", "y", "z"]}


def test_events_are_gone_through_one_at_a_time_in_their_order() -> None:
    result, order = run_document(SLOW, EVENTS, input={"asked": "q"})
    assert result.output == EXPECTED
    assert order[1:5] == ["think task_started", "think task_completed", "answer task_started", "answer task_completed"]


def test_a_pause_in_the_middle_of_an_event_changes_nothing() -> None:
    undrained, order = run_document(SLOW, EVENTS, input={"asked": "q"})
    drained, drained_order = run_document(SLOW, EVENTS, pause_at=(1, 0.5, 1, 1), input={"asked": "q"})
    assert drained == undrained
    assert drained_order == order


def test_going_on_from_the_serialised_tree_at_every_moment_changes_nothing() -> None:
    undrained, order = run_document(SLOW, EVENTS, input={"asked": "q"})

    async def scenario() -> tuple[Result, list[str], int]:
        async with virtual_engine() as engine:
            execution = engine.start(engine.load(HEAD + SLOW), input={"asked": "q"})
            execution.reenter()
            await asyncio.sleep(0.25)
            for event in EVENTS:
                execution.reenter()
                engine.bus.receive(event)
            turns = 0
            while not execution.done:
                turns += 1
                execution.reenter()
                await asyncio.sleep(0.125 if turns % 8 == 0 else 0)
            return (
                await execution.wait(),
                [f"{event.task_name} {event.event_type}" for event in execution.log.events if event.task_reference],
                turns,
            )

    result, reentered_order, turns = run_virtual(scenario())
    assert (result, reentered_order) == (undrained, order)
    assert turns > 100


def test_without_output_the_events_are_given_as_they_were_read() -> None:
    text = (
        "do:\n- gossip:\n    listen: {to: {any: [], until: '. | length == 2'}}\n"
        "    foreach: {do: [{note: {set: {a: '${ $item }'}}}]}\n"
    )
    result, _ = run_document(text, EVENTS)
    assert result.output == ["x", "y"]


def test_output_without_tasks_transforms_the_event() -> None:
    text = (
        "do:\n- gossip:\n    listen: {to: {one: {with: {type: a}}}}\n"
        "    foreach: {output: {as: '{got: ., at: $index}'}}\n"
    )
    result, _ = run_document(text, EVENTS)
    assert result.output == [{"got": "x", "at": 0}]


def test_an_output_that_its_schema_refuses_is_a_fault_of_the_task() -> None:
    text = (
        "do:\n- gossip:\n    listen: {to: {one: {with: {type: a}}}}\n"
        "    foreach: {output: {schema: {document: {type: number}}}}\n"
    )
    result, _ = run_document(text, EVENTS)
    assert result.error is not None
    assert (result.error.type.rsplit("/", 1)[1], result.error.instance) == ("validation", "/do/0/gossip")


def test_end_inside_foreach_completes_the_workflow_with_its_output() -> None:
    text = (
        "do:\n- gossip:\n    listen: {to: {any: [], until: '${ false }'}}\n"
        "    foreach: {do: [{last: {set: {said: '${ $item }'}, then: end}}]}\n"
        "- never: {set: {a: 1}}\n"
    )
    result, _ = run_document(text, EVENTS)
    assert result.output == {"said": "x"}


def test_exit_inside_foreach_ends_the_round_only() -> None:
    text = (
        "do:\n- gossip:\n    listen: {to: {any: [], until: '. | length == 2'}}\n"
        "    foreach:\n      do: [{first: {set: {a: 1}, then: exit}}, {never: {set: {b: 1}}}]\n"
        "      output: {as: .}\n"
    )
    result, order = run_document(text, EVENTS)
    assert result.output == [{"a": 1}, {"a": 1}]
    assert "never task_started" not in order


def test_a_fault_in_foreach_is_the_tasks_own() -> None:
    text = (
        "do:\n- guarded:\n    try:\n    - gossip:\n        listen: {to: {any: [], until: '${ false }'}}\n"
        "        foreach: {do: [{bad: {set: '${ error(\"no\") }'}}]}\n"
        "    catch: {do: [{seen: {set: {at: '${ $error.instance }'}}}]}\n"
    )
    result, _ = run_document(text, EVENTS)
    assert result.output == {"at": "/do/0/guarded/try/0/gossip/foreach/do/0/bad"}


def test_a_listener_without_an_end_keeps_nothing_of_what_it_consumed() -> None:
    text = (
        "do:\n- gossip:\n    listen: {to: {any: [], until: '${ false }'}}\n"
        "    foreach: {do: [{note: {set: '${ $index }', export: {as: '{count: .}'}}}]}\n"
    )

    async def scenario() -> tuple[Status, int]:
        async with virtual_engine(EngineConfig(limits=Limits(max_consumed=5))) as engine:
            execution = engine.start(engine.load(HEAD + text))
            for number in range(50):
                engine.bus.receive(sample_event("a", number))
            await asyncio.sleep(1)
            notes = [event for event in execution.log.events if event.task_name == "note"]
            return execution.status, len(notes)

    assert run_virtual(scenario()) == (Status.RUNNING, 100)
