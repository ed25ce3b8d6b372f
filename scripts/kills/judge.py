"""What must hold after the kills: of the outputs, of the calls, of the events, and of their delivery."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from stigmer_dsl.json_types import JsonValue
from stigmer_engine.runtimes.temporal import TemporalExecution
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from scripts.kills.corpus import Entry
from scripts.kills.peer import Peer


@dataclass(kw_only=True)
class Verdict:
    """What was found; `wrong` is empty when everything held."""

    kills: int
    executions: int = 0
    by_document: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    calls: int = 0
    repeated: int = 0
    redelivered: int = 0
    wrong: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """For people."""
        each = ", ".join(f"{name} x{count}" for name, count in sorted(self.by_document.items()))
        return [
            f"{self.kills} kills, {self.executions} executions ({each}), {self.runs} runs",
            f"{self.calls} calls, {self.repeated} of them repeated because they were in flight at a kill",
            f"{self.redelivered} events delivered more than once",
            *(f"WRONG: {found}" for found in self.wrong),
        ]


async def judge(
    client: Client,
    started: list[tuple[Entry, TemporalExecution]],
    expected: dict[str, JsonValue],
    peer: Peer,
    *,
    kills: int,
) -> Verdict:
    """Wait for the end of all executions, and look at each."""
    verdict = Verdict(kills=kills)
    for entry, execution in started:
        verdict.executions += 1
        verdict.by_document[entry.name] += 1
        result = await execution.wait()
        if result.output != expected[entry.name]:
            verdict.wrong.append(f"{entry.name} {execution.id}: {result} is not {expected[entry.name]}")
        await _judge_events(execution, peer, verdict)
        await _judge_calls(client, execution.workflow_id, peer, verdict)
    return verdict


async def _judge_events(execution: TemporalExecution, peer: Peer, verdict: Verdict) -> None:
    """Numbers without a gap; delivered at least once each, the first time in order, the last one included."""
    numbers = [event.sequence_number async for event in execution.follow()]
    if numbers != list(range(1, len(numbers) + 1)):
        verdict.wrong.append(f"{execution.id}: sequence numbers {numbers}")
    newest = 0
    for batch in peer.batches[execution.id]:
        if batch != list(range(batch[0], batch[-1] + 1)) or batch[0] > newest + 1:
            verdict.wrong.append(f"{execution.id}: {batch} was delivered after {newest}")
        verdict.redelivered += sum(number <= newest for number in batch)
        newest = max(newest, batch[-1])
    if newest != len(numbers):
        verdict.wrong.append(f"{execution.id}: delivered up to {newest} of {len(numbers)}")


async def _judge_calls(client: Client, workflow_id: str, peer: Peer, verdict: Verdict) -> None:
    """No request of a call after its result was recorded, and no more than there were attempts."""
    run: str | None = None
    while True:
        verdict.runs += 1
        handle = client.get_workflow_handle(workflow_id, run_id=run)
        history = [event async for event in handle.fetch_history_events()]
        await _judge_run(client, history, peer, verdict)
        run = history[0].workflow_execution_started_event_attributes.continued_execution_run_id
        if not run:
            break
    async for child in client.list_workflows(f"ParentWorkflowId = '{workflow_id}'"):
        if child.run_id == (await client.get_workflow_handle(child.id).describe()).run_id:
            await _judge_calls(client, child.id, peer, verdict)


async def _judge_run(client: Client, history: list[HistoryEvent], peer: Peer, verdict: Verdict) -> None:
    attempts = {
        event.activity_task_started_event_attributes.scheduled_event_id: (
            event.activity_task_started_event_attributes.attempt
        )
        for event in history
        if event.HasField("activity_task_started_event_attributes")
    }
    by_id = {event.event_id: event for event in history}
    for event in history:
        if not event.HasField("activity_task_completed_event_attributes"):
            continue
        scheduled = event.activity_task_completed_event_attributes.scheduled_event_id
        what = by_id[scheduled].activity_task_scheduled_event_attributes
        if what.activity_type.name != "stigmer/http":
            continue
        path = _path(await client.data_converter.decode([*what.input.payloads]), peer.url)
        requests = peer.requests[path]
        recorded = event.event_time.ToMicroseconds() / 1e6
        verdict.calls += 1
        verdict.repeated += len(requests) - 1 if path.startswith("/call/") else 0
        if not requests:
            verdict.wrong.append(f"{path} was never asked")
        elif requests[-1] > recorded:
            verdict.wrong.append(f"{path} was asked at {requests[-1]}, and its result recorded at {recorded}")
        if path.startswith("/call/") and len(requests) > attempts[scheduled]:
            verdict.wrong.append(f"{path} was asked {len(requests)} times in {attempts[scheduled]} attempts")
        if len(requests) > 3 + verdict.kills:
            verdict.wrong.append(f"{path} was asked {len(requests)} times with {verdict.kills} kills")


def _path(arguments: list[Any], peer: str) -> str:
    text = json.dumps(arguments)
    start = text.index(peer) + len(peer)
    return text[start : text.index('"', start)]
