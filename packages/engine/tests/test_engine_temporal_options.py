"""What documents say of activities and of search attributes, as Temporal takes it."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine.faults import Fault
from stigmer_engine.interpreter.search_attributes import typed
from stigmer_engine.runtimes.temporal.options import (
    HEARTBEAT,
    LONGEST_CALL,
    LONGEST_FOREIGN_CALL,
    ActivityOptions,
    activity_options,
)
from stigmer_engine.runtimes.temporal.search_attributes import search_attribute_updates, search_attributes
from temporalio.common import Priority, RetryPolicy, SearchAttributeKey, SearchAttributeUpdate

# A sample of the whole vocabulary, in both forms of durations.
EVERYTHING: JsonObject = {
    "activityOptions": {
        "startToCloseTimeout": {"minutes": 2, "milliseconds": 5},
        "scheduleToCloseTimeout": "PT1H",
        "scheduleToStartTimeout": "PT30S",
        "heartbeatTimeout": {"seconds": 7},
        "retryPolicy": {
            "initialInterval": "PT0.5S",
            "backoffCoefficient": 3,
            "maximumInterval": {"minutes": 1},
            "maximumAttempts": 4,
            "nonRetryableErrorTypes": ["Declined", "Gone"],
        },
        "priority": {"priorityKey": 1, "fairnessKey": "tenant", "fairnessWeight": 2},
        "summary": "charges the card",
        "taskQueue": "payments",
        "disableEagerExecution": True,
    },
    "anything": ["else"],
}


def metadata(**options: JsonValue) -> JsonObject:
    return {"activityOptions": options}


def test_the_defaults_of_this_engines_calls() -> None:
    options = activity_options(None, None, kind="http")
    assert options == ActivityOptions(start_to_close=timedelta(hours=24), heartbeat=timedelta(seconds=10))
    assert options.keywords() == {"start_to_close_timeout": LONGEST_CALL, "heartbeat_timeout": HEARTBEAT}


def test_the_defaults_of_foreign_activities() -> None:
    options = activity_options({}, {}, kind="activity")
    assert options.keywords() == {"start_to_close_timeout": LONGEST_FOREIGN_CALL}
    assert timedelta(minutes=10) == LONGEST_FOREIGN_CALL


@pytest.mark.parametrize("kind", ["activity", "http"])
def test_everything_at_once(kind: str) -> None:
    assert activity_options(EVERYTHING, None, kind=kind).keywords() == {
        "start_to_close_timeout": timedelta(minutes=2, milliseconds=5),
        "schedule_to_close_timeout": timedelta(hours=1),
        "schedule_to_start_timeout": timedelta(seconds=30),
        "heartbeat_timeout": timedelta(seconds=7),
        "retry_policy": RetryPolicy(
            initial_interval=timedelta(milliseconds=500),
            backoff_coefficient=3.0,
            maximum_interval=timedelta(minutes=1),
            maximum_attempts=4,
            non_retryable_error_types=["Declined", "Gone"],
        ),
        "priority": Priority(priority_key=1, fairness_key="tenant", fairness_weight=2.0),
        "summary": "charges the card",
        "task_queue": "payments",
    }


def test_option_by_option_the_nearest_counts() -> None:
    document = metadata(heartbeatTimeout="PT1S", summary="document", retryPolicy={"maximumAttempts": 3})
    task = metadata(summary="task", retryPolicy={"initialInterval": "PT2S"})
    call: JsonObject = {"name": "x", "arguments": [], "taskQueue": None, "options": {"summary": "call"}}
    options = activity_options(task, document, kind="activity", arguments=call)
    # A retry policy is one option: what the task says of it, replaces all of the document's.
    assert options == ActivityOptions(
        start_to_close=LONGEST_FOREIGN_CALL,
        heartbeat=timedelta(seconds=1),
        retry_policy=RetryPolicy(initial_interval=timedelta(seconds=2)),
        summary="call",
    )
    assert activity_options(task, document, kind="activity").summary == "task"
    assert activity_options({}, document, kind="activity").summary == "document"


def test_a_timeout_over_all_attempts_replaces_the_default_of_one() -> None:
    for kind in ("activity", "http"):
        options = activity_options(metadata(scheduleToCloseTimeout="P2D"), None, kind=kind)
        assert (options.start_to_close, options.schedule_to_close) == (None, timedelta(days=2))


def test_the_queue_of_the_call_goes_before_all_others() -> None:
    document, task = metadata(taskQueue="document"), metadata(taskQueue="task")
    call: JsonObject = {"name": "x", "arguments": [], "taskQueue": "call", "options": {"taskQueue": "options"}}
    assert activity_options(task, document, kind="activity", arguments=call).task_queue == "call"
    call["taskQueue"] = None
    assert activity_options(task, document, kind="activity", arguments=call).task_queue == "options"
    assert activity_options(task, document, kind="activity").task_queue == "task"
    assert activity_options({}, document, kind="activity").task_queue == "document"


def test_a_queue_of_the_document_is_not_for_this_engines_calls() -> None:
    assert activity_options({}, metadata(taskQueue="document"), kind="http").task_queue is None
    assert activity_options(metadata(taskQueue="near"), metadata(taskQueue="far"), kind="http").task_queue == "near"


def test_arguments_of_another_call_are_no_options() -> None:
    arguments: JsonObject = {"options": {"summary": "data"}, "taskQueue": "data"}
    options = activity_options(None, None, kind="grpc", arguments=arguments)
    assert (options.summary, options.task_queue) == (None, None)


def test_one_attempt_and_no_end_of_attempts() -> None:
    for attempts in (0, 1):
        policy = activity_options(metadata(retryPolicy={"maximumAttempts": attempts}), None, kind="http").retry_policy
        assert policy == RetryPolicy(maximum_attempts=attempts)


@pytest.mark.parametrize(
    "wrong",
    [
        {"startToCloseTimeout": 5},
        {"startToCloseTimeout": "soon"},
        {"startToClose": "PT1S"},
        {"priority": {"priorityKey": 6}},
        {"retryPolicy": {"maximumInterval": "PT0.5S"}},
        {"summary": "${ .a }"},
    ],
)
def test_wrong_shapes_are_no_options(wrong: JsonObject) -> None:
    with pytest.raises(ValidationError):
        activity_options({"activityOptions": wrong}, None, kind="http")


PLAIN: JsonObject = {"Name": "Ann", "Count": 3, "Share": 0.5, "Done": False, "Tags": ["a", "b"]}


def test_plain_search_attributes_are_of_the_type_of_their_value() -> None:
    found = search_attributes({"searchAttributes": PLAIN, "other": 1})
    assert {pair.key: pair.value for pair in found} == {
        SearchAttributeKey.for_keyword("Name"): "Ann",
        SearchAttributeKey.for_int("Count"): 3,
        SearchAttributeKey.for_float("Share"): 0.5,
        SearchAttributeKey.for_bool("Done"): False,
        SearchAttributeKey.for_keyword_list("Tags"): ["a", "b"],
    }


@pytest.mark.parametrize(
    ("kind", "value", "key", "expected"),
    [
        ("keyword", "x", SearchAttributeKey.for_keyword("A"), "x"),
        ("text", "long words", SearchAttributeKey.for_text("A"), "long words"),
        ("int", 2.0, SearchAttributeKey.for_int("A"), 2),
        ("double", 2, SearchAttributeKey.for_float("A"), 2.0),
        ("bool", True, SearchAttributeKey.for_bool("A"), True),
        ("datetime", "2026-01-31T12:00:00Z", SearchAttributeKey.for_datetime("A"),
         datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("keywordlist", [], SearchAttributeKey.for_keyword_list("A"), []),
    ],
)  # fmt: skip
def test_typed_search_attributes(
    kind: str, value: JsonValue, key: SearchAttributeKey[JsonValue], expected: JsonValue
) -> None:
    given: JsonObject = {"searchAttributes": {"A": {"type": kind, "value": value}}}
    (pair,) = search_attributes(given)
    (update,) = search_attribute_updates(typed(given["searchAttributes"]))
    assert (pair.key, pair.value) == (update.key, update.value) == (key, expected)
    assert type(pair.value) is type(expected)


def test_null_takes_an_attribute_away() -> None:
    given: JsonObject = {"searchAttributes": {"A": {"type": "int", "value": None}, "B": "x"}}
    assert updates(search_attribute_updates(typed(given["searchAttributes"]))) == {"A": None, "B": "x"}
    assert [pair.key.name for pair in search_attributes(given)] == ["B"]


def updates(found: list[SearchAttributeUpdate[JsonValue]]) -> JsonObject:
    return {update.key.name: update.value for update in found}


@pytest.mark.parametrize("given", [None, {}, {"searchAttributes": {}}, {"other": 1}])
def test_no_search_attributes(given: JsonObject | None) -> None:
    assert len(search_attributes(given)) == 0


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (None, "no type for its value"),
        ([1], "no type for its value"),
        (2**63, "no type for its value"),
        ("${ .a }", "not evaluated"),
        ({"type": "int", "value": "${ .a }"}, "not evaluated"),
        ({"type": "int", "value": "1"}, "whole number"),
        ({"type": "datetime", "value": "yesterday"}, "time zone"),
        ({"type": "nope", "value": 1}, "'keyword'"),
    ],
)
def test_wrong_values_are_expression_errors_that_name_the_attribute(said: JsonValue, why: str) -> None:
    with pytest.raises(Fault) as raised:
        typed({"Good": 1, "Bad": said})
    error = raised.value.error
    assert error.type.endswith("/expression")
    assert "`Bad`" in error.title
    assert why in error.detail
