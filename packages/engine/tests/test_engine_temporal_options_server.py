"""A real server takes what documents say of activities and of search attributes, and shows it in the history."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine.interpreter.search_attributes import typed
from stigmer_engine.runtimes.temporal.options import activity_options
from stigmer_engine.runtimes.temporal.search_attributes import search_attribute_updates, search_attributes
from temporalio import activity, workflow
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import ActivityTaskScheduledEventAttributes
from temporalio.client import Client, WorkflowHandle
from temporalio.common import SearchAttributeKey
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from packages.engine.tests.temporal_server import start_dev_server

QUEUE = "options"
REGISTERED = {
    "Name": "Keyword", "Note": "Text", "Count": "Int", "Share": "Double", "Done": "Bool", "Due": "Datetime",
    "Tags": "KeywordList",
}  # fmt: skip
DOCUMENT: JsonObject = {
    "activityOptions": {"priority": {"priorityKey": 2, "fairnessKey": "tenant", "fairnessWeight": 2}},
    "searchAttributes": {"Name": "Ann", "Count": 3, "Share": 0.5, "Done": False, "Tags": ["a", "b"]},
}
TASK: JsonObject = {
    "activityOptions": {
        "startToCloseTimeout": "PT20S",
        "scheduleToCloseTimeout": {"minutes": 2},
        "scheduleToStartTimeout": "PT1M",
        "heartbeatTimeout": "PT5S",
        "retryPolicy": {
            "initialInterval": {"milliseconds": 10}, "backoffCoefficient": 1.5, "maximumInterval": "PT1S",
            "maximumAttempts": 3, "nonRetryableErrorTypes": ["Declined"],
        },
        "summary": "s" * 200,
        "disableEagerExecution": True,
    },
}  # fmt: skip
LATER: JsonObject = {
    "Name": {"type": "keyword", "value": None},
    "Note": {"type": "text", "value": "long words"},
    "Count": {"type": "int", "value": 4.0},
    "Share": {"type": "double", "value": 1},
    "Due": {"type": "datetime", "value": "2026-01-31T12:00:00Z"},
    "Tags": ["c"],
}


@activity.defn(name="Echo")
async def echo(given: JsonValue) -> JsonValue:
    """Fail once, then give back what was given."""
    if activity.info().attempt == 1:
        raise RuntimeError("not yet")
    return given


@workflow.defn
class OneActivity:
    """Sets search attributes and runs one activity, as the interpreter would."""

    @workflow.run
    async def run(self, task: JsonObject, document: JsonObject, attributes: JsonObject) -> JsonValue:
        """The output of the activity."""
        workflow.upsert_search_attributes(search_attribute_updates(typed(attributes)))
        keywords = activity_options(task, document, kind="activity").keywords()
        result: JsonValue = await workflow.execute_activity("Echo", "said", **keywords)
        return result


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with start_dev_server(search_attributes=REGISTERED) as address:
        yield await Client.connect(address)


async def run(client: Client, name: str, task: JsonObject, document: JsonObject) -> "WorkflowHandle[object, JsonValue]":
    worker = Worker(
        client,
        task_queue=QUEUE,
        workflows=[OneActivity],
        activities=[echo],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with worker:
        handle = await client.start_workflow(
            "OneActivity",
            args=[task, document, LATER],
            id=name,
            task_queue=QUEUE,
            search_attributes=search_attributes(document),
        )
        assert await handle.result() == "said"
    return handle


async def scheduled(handle: "WorkflowHandle[object, JsonValue]") -> tuple[ActivityTaskScheduledEventAttributes, bytes]:
    """The one activity as it was asked for, and its summary as the history keeps it."""
    async for event in handle.fetch_history_events():
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            return event.activity_task_scheduled_event_attributes, event.user_metadata.summary.data
    raise AssertionError("no activity was scheduled")


@pytest.mark.asyncio(loop_scope="module")
async def test_all_options_reach_the_server(client: Client) -> None:
    seen, summary = await scheduled(await run(client, "everything", TASK, DOCUMENT))
    assert seen.start_to_close_timeout.ToTimedelta() == timedelta(seconds=20)
    assert seen.schedule_to_close_timeout.ToTimedelta() == timedelta(minutes=2)
    assert seen.schedule_to_start_timeout.ToTimedelta() == timedelta(minutes=1)
    assert seen.heartbeat_timeout.ToTimedelta() == timedelta(seconds=5)
    policy = seen.retry_policy
    assert policy.initial_interval.ToTimedelta() == timedelta(milliseconds=10)
    assert policy.maximum_interval.ToTimedelta() == timedelta(seconds=1)
    assert (policy.backoff_coefficient, policy.maximum_attempts) == (1.5, 3)
    assert list(policy.non_retryable_error_types) == ["Declined"]
    assert (seen.priority.priority_key, seen.priority.fairness_key) == (2, "tenant")
    assert seen.priority.fairness_weight == 2.0
    assert summary == b'"' + b"s" * 200 + b'"'


@pytest.mark.asyncio(loop_scope="module")
async def test_without_a_word_the_defaults_do(client: Client) -> None:
    seen, summary = await scheduled(await run(client, "nothing", {}, {}))
    assert seen.start_to_close_timeout.ToTimedelta() == timedelta(minutes=10)
    # As Temporal has it: no end of attempts, after 1, 2, 4, ... up to 100 seconds.
    assert seen.retry_policy.maximum_attempts == 0
    assert seen.retry_policy.initial_interval.ToTimedelta() == timedelta(seconds=1)
    assert seen.retry_policy.maximum_interval.ToTimedelta() == timedelta(seconds=100)
    assert summary == b""


@pytest.mark.asyncio(loop_scope="module")
async def test_a_timeout_over_all_attempts_bounds_each_one(client: Client) -> None:
    task: JsonObject = {"activityOptions": {"scheduleToCloseTimeout": "P2D"}}
    seen, _ = await scheduled(await run(client, "over-all", task, {}))
    assert seen.start_to_close_timeout.ToTimedelta() == timedelta(days=2)


@pytest.mark.asyncio(loop_scope="module")
async def test_search_attributes_are_set_at_start_changed_and_taken_away(client: Client) -> None:
    handle = await run(client, "attributes", {}, DOCUMENT)
    found = (await handle.describe()).typed_search_attributes
    assert found.get(SearchAttributeKey.for_keyword("Name")) is None
    assert found[SearchAttributeKey.for_text("Note")] == "long words"
    assert found[SearchAttributeKey.for_int("Count")] == 4
    assert found[SearchAttributeKey.for_float("Share")] == 1.0
    assert found[SearchAttributeKey.for_bool("Done")] is False
    assert found[SearchAttributeKey.for_datetime("Due")] == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert list(found[SearchAttributeKey.for_keyword_list("Tags")]) == ["c"]
    first = await anext(handle.fetch_history_events())
    names = first.workflow_execution_started_event_attributes.search_attributes.indexed_fields
    assert set(names) == {"Name", "Count", "Share", "Done", "Tags"}
