"""The inbox: what an event costs, what is swept, and what a drain takes along."""

import asyncio
import json

from stigmer_dsl.json_types import JsonObject
from stigmer_engine import Engine, EngineConfig, Limits, Status
from stigmer_engine.frames import (
    DoFrame,
    InboxEvent,
    ListenFrame,
    TakenEvent,
    TaskFrame,
    Tree,
    decode_tree,
    encode_tree,
)
from stigmer_engine.testing import run_virtual
from stigmer_engine.testing.virtual_engine import sample_event, virtual_engine

HEAD = "document: {dsl: '1.0.3', namespace: tests, name: inbox, version: '1.0.0'}\n"


def test_a_listeners_frame_survives_its_json() -> None:
    frame = ListenFrame(
        opened_at=3,
        cursor=5,
        expectations={"all/0": {"order": 1}},
        correlations={"customer": "c"},
        fulfilled=["all/1"],
        count=2,
        taken=[TakenEvent(value={"a": 1}), TakenEvent(value=2, output=[2])],
        phase="each",
        body=DoFrame(value={"b": 1}, index=1),
        result=None,
    )
    task = TaskFrame(name="t", reference="/do/0/t", raw={}, started_at=1.0, input={}, body=frame, notes={"k": 1})
    tree = Tree(
        execution_id="wex-1",
        nonce="n",
        started_at=1.0,
        raw_input={},
        root=DoFrame(value={}, child=task),
        inbox=[InboxEvent(number=6, event=sample_event("a")), InboxEvent(number=7, event={}, consumed=True)],
        arrivals=7,
    )
    assert decode_tree(json.loads(json.dumps(encode_tree(tree)))) == tree


def test_a_frozen_tree_does_not_change_when_the_run_goes_on() -> None:
    tree = Tree(execution_id="wex-1", nonce="n", started_at=1.0, raw_input={}, root=DoFrame(value={}))
    tree.inbox.append(InboxEvent(number=1, event=sample_event("a")))
    frozen = encode_tree(tree)
    before = json.dumps(frozen)
    tree.inbox[0].consumed = True
    tree.inbox.append(InboxEvent(number=2, event=sample_event("b")))
    assert json.dumps(frozen) == before


def test_events_that_come_while_the_run_is_paused_or_being_serialised_are_kept() -> None:
    text = "do:\n- hear: {listen: {to: {any: [], until: '. | length == 60'}}}\n"

    async def scenario() -> tuple[list[object], int]:
        pauses = 0
        async with virtual_engine() as engine:
            execution = engine.start(engine.load(HEAD + text))
            for number in range(60):
                if number % 7 == 3:
                    execution.pause()
                if number % 7 == 6:
                    execution.resume()
                engine.bus.receive(sample_event("a", number))
                if number % 3:
                    await asyncio.sleep(0)
            execution.resume()
            result = await execution.wait()
            pauses = sum(event.event_type == "workflow_paused" for event in execution.log.events)
            assert isinstance(result.output, list)
            return [*result.output], pauses

    heard, pauses = run_virtual(scenario())
    assert heard == list(range(60))
    assert pauses > 2


def test_consumed_events_leave_the_inbox() -> None:
    text = (
        "do:\n- hear:\n    listen: {to: {any: [{with: {type: wanted}}], until: '${ false }'}}\n"
        "    foreach: {do: [{note: {set: '${ $item }'}}]}\n"
    )

    async def scenario() -> int:
        async with virtual_engine() as engine:
            execution = engine.start(engine.load(HEAD + text))
            for number in range(1000):
                engine.bus.receive(sample_event("wanted", number))
                await asyncio.sleep(0.01)
            return len(execution._interpreter.run_state.tree.inbox)

    assert run_virtual(scenario()) < 200


def test_a_slow_listener_gets_what_a_quick_one_consumed_long_before() -> None:
    text = (
        "do:\n- both:\n    fork:\n      branches:\n"
        "      - quick: {listen: {to: {any: [], until: '. | length == 200'}}, output: {as: length}}\n"
        "      - slow:\n          listen: {to: {any: [], until: '. | length == 200'}}\n"
        "          foreach: {do: [{think: {wait: {seconds: 60}}}]}\n"
    )

    async def scenario() -> list[object]:
        async with virtual_engine() as engine:
            execution = engine.start(engine.load(HEAD + text))
            for number in range(200):
                await asyncio.sleep(1)
                engine.bus.receive(sample_event("a", number))
            result = await execution.wait()
            assert isinstance(result.output, list)
            return [*result.output]

    assert run_virtual(scenario()) == [200, list(range(200))]


async def test_a_round_that_is_serialised_while_its_output_is_evaluated_is_not_done_again() -> None:
    text = (
        "do:\n- hear:\n    listen: {to: {any: [], until: '. | length == 3'}}\n"
        "    foreach:\n      do: [{note: {set: '${ $item }'}}]\n"
        "      output: {as: '[., ([range(1000000)] | length)]'}\n"
    )
    async with Engine() as engine:
        execution = engine.start(engine.load(HEAD + text))
        for number in range(3):
            engine.bus.receive(sample_event("a", number))
        async for event in execution.log.follow():
            if event.task_name == "note" and event.event_type == "task_completed" and execution.log.size < 20:
                # Interrupts the evaluation of the output, which takes longer than this, and begins anew.
                await asyncio.sleep(0.01)
                execution.reenter()
        result = await execution.wait()
    assert result.output == [[number, 1_000_000] for number in range(3)]
    assert sum(event.task_name == "note" for event in execution.log.events) == 6


def test_an_event_costs_the_same_however_many_are_waiting() -> None:
    """Counted in events touched, not in time: a sweep goes through all, but comes ever more rarely."""

    async def scenario() -> tuple[int, int]:
        async with virtual_engine(EngineConfig(limits=Limits(max_inbox=5000))) as engine:
            text = "do:\n- pause: {wait: {hours: 1}}\n- hear: {listen: {to: {any: []}}}\n"
            run = engine.start(engine.load(HEAD + text))._interpreter.run_state
            touched = 0
            sweep = run.sweep

            def counted() -> None:
                nonlocal touched
                touched += len(run.tree.inbox)
                sweep()

            run.sweep = counted  # type: ignore[method-assign]
            for number in range(50_000):
                run.deliver(sample_event("a", number))
            return touched, len(run.tree.inbox)

    touched, kept = run_virtual(scenario())
    assert touched < 50_000 * 12
    assert 5000 <= kept < 5700


def test_an_execution_that_never_listens_keeps_no_events() -> None:
    async def scenario() -> tuple[int, Status]:
        async with virtual_engine() as engine:
            execution = engine.start(engine.load(HEAD + "do:\n- pause: {wait: {seconds: 5}}\n"))
            event: JsonObject = sample_event("a")
            engine.bus.receive(event)
            kept = len(execution._interpreter.run_state.tree.inbox)
            return kept, (await execution.wait()).status

    assert run_virtual(scenario()) == (0, Status.COMPLETED)
