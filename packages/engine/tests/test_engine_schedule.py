"""Schedules: when instances start, with what, and that nothing of it touches an instance. On a clock that jumps."""

import asyncio
import calendar
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from stigmer_dsl import InvalidDocument
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine import Engine, EngineConfig, Execution, Status
from stigmer_engine.expressions import Program
from stigmer_engine.interpreter.scope import Scope
from stigmer_engine.schedule import Cron, InvalidCron, Schedule, ScheduleConfig
from stigmer_engine.schedule.starter import Starter
from stigmer_engine.schedule.timers import start_every
from stigmer_engine.testing import run_virtual
from stigmer_engine.testing.virtual_engine import sample_event, virtual_engine
from stigmer_engine.testing.virtual_time import VIRTUAL_START

HEAD = "document: {dsl: '1.0.3', namespace: tests, name: scheduled, version: '1.0.0'}\n"
NOTE = "do:\n- note: {set: {got: '${ $workflow.input }'}}\n"


def starts_of(
    text: str,
    during: Callable[[Engine, Schedule], Awaitable[None]],
    *,
    config: EngineConfig | None = None,
    input: JsonValue = None,  # noqa: A002
) -> list[tuple[float, JsonValue]]:
    """The seconds after which instances were started, and their outputs, while `during` takes its time."""

    async def scenario() -> list[tuple[float, JsonValue]]:
        loop = asyncio.get_running_loop()
        starts: list[tuple[float, Execution]] = []
        async with virtual_engine(config) as engine:
            schedule = engine.schedule(
                engine.load(HEAD + text),
                input=input,
                on_start=lambda execution: starts.append((loop.time(), execution)),
            )
            await during(engine, schedule)
            schedule.stop()
            await schedule.wait_stopped()
            assert schedule.count == len(starts)
            return [(round(time, 3), (await execution.wait()).output) for time, execution in starts]

    return run_virtual(scenario())


def waiting(seconds: float) -> Callable[[Engine, Schedule], Awaitable[None]]:
    async def during(_engine: Engine, _schedule: Schedule) -> None:
        await asyncio.sleep(seconds)

    return during


def test_every_starts_after_each_interval_even_while_one_runs() -> None:
    text = "schedule: {every: {seconds: 10}}\ndo:\n- long: {wait: {seconds: 25}}\n"
    assert [time for time, _ in starts_of(text, waiting(45))] == [10, 20, 30, 40]


def test_every_starts_once_for_each_interval_that_unix_time_can_hardly_tell_apart() -> None:
    text = "schedule: {every: {milliseconds: 1}}\n" + NOTE
    assert [time for time, _ in starts_of(text, waiting(0.0105))] == [round(n / 1000, 3) for n in range(1, 11)]


def test_every_does_not_drift_and_makes_up_for_lost_time_with_one_start() -> None:
    async def scenario() -> list[float]:
        slept, starts = 0.0, []
        loop = asyncio.get_running_loop()

        def clock() -> float:
            return loop.time() + slept

        def start(_input: JsonValue) -> Execution:
            nonlocal slept
            starts.append(clock())
            slept += 25.5 if len(starts) == 2 else 0.5
            raise RuntimeError("counted")

        timer = asyncio.ensure_future(start_every(Starter("s", start, 1), 10, clock))
        await asyncio.sleep(40)
        timer.cancel()
        return starts

    assert run_virtual(scenario()) == [10, 20, 50, 60]


def test_after_waits_for_the_end_of_the_one_before() -> None:
    text = "schedule: {after: PT10S}\ndo:\n- long: {wait: {seconds: 25}}\n"
    assert [time for time, _ in starts_of(text, waiting(100))] == [0, 35, 70]


def test_after_goes_on_when_an_instance_fails() -> None:
    text = "schedule: {after: {minutes: 1}}\ndo:\n- bad: {raise: {error: {type: 'https://a.example/e', status: 500}}}\n"
    assert [time for time, _ in starts_of(text, waiting(150))] == [0, 60, 120]


def test_a_duration_may_be_an_expression() -> None:
    text = 'schedule: {every: \'${ "PT" + ($workflow.definition.document.version[0:1]) + "H" }\'}\n' + NOTE
    assert [time for time, _ in starts_of(text, waiting(7300))] == [3600, 7200]


def test_the_given_input_is_that_of_instances_which_the_clock_starts() -> None:
    text = "schedule: {every: {days: 1}}\n" + NOTE
    assert starts_of(text, waiting(90_000), input={"a": 1}) == [(86_400, {"got": {"a": 1}})]


def test_cron_counts_in_the_configured_time_zone() -> None:
    # The clock starts at 2025-06-15 15:06:40 UTC, which is 17:06:40 in Berlin.
    text = "schedule: {cron: '0 18 * * *'}\n" + NOTE
    assert datetime.fromtimestamp(VIRTUAL_START, UTC).isoformat() == "2025-06-15T15:06:40+00:00"
    assert [time for time, _ in starts_of(text, waiting(12 * 3600))] == [2 * 3600 + 53 * 60 + 20]
    berlin = EngineConfig(schedule=ScheduleConfig(time_zone="Europe/Berlin"))
    assert [time for time, _ in starts_of(text, waiting(12 * 3600), config=berlin)] == [53 * 60 + 20]


def moments(expression: str, start: str, count: int, zone: str = "Europe/Berlin") -> list[str]:
    cron, time = Cron(expression, zone), datetime.fromisoformat(start).timestamp()
    found = []
    for _ in range(count):
        following = cron.next_after(time)
        assert following is not None
        found.append(datetime.fromtimestamp(following, UTC).isoformat()[:16])
        time = following
    return found


@pytest.mark.parametrize(
    ("expression", "start", "expected"),
    [
        ("*/20 * * * *", "2025-01-01T00:00:00+00:00", ["2025-01-01T00:20", "2025-01-01T00:40", "2025-01-01T01:00"]),
        ("0 9 * * MON-FRI", "2025-01-03T12:00:00+00:00", ["2025-01-06T08:00", "2025-01-07T08:00", "2025-01-08T08:00"]),
        ("0 0 29 2 *", "2025-01-01T00:00:00+00:00", ["2028-02-28T23:00", "2032-02-28T23:00", "2036-02-28T23:00"]),
        # 02:30 does not exist on 30 March 2025 in Berlin, and exists twice on 26 October.
        ("30 2 * * *", "2025-03-29T12:00:00+00:00", ["2025-03-30T01:00", "2025-03-31T00:30", "2025-04-01T00:30"]),
        ("30 2 * * *", "2025-10-25T12:00:00+00:00", ["2025-10-26T00:30", "2025-10-27T01:30", "2025-10-28T01:30"]),
    ],
)
def test_cron_times(expression: str, start: str, expected: list[str]) -> None:
    assert moments(expression, start, 3) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "0 0 * * *", "0 0 1,15 JAN-MAR MON-FRI", "0 0 */2 * 2,7", "0 0 L * *", "0 0 L,LW,1 2,4,5 */3", "0 0 LW * *",
        "0 0 * * 5L,0L", "0 0 * * 7#5,1#1", "0 0 L * 3L,3#2", "0 0 29-31 2 1L",
    ],
)  # fmt: skip
def test_the_dates_of_a_cron_expression_as_plain_conditions(expression: str) -> None:
    conditions = Cron(expression).fields.dates
    named, day = [], datetime(2023, 12, 31, tzinfo=UTC)
    while day.year < 2037:
        day += timedelta(days=1)
        leap = calendar.isleap(day.year)
        if any(
            day.month in found.months
            and day.day in found.days
            and day.isoweekday() % 7 in found.weekdays
            and found.leap_years in (None, leap)
            for found in conditions
        ):
            named.append(day.isoformat()[:16])
    assert len(named) > 10
    assert named == moments(expression, "2023-12-31T00:00:00+00:00", len(named), "UTC")


@pytest.mark.parametrize("expression", ["@daily", "* * * * * *", "60 * * * *", "0 0 30 2 *", "a b c d e", ""])
def test_what_is_no_cron_expression_is_refused_when_the_document_is_loaded(expression: str) -> None:
    async def scenario() -> tuple[str, str]:
        async with virtual_engine() as engine:
            with pytest.raises(InvalidDocument) as refused:
                engine.load(f"{HEAD}schedule: {{cron: '{expression}'}}\n{NOTE}")
            return refused.value.problems[0].code, refused.value.problems[0].pointer

    assert run_virtual(scenario()) == ("invalid-cron", "/schedule/cron")


def test_a_time_zone_that_does_not_exist_is_the_schedules_problem() -> None:
    with pytest.raises(InvalidCron, match="Mars/Olympus"):
        Cron("* * * * *", "Mars/Olympus")

    async def during(_engine: Engine, schedule: Schedule) -> None:
        await asyncio.sleep(1000)
        assert "Mars/Olympus" in schedule.problem
        assert not schedule.active

    config = EngineConfig(schedule=ScheduleConfig(time_zone="Mars/Olympus"))
    assert starts_of("schedule: {cron: '* * * * *'}\n" + NOTE, during, config=config) == []


def publishing(*events: JsonObject) -> Callable[[Engine, Schedule], Awaitable[None]]:
    async def during(engine: Engine, _schedule: Schedule) -> None:
        for event in events:
            engine.bus.receive(event)
        await asyncio.sleep(1)

    return during


def on(strategy: str, read: str = "") -> str:
    return f"schedule: {{on: {strategy}{read}}}\n{NOTE}"


def test_each_event_starts_an_instance_with_the_array_of_its_data() -> None:
    events = [sample_event("a", 1), sample_event("b", 2), sample_event("a", 3)]
    found = starts_of(on("{one: {with: {type: a}}}"), publishing(*events))
    assert [output for _, output in found] == [{"got": [1]}, {"got": [3]}]


def test_read_envelope_gives_the_events() -> None:
    event = sample_event("a", 1)
    found = starts_of(on("{one: {with: {type: a}}}", ", read: envelope"), publishing(event))
    assert [output for _, output in found] == [{"got": [event]}]


def test_all_starts_an_instance_for_each_complete_set() -> None:
    events = [sample_event(kind, number) for number, kind in enumerate("aabbab")]
    found = starts_of(on("{all: [{with: {type: a}}, {with: {type: b}}]}"), publishing(*events))
    assert [output for _, output in found] == [{"got": [0, 2]}, {"got": [1, 3]}, {"got": [4, 5]}]


def test_correlation_begins_anew_with_each_instance() -> None:
    strategy = (
        "{all: [{with: {type: a}, correlate: {k: {from: .data}}}, {with: {type: b}, correlate: {k: {from: .data}}}]}"
    )
    events = [sample_event("a", 1), sample_event("b", 2), sample_event("a", 2), sample_event("b", 1)]
    found = starts_of(on(strategy), publishing(*events))
    assert [output for _, output in found] == [{"got": [1, 1]}, {"got": [2, 2]}]


def test_a_fault_of_the_strategy_costs_its_events_and_no_instance() -> None:
    strategy = "{any: [{with: {type: a}}], until: '.[-1] | if . == 2 then error(\"two\") else . == 3 end'}"
    events = [sample_event("a", number) for number in (1, 2, 1, 3)]

    async def during(engine: Engine, schedule: Schedule) -> None:
        await publishing(*events)(engine, schedule)
        assert "schedule.on failed" in schedule.problem

    assert [output for _, output in starts_of(on(strategy), during)] == [{"got": [1, 3]}]


def test_events_of_no_use_do_not_wait_and_are_looked_at_once() -> None:
    strategy = "{one: {with: {type: a, data: '${ . > 90 }'}}}"

    async def during(engine: Engine, schedule: Schedule) -> None:
        run, expressions = schedule._run, 0
        evaluate = run.evaluate

        async def counted(program: Program, dot: JsonValue, scope: Scope) -> JsonValue:
            nonlocal expressions
            expressions += 1
            return await evaluate(program, dot, scope)

        run.evaluate = counted  # type: ignore[method-assign]
        for number in range(100):
            engine.bus.receive(sample_event("a", number))
            engine.bus.receive(sample_event("b", number))
        await asyncio.sleep(1)
        assert (run.tree.arrivals, expressions) == (100, 100)

    assert len(starts_of(on(strategy), during)) == 9


def test_what_can_never_consume_an_event_ends_the_schedule() -> None:
    async def during(_engine: Engine, schedule: Schedule) -> None:
        await asyncio.sleep(1)
        assert (schedule.active, "`all` is empty" in schedule.problem) == (False, True)

    assert starts_of(on("{all: []}"), during) == []


def test_a_start_that_fails_does_not_end_the_schedule() -> None:
    async def scenario() -> tuple[int, str]:
        calls = 0

        def refuse(_execution: Execution) -> None:
            nonlocal calls
            calls += 1
            if calls == 1:
                raise RuntimeError("no room")

        async with virtual_engine() as engine:
            schedule = engine.schedule(engine.load(HEAD + "schedule: {every: PT1S}\n" + NOTE), on_start=refuse)
            await asyncio.sleep(3.5)
            return schedule.count, schedule.problem

    assert run_virtual(scenario()) == (2, "an instance could not be started: no room")


def test_stopping_starts_nothing_more_and_leaves_what_runs() -> None:
    async def scenario() -> tuple[int, list[Status], Status]:
        async with virtual_engine() as engine:
            text = HEAD + "schedule: {every: PT10S, on: {one: {with: {type: a}}}}\ndo:\n- long: {wait: PT1M}\n"
            schedule = engine.schedule(engine.load(text))
            await asyncio.sleep(15)
            schedule.stop()
            schedule.stop()
            engine.bus.receive(sample_event("a"))
            await asyncio.sleep(20)
            running = [execution.status for execution in schedule.executions]
            result = await schedule.executions[0].wait()
            return schedule.count, running, result.status

    assert run_virtual(scenario()) == (1, [Status.RUNNING], Status.COMPLETED)


def test_closing_the_engine_stops_its_schedules() -> None:
    async def scenario() -> tuple[bool, int]:
        async with virtual_engine() as engine:
            schedule = engine.schedule(engine.load(HEAD + "schedule: {every: PT10S}\n" + NOTE))
            await asyncio.sleep(15)
        await asyncio.sleep(100)
        return schedule.active, schedule.count

    assert run_virtual(scenario()) == (False, 1)


def test_start_runs_a_document_with_a_schedule_once() -> None:
    async def scenario() -> JsonValue:
        async with virtual_engine() as engine:
            document = engine.load(HEAD + "schedule: {every: PT10S}\n" + NOTE)
            return (await engine.start(document, input=[1]).wait()).output

    assert run_virtual(scenario()) == {"got": [1]}


def test_a_document_without_a_schedule_cannot_be_scheduled() -> None:
    async def scenario() -> None:
        async with virtual_engine() as engine:
            with pytest.raises(ValueError, match="has no `schedule`"):
                engine.schedule(engine.load(HEAD + NOTE))

    run_virtual(scenario())
