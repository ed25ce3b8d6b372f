"""Cancel, pause and resume of an execution, in every phase."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import httpx
import pytest
from stigmer_engine import Engine, EngineConfig, EvaluatorConfig, Execution, HttpConfig, Result, WrongState
from stigmer_engine.testing import HEADER, ScriptedTransport, run_virtual, virtual_clock, virtual_config

CALL = "{call: http, with: {method: get, endpoint: http://peer.test/x}}"
WAIT = "{wait: PT10S}"
RAISE = "{raise: {error: {type: 'x:y', status: 400}}}"
PHASES = {
    "a wait": f"do: [a: {WAIT}]",
    "a call": f"do: [a: {CALL}, z: {{set: {{b: 1}}}}]",
    "a nested call": f"do: [d: {{do: [f: {{for: {{in: '3'}}, do: [a: {CALL}]}}]}}]",
    "a retry's delay": f"do: [t: {{try: [r: {RAISE}], catch: {{retry: {{delay: PT10S}}}}}}]",
    "a fork of waits": f"do: [f: {{fork: {{branches: [a: {WAIT}, b: {WAIT}, c: {{do: [d: {WAIT}]}}]}}}}]",
    "a fork of calls": f"do: [f: {{fork: {{branches: [a: {CALL}, b: {CALL}]}}}}]",
    "a race": f"do: [f: {{fork: {{compete: true, branches: [a: {CALL}, b: {WAIT}]}}}}]",
    "a timeout's body": "do: [a: {wait: PT10S, timeout: {after: PT9S}}]",
    "a handler": f"do: [t: {{try: [r: {RAISE}], catch: {{do: [a: {WAIT}]}}}}]",
}


def control(
    body: str, script: Callable[[Execution], Awaitable[object]], after: float = 10
) -> tuple[Execution, Result, float]:
    """Start a document, do what the script says, and wait for the end."""
    transport = ScriptedTransport(handler=lambda _request: httpx.Response(200, json=1), after=after)

    async def run() -> tuple[Execution, Result, float]:
        async with Engine(virtual_config(transport=transport)) as engine:
            execution = engine.start(engine.load(HEADER + body))
            began = virtual_clock()
            await script(execution)
            result = await execution.wait()
            return execution, result, virtual_clock() - began

    execution, result, seconds = run_virtual(run())
    assert_true_story(execution)
    return execution, result, seconds


def assert_true_story(execution: Execution) -> None:
    """Numbers without gaps, one end, every task that was started closed, and time that goes forward."""
    events = execution.log.events
    assert [event.sequence_number for event in events] == list(range(1, len(events) + 1))
    assert [event for event in events if event.terminal] == [events[-1]]
    assert all(one.timestamp_ms <= other.timestamp_ms for one, other in pairwise(events))
    open_tasks: list[str] = []
    for event in events:
        if event.event_type == "task_started":
            open_tasks.append(event.task_reference)
        elif event.event_type in ("task_completed", "task_failed"):
            open_tasks.remove(event.task_reference)
    assert open_tasks == []


def workflow_events(execution: Execution) -> list[str]:
    return [str(event.event_type) for event in execution.log.events if not event.task_reference][3:]


@pytest.mark.parametrize("phase", PHASES)
def test_cancel(phase: str) -> None:
    async def script(execution: Execution) -> None:
        await asyncio.sleep(4)
        execution.cancel("enough")
        execution.cancel("again")

    execution, result, seconds = control(PHASES[phase], script)
    assert result.status == "cancelled"
    assert seconds == 4
    assert workflow_events(execution) == ["workflow_cancelled"]
    assert execution.log.events[-1].message == "Workflow cancelled: enough"
    assert execution.status == "cancelled"
    execution.cancel()


@pytest.mark.parametrize("phase", PHASES)
def test_a_pause_makes_everything_later_and_nothing_else(phase: str) -> None:
    async def nothing(_execution: Execution) -> None:
        return

    async def script(execution: Execution) -> None:
        await asyncio.sleep(4)
        execution.pause("lunch")
        execution.pause("lunch again")
        await asyncio.sleep(1000)
        assert execution.status == "paused"
        execution.resume("back")
        execution.resume("back again")

    undisturbed, expected, normal = control(PHASES[phase], nothing)
    execution, result, seconds = control(PHASES[phase], script)
    if "call" not in phase and phase != "a race":
        assert result == expected
        assert seconds == normal + 1000
    assert workflow_events(execution) == ["workflow_paused", "workflow_resumed", workflow_events(undisturbed)[-1]]
    messages = [event.message for event in execution.log.events if not event.task_reference][3:5]
    assert messages == ["Workflow paused: lunch", "Workflow resumed: back"]


@pytest.mark.parametrize("phase", PHASES)
def test_cancel_while_paused(phase: str) -> None:
    async def script(execution: Execution) -> None:
        await asyncio.sleep(4)
        execution.pause()
        await asyncio.sleep(100)
        execution.cancel("enough")

    execution, result, _seconds = control(PHASES[phase], script)
    assert result.status == "cancelled"
    assert workflow_events(execution) == ["workflow_paused", "workflow_cancelled"]


def test_a_pause_waits_for_the_call_under_way_and_starts_no_other() -> None:
    seen: list[str] = []

    async def script(execution: Execution) -> None:
        await asyncio.sleep(4)
        execution.pause()
        await asyncio.sleep(5)
        seen.append(execution.status)
        await asyncio.sleep(100)
        seen.append(execution.status)
        execution.resume()

    execution, result, seconds = control(f"do: [a: {CALL}, b: {CALL}]", script)
    assert seen == ["running", "paused"]
    assert result.status == "completed"
    assert seconds == 4 + 105 + 10
    started = [event.task_reference for event in execution.log.events if event.event_type == "task_started"]
    assert started == ["/do/0/a", "/do/1/b"]


def test_resume_before_the_pause_took_hold() -> None:
    async def script(execution: Execution) -> None:
        await asyncio.sleep(4)
        execution.pause()
        await asyncio.sleep(1)
        execution.resume()

    execution, _result, seconds = control(f"do: [a: {CALL}, b: {CALL}]", script)
    assert workflow_events(execution) == ["workflow_completed"]
    assert seconds == 20


def test_cancel_while_pausing_interrupts_the_call() -> None:
    async def script(execution: Execution) -> None:
        await asyncio.sleep(4)
        execution.pause()
        await asyncio.sleep(1)
        execution.cancel("enough")

    execution, result, seconds = control(f"do: [f: {{fork: {{branches: [a: {CALL}, b: {CALL}]}}}}]", script)
    assert result.status == "cancelled"
    assert seconds == 5
    assert workflow_events(execution) == ["workflow_cancelled"]


COMMANDS = ("pr", "prp", "prpr", "prc", "pc", "rpc", "prprc", "prprprprp", "c", "rc")
MANY_CALLS = f"do: [a: {CALL}, f: {{fork: {{branches: [b: {CALL}, c: {CALL}]}}}}]"


@pytest.mark.parametrize("body", [*PHASES.values(), MANY_CALLS], ids=[*PHASES, "many calls"])
def test_any_order_of_commands_at_once(body: str) -> None:
    """`p`ause, `r`esume and `c`ancel in one step, in successive ones, or a second apart; then resumed if paused."""
    transport = ScriptedTransport(handler=lambda _request: httpx.Response(200, json=1), after=10)

    async def run() -> None:
        async with Engine(virtual_config(transport=transport)) as engine:
            prepared = engine.load(HEADER + body)
            for commands in COMMANDS:
                for gap in (None, 0, 1):
                    execution = engine.start(prepared)
                    await obey(execution, commands, gap)
                    result = await execution.wait()
                    assert_true_story(execution)
                    if "c" in commands and gap is None:
                        assert result.status == "cancelled", commands
                    told = workflow_events(execution)
                    assert told.count("workflow_paused") >= told.count("workflow_resumed")

    run_virtual(run())


async def obey(execution: Execution, commands: str, gap: int | None) -> None:
    """Give the commands after four seconds, with the gap between them, until the execution has ended."""
    await asyncio.sleep(4)
    for command in commands:
        if execution.log.closed:
            return
        {"p": execution.pause, "r": execution.resume, "c": execution.cancel}[command]()
        if gap is not None:
            await asyncio.sleep(gap)
    await asyncio.sleep(500)
    if not execution.log.closed:
        execution.resume()


@pytest.mark.parametrize("commands", ["r", "rp", "rpr", "rprp"])
@pytest.mark.parametrize("turns", range(5))
def test_no_call_is_made_twice_by_commands_at_the_moment_of_the_freeze(commands: str, turns: int) -> None:
    """Branch `a` ends its call, and with it the drain; branch `x` holds one back, and must not start it in between."""
    transport = ScriptedTransport(handler=lambda _request: httpx.Response(200, json=1), after=5)
    inner = f"{{fork: {{branches: [w: {{do: [v: {{wait: PT2S}}, x: {CALL}]}}, y: {WAIT}]}}}}"
    body = f"do: [f: {{fork: {{branches: [a: {CALL}, g: {inner}]}}}}, z: {{set: {{b: 1}}}}]"

    async def run() -> int:
        async with Engine(virtual_config(transport=transport)) as engine:
            execution = engine.start(engine.load(HEADER + body))
            await asyncio.sleep(1)
            execution.pause()
            await asyncio.sleep(4)
            for _ in range(turns):
                await asyncio.sleep(0)
            for command in commands:
                {"p": execution.pause, "r": execution.resume}[command]()
            await asyncio.sleep(100)
            if not execution.log.closed:
                execution.resume()
            assert (await execution.wait()).status == "completed"
            assert_true_story(execution)
            return len(transport.requests)

    assert run_virtual(run()) == 2
    assert transport.cancelled == 0


def test_controls_before_the_first_event() -> None:
    async def pause(execution: Execution) -> None:
        assert execution.status == "pending"
        execution.pause()
        await asyncio.sleep(1000)
        assert execution.status == "paused"
        execution.resume()

    execution, result, seconds = control("timeout: {after: PT20S}\ndo: [a: {wait: PT10S}]", pause)
    assert result.status == "completed"
    assert seconds == 1010

    async def cancel(execution: Execution) -> None:
        execution.cancel("early")

    execution, result, _seconds = control("do: [a: {wait: PT10S}]", cancel)
    assert result.status == "cancelled"
    assert execution.log.events[-1].message == "Workflow cancelled: early"


def test_the_wrong_state_is_told() -> None:
    async def done(execution: Execution) -> None:
        await execution.wait()
        for control_call, verb in ((execution.pause, "paused"), (execution.resume, "resumed")):
            with pytest.raises(WrongState, match=f"is completed; only a .* execution can be {verb}"):
                control_call()
        with pytest.raises(WrongState, match="is already completed"):
            execution.cancel()

    control("do: [a: {set: {b: 1}}]", done)

    async def cancelled(execution: Execution) -> None:
        execution.cancel()
        await execution.wait()
        execution.cancel()
        with pytest.raises(WrongState, match="is cancelled"):
            execution.pause()
        with pytest.raises(WrongState, match="is cancelled"):
            execution.resume()

    control("do: [a: {wait: PT10S}]", cancelled)


def test_resume_of_a_running_execution_is_a_success() -> None:
    async def script(execution: Execution) -> None:
        await asyncio.sleep(1)
        execution.resume()

    _execution, result, seconds = control("do: [a: {wait: PT10S}]", script)
    assert (result.status, seconds) == ("completed", 10)


class SlowToLeave(httpx.AsyncBaseTransport):
    """A transport that needs time to be cancelled, as one that says goodbye to its peer does."""

    async def handle_async_request(self, _request: httpx.Request) -> httpx.Response:
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            await asyncio.sleep(3)
            raise
        return httpx.Response(200)


def test_branches_that_leave_slowly_are_waited_for() -> None:
    body = f"do: [f: {{fork: {{branches: [a: {CALL}, b: {CALL}]}}, timeout: {{after: PT5S}}}}]"

    async def run() -> Execution:
        async with Engine(virtual_config(transport=SlowToLeave())) as engine:
            execution = engine.start(engine.load(HEADER + body))
            await asyncio.sleep(4)
            execution.cancel()
            assert (await execution.wait()).status == "cancelled"
            await asyncio.sleep(100)
            return execution

    assert_true_story(run_virtual(run()))


async def test_cancel_during_a_slow_evaluation() -> None:
    config = EngineConfig(evaluator=EvaluatorConfig(budget_seconds=30))
    async with Engine(config) as engine:
        document = engine.load(HEADER + "do: [a: {set: {x: '${ last(repeat(1)) }'}}]")
        execution = engine.start(document)
        await asyncio.sleep(0.3)
        execution.cancel("enough")
        assert (await execution.wait()).status == "cancelled"
        assert_true_story(execution)
        after = engine.start(engine.load(HEADER + "do: [a: {set: {x: '${ 1 + 1 }'}}]"))
        assert (await after.wait()).output == {"x": 2}


async def test_pause_during_a_slow_evaluation() -> None:
    config = EngineConfig(evaluator=EvaluatorConfig(budget_seconds=30))
    async with Engine(config) as engine:
        document = engine.load(HEADER + "do: [a: {set: {x: '${ [range(3000000)] | length }'}}]")
        execution = engine.start(document)
        await asyncio.sleep(0.1)
        execution.pause()
        async for event in execution.log.follow():
            if event.event_type == "workflow_paused":
                break
        assert execution.status == "paused"
        execution.resume()
        assert (await execution.wait()).output == {"x": 3_000_000}
        assert_true_story(execution)


async def test_closing_the_engine_cancels_what_runs() -> None:
    engine = Engine(EngineConfig(http=HttpConfig(transport=SlowToLeave())))
    execution = engine.start(engine.load(HEADER + "do: [a: {wait: PT1H}]"))
    await asyncio.sleep(0.01)
    await engine.close()
    assert execution.status == "cancelled"
    assert execution.log.events[-1].message == "Workflow cancelled: the engine is closing"


def test_a_second_interruption_does_not_leave_branches_behind() -> None:
    fork = f"{{fork: {{branches: [a: {CALL}, b: {CALL}]}}, timeout: {{after: PT5S}}}}"
    body = f"do: [t: {{try: [d: {{do: [f: {fork}], timeout: {{after: PT6S}}}}], catch: {{}}}}, w: {{wait: PT100S}}]"

    async def run() -> Execution:
        async with Engine(virtual_config(transport=SlowToLeave())) as engine:
            execution = engine.start(engine.load(HEADER + body))
            assert (await execution.wait()).status == "completed"
            return execution

    assert_true_story(run_virtual(run()))


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("requests", ["r", "rp", "rpr", "rprp"])
def test_requests_in_one_step_add_up(phase: str, requests: str) -> None:
    """Whoever pauses, resumes and pauses before the execution has its turn, has paused it."""

    async def script(execution: Execution) -> None:
        await asyncio.sleep(2)
        execution.pause("held")
        await asyncio.sleep(20)
        for request in requests:
            (execution.pause if request == "p" else execution.resume)()
        await asyncio.sleep(20)
        if requests.endswith("p"):
            assert execution.status == "paused"
            execution.resume()
        else:
            assert execution.status == "running" or execution.done

    _, result, _ = control(PHASES[phase], script)
    assert str(result.status) in ("completed", "failed")


@pytest.mark.parametrize("phase", PHASES)
def test_winding_down_lets_calls_finish(phase: str) -> None:
    async def script(execution: Execution) -> None:
        await asyncio.sleep(4)
        execution.wind_down("enough")
        execution.wind_down("again")

    execution, result, seconds = control(PHASES[phase], script)
    assert result.status == "cancelled" or "call" in phase
    assert seconds == (10 if "call" in phase or phase == "a race" else 4)
    if result.status == "cancelled":
        assert workflow_events(execution) == ["workflow_cancelled"]


@pytest.mark.parametrize("phase", PHASES)
def test_winding_down_can_be_hurried(phase: str) -> None:
    calls = "call" in phase or phase == "a race"

    async def script(execution: Execution) -> None:
        await asyncio.sleep(4)
        execution.wind_down("enough")
        await asyncio.sleep(2)
        assert execution.done is not calls
        execution.cancel("now")
        await execution.wait()
        assert execution.done

    _, result, seconds = control(PHASES[phase], script)
    assert result.status == "cancelled"
    assert seconds == 6


def test_winding_down_ends_a_pause() -> None:
    async def script(execution: Execution) -> None:
        await asyncio.sleep(2)
        execution.pause()
        await asyncio.sleep(2)
        execution.wind_down("enough")

    execution, result, seconds = control(PHASES["a wait"], script)
    assert result.status == "cancelled"
    assert seconds == 4
    assert workflow_events(execution) == ["workflow_paused", "workflow_cancelled"]


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("ended_by", [Execution.cancel, Execution.wind_down])
def test_what_was_about_to_go_on_elsewhere_can_be_cancelled_here(
    phase: str, ended_by: Callable[[Execution, str], None]
) -> None:
    async def script(execution: Execution) -> None:
        await asyncio.sleep(4)
        execution.leave()
        await execution.wait_stopped()
        if not execution.log.closed:
            ended_by(execution, "enough")
            assert (await execution.wait_inside()).status == "cancelled"

    _, result, _ = control(PHASES[phase], script)
    assert result.status == "cancelled" or "call" in phase
