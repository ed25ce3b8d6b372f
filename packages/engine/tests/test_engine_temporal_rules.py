"""What decides on the commands of an execution travels with its start, and so changes under none that runs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from stigmer_engine.expressions import Evaluator, expression_program
from stigmer_engine.interpreter.run import Limits
from stigmer_engine.runtimes.temporal import DeliveryRules, Rules, Weights, workflow_services
from stigmer_engine.runtimes.temporal.replay import HistoryReplay
from stigmer_engine.runtimes.temporal.start import Start
from stigmer_engine.runtimes.temporal.turns import Turns
from temporalio.client import WorkflowHistory

from packages.engine.tests.temporal_stage import Stage, kinds, open_stage

LOOP = """
do:
  - loop: {for: {each: i, in: '${ [range(60)] }'}, do: [{keep: {set: {i: '${ [range($i)] | length }'}}}]}
"""


@pytest_asyncio.fixture(loop_scope="module")
async def stage(temporal_address: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(temporal_address, tmp_path) as opened:
        yield opened


async def performed(stage: Stage, rules: Rules) -> WorkflowHistory:
    execution = await stage.with_rules(rules, reports=True).start(stage.load(LOOP))
    await execution.wait()
    return await stage.client.get_workflow_handle(execution.workflow_id).fetch_history()


@pytest.mark.asyncio(loop_scope="module")
async def test_each_execution_goes_by_the_rules_of_its_start(stage: Stage) -> None:
    usual = Rules(turn_work=500)
    histories = {
        name: await performed(stage, rules)
        for name, rules in {
            "usual": usual,
            "heavy": Rules(turn_work=500, weights=Weights(evaluation=200)),
            "heavy data": Rules(turn_work=500, weights=Weights(evaluated_bytes=1)),
            "impatient": Rules(turn_work=500, turns_per_task=1),
            "one by one": Rules(turn_work=500, delivery=DeliveryRules(batch_events=60)),
        }.items()
    }
    counts = {name: kinds(list(history.events)) for name, history in histories.items()}
    for other in ("heavy", "heavy data", "one by one"):
        assert counts[other]["MARKER_RECORDED"] > counts["usual"]["MARKER_RECORDED"], other
    assert counts["impatient"]["TIMER_STARTED"] > counts["usual"]["TIMER_STARTED"]
    services = workflow_services(stage.engine)
    try:
        with HistoryReplay(services, stage.client.data_converter) as replay:
            assert await replay.check(histories.values()) == {}
    finally:
        services.close()


def test_a_start_without_a_rule_has_the_one_that_held_before_there_was_such_a_field() -> None:
    old = Start.from_json({"execution_id": "wex-1", "nonce": "00", "rules": {"limits": {}, "turn_work": 7}})
    assert old.rules == Rules(
        limits=Limits(),
        history_events=0,
        turn_work=7,
        turns_per_task=8,
        weights=Weights(evaluation=10, evaluated_bytes=400, message=20),
        plain=False,
        delivery=DeliveryRules(batch_events=2_000, soon_events=500, first_rest_seconds=10, last_rest_seconds=1800),
        heartbeat_seconds=10,
        cancel_grace_seconds=30,
        keeps_cancellations=False,
        hears_out=False,
        searches_elsewhere=0,
        own_cancellation_seconds=0,
    )
    assert old.whole_family is None


async def test_only_executions_that_carry_it_answer_plain_expressions_without_jq() -> None:
    program = expression_program(".n + 1", frozenset())
    async with Evaluator() as evaluator:
        assert await Turns(Rules(plain=True)).evaluate(evaluator, program, [{"n": 1}, 0]) == 2
        assert evaluator.exchanged == 0
        assert await Turns(Rules()).evaluate(evaluator, program, [{"n": 1}, 0]) == 2
        assert evaluator.exchanged > 0


@pytest.mark.asyncio(loop_scope="module")
async def test_new_executions_carry_it(stage: Stage) -> None:
    history = await performed(stage, Rules())
    _, start, _ = await stage.client.data_converter.decode(
        history.events[0].workflow_execution_started_event_attributes.input.payloads
    )
    assert Start.from_json(start).rules.plain


def test_a_start_keeps_its_rules() -> None:
    rules = Rules(turns_per_task=3, plain=True, weights=Weights(message=9), delivery=DeliveryRules(soon_events=5))
    assert Start.from_json(Start(execution_id="wex-1", nonce="00", rules=rules).to_json()).rules == rules
