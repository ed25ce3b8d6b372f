"""`call: activity`, and what of `metadata` has a meaning: shapes, places and hints; and what stays free."""

import pytest
from stigmer_dsl import InvalidDocument, find_problems, load
from stigmer_dsl.models import CallTask
from stigmer_dsl.models.call_arguments import ActivityArguments

HEAD = "document: {dsl: '1.0.3', namespace: a, name: b, version: '0.1.0'}\n"


def activity(arguments: str) -> str:
    return f"{HEAD}do:\n  - t: {{call: activity, with: {arguments}}}\n"


def options(content: str) -> str:
    return f"{HEAD}do:\n  - t: {{set: {{a: 1}}, metadata: {{activityOptions: {content}}}}}\n"


def attribute(content: str) -> str:
    return f"{HEAD}do:\n  - t: {{set: {{a: 1}}, metadata: {{searchAttributes: {{A: {content}}}}}}}\n"


def document_metadata(content: str) -> str:
    return HEAD.replace("'0.1.0'", f"'0.1.0', metadata: {content}") + "do: []\n"


WITH, OPTIONS, ATTRIBUTE = "/do/0/t/with", "/do/0/t/metadata/activityOptions", "/do/0/t/metadata/searchAttributes/A"

# text, code, pointer, a part of the message and of the hint
REFUSED: list[tuple[str, str, str, str, str]] = [
    (f"{HEAD}do:\n  - t: {{call: activity}}", "missing-property", "/do/0/t", "`with`", "Add the arguments"),
    (activity("{}"), "missing-property", WITH, "`name`", "Add `name`"),
    (activity("{name: ''}"), "empty-collection", f"{WITH}/name", "empty", ""),
    (activity("{name: 5}"), "wrong-type", f"{WITH}/name", "Text", "Quote it: '5'"),
    (activity("{name: x, arguments: {a: 1}}"), "wrong-type", f"{WITH}/arguments", "A list", "in order"),
    (activity("{name: x, arguments: 'a ${ .b }'}"), "wrong-type", f"{WITH}/arguments", "A list", ""),
    (activity("{name: x, arguments: null}"), "wrong-type", f"{WITH}/arguments", "null", "remove"),
    (activity("{name: x, taskQueue: 1}"), "wrong-type", f"{WITH}/taskQueue", "Text", ""),
    (activity("{name: x, taskQueue: ''}"), "empty-collection", f"{WITH}/taskQueue", "", ""),
    (activity("{name: x, argument: []}"), "unknown-property", f"{WITH}/argument", "", "`arguments`?"),
    (activity("{name: x, arguments: ['${ $nope }']}"), "unknown-variable", f"{WITH}/arguments/0", "", ""),
    (activity("{name: x, options: {summary: '${ .a }'}}"), "wrong-type", f"{WITH}/options/summary", "evaluated", ""),
    (options("[]"), "wrong-type", OPTIONS, "An object", ""),
    (options("{heartbeatTimout: PT1S}"), "unknown-property", f"{OPTIONS}/heartbeatTimout", "", "`heartbeatTimeout`?"),
    (options("{startToCloseTimeout: 5}"), "wrong-type", f"{OPTIONS}/startToCloseTimeout", "not the number 5", ""),
    (options("{startToCloseTimeout: 5m}"), "invalid-duration", f"{OPTIONS}/startToCloseTimeout", "", "PT30S"),
    (options("{startToCloseTimeout: '${ .t }'}"), "wrong-type", f"{OPTIONS}/startToCloseTimeout", "evaluated", ""),
    (options("{scheduleToStartTimeout: PT0S}"), "invalid-duration", f"{OPTIONS}/scheduleToStartTimeout", "longer", ""),
    (options("{heartbeatTimeout: {second: 1}}"), "unknown-property", f"{OPTIONS}/heartbeatTimeout/second", "",
     "`seconds`?"),
    (options("{heartbeatTimeout: P9999999Y}"), "invalid-duration", f"{OPTIONS}/heartbeatTimeout", "1000 years", ""),
    (options("{retryPolicy: {maximumAttempts: -1}}"), "out-of-range", f"{OPTIONS}/retryPolicy/maximumAttempts",
     "at least 0", ""),
    (options("{retryPolicy: {maximumAttempts: 1.5}}"), "wrong-type", f"{OPTIONS}/retryPolicy/maximumAttempts", "", ""),
    (options("{retryPolicy: {backoffCoefficient: 0.5}}"), "out-of-range", f"{OPTIONS}/retryPolicy/backoffCoefficient",
     "at least 1", ""),
    (options("{retryPolicy: {backoffCoefficient: '2'}}"), "wrong-type", f"{OPTIONS}/retryPolicy/backoffCoefficient",
     "A number", "without quotes"),
    (options("{retryPolicy: {maximumInterval: {milliseconds: 999}}}"), "out-of-range", f"{OPTIONS}/retryPolicy",
     "shorter", "longer"),
    (options("{retryPolicy: {nonRetryableErrorTypes: ['']}}"), "empty-collection",
     f"{OPTIONS}/retryPolicy/nonRetryableErrorTypes/0", "", ""),
    (options("{retryPolicy: {nonRetryableErrorTypes: x}}"), "wrong-type",
     f"{OPTIONS}/retryPolicy/nonRetryableErrorTypes", "A list", ""),
    (options("{priority: {priorityKey: 0}}"), "out-of-range", f"{OPTIONS}/priority/priorityKey", "at least 1", ""),
    (options("{priority: {priorityKey: 6}}"), "out-of-range", f"{OPTIONS}/priority/priorityKey", "at most 5", ""),
    (options("{priority: {fairnessWeight: 0}}"), "out-of-range", f"{OPTIONS}/priority/fairnessWeight", "0.001", ""),
    (options("{priority: {fairnessWeight: true}}"), "wrong-type", f"{OPTIONS}/priority/fairnessWeight", "", ""),
    (options("{priority: {fairnessKey: " + "k" * 65 + "}}"), "out-of-range", f"{OPTIONS}/priority/fairnessKey",
     "64 bytes", "Shorten"),
    (options("{summary: " + "ä" * 101 + "}"), "out-of-range", f"{OPTIONS}/summary", "200 bytes", "Shorten"),
    (options("{taskQueue: '${ .q }'}"), "wrong-type", f"{OPTIONS}/taskQueue", "not evaluated", "without"),
    (options("{disableEagerExecution: yes}"), "wrong-type", f"{OPTIONS}/disableEagerExecution", "", "quotes"),
    (attribute("null"), "wrong-type", ATTRIBUTE, "no type", "`type` and `value`"),
    (attribute("[1]"), "wrong-type", ATTRIBUTE, "no type", ""),
    (attribute("9223372036854775808"), "wrong-type", ATTRIBUTE, "no type", ""),
    (attribute("{value: 1}"), "missing-property", ATTRIBUTE, "`type`", ""),
    (attribute("{type: int}"), "missing-property", ATTRIBUTE, "`value`", ""),
    (attribute("{type: Keyword, value: x}"), "unknown-value", f"{ATTRIBUTE}/type", "", "`keyword`?"),
    (attribute("{type: int, value: '1'}"), "wrong-type", f"{ATTRIBUTE}/value", "whole number", "another `type`"),
    (attribute("{type: int, value: true}"), "wrong-type", f"{ATTRIBUTE}/value", "", ""),
    (attribute("{type: double, value: x}"), "wrong-type", f"{ATTRIBUTE}/value", "a number", ""),
    (attribute("{type: bool, value: 1}"), "wrong-type", f"{ATTRIBUTE}/value", "`true`", ""),
    (attribute("{type: keyword, value: [a]}"), "wrong-type", f"{ATTRIBUTE}/value", "text", ""),
    (attribute("{type: datetime, value: '2026-01-31T12:00:00'}"), "wrong-type", f"{ATTRIBUTE}/value", "zone", ""),
    (attribute("{type: keywordlist, value: a}"), "wrong-type", f"{ATTRIBUTE}/value", "list of texts", ""),
    (attribute("{type: int, value: '${ $nope }'}"), "unknown-variable", f"{ATTRIBUTE}/value", "", ""),
    (document_metadata("{activityOptions: {taskQueue: 1}}"), "wrong-type",
     "/document/metadata/activityOptions/taskQueue", "Text", ""),
    (document_metadata("{searchAttributes: {A: '${ .a }'}}"), "wrong-type", "/document/metadata/searchAttributes/A",
     "not evaluated", "first task"),
    (document_metadata("{searchAttributes: {A: {type: int, value: '${ .a }'}}}"), "wrong-type",
     "/document/metadata/searchAttributes/A", "not evaluated", ""),
    (document_metadata("{searchAttributes: []}"), "wrong-type", "/document/metadata/searchAttributes", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "pointer", "message", "hint"), REFUSED, ids=range(len(REFUSED)))
def test_wrong_shapes_are_problems(text: str, code: str, pointer: str, message: str, hint: str) -> None:
    (problem,) = find_problems(text)
    assert (problem.code, problem.pointer, problem.severity) == (code, pointer, "error"), str(problem)
    assert problem.line is not None
    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize(
    "text",
    [
        activity("{name: x}"),
        activity("{name: '${ .a }', arguments: [1, {a: '${ .b }'}, null], taskQueue: '${ .q }'}"),
        activity("{name: x, arguments: '${ .list }', options: {summary: s, taskQueue: q}}"),
        options("{}"),
        options("{heartbeatTimeout: PT10S, scheduleToCloseTimeout: {days: 2}, disableEagerExecution: true}"),
        options("{retryPolicy: {initialInterval: PT1S, maximumInterval: {seconds: 1}, maximumAttempts: 0}}"),
        options("{retryPolicy: {backoffCoefficient: 1, nonRetryableErrorTypes: [Declined]}, taskQueue: q}"),
        options("{priority: {priorityKey: 1, fairnessKey: tenant, fairnessWeight: 0.5}}"),
        attribute("2026-01-31"),
        attribute("{type: datetime, value: '2026-01-31T12:00:00+02:00'}"),
        attribute("{type: int, value: null}"),
        attribute("{type: int, value: '${ .count }'}"),
        attribute("{type: int, value: 2.0}"),
        attribute("{type: text, value: long words}"),
        attribute("{type: keywordlist, value: []}"),
        attribute("[a, b]"),
        attribute("'${ .name }'"),
        document_metadata("{activityOptions: {startToCloseTimeout: PT1M}, searchAttributes: {A: 1.5, B: true}}"),
    ],
)
def test_right_shapes_are_none(text: str) -> None:
    assert find_problems(text) == ()


def test_everything_else_in_metadata_is_free() -> None:
    free = "{priority: 9, activityOption: [], search_attributes: '${', searchattributes: 1, heartbeat: 5}"
    assert find_problems(f"{HEAD}do:\n  - t: {{set: {{a: 1}}, metadata: {free}}}\n") == ()
    assert find_problems(document_metadata(free)) == ()


def test_metadata_is_kept_as_it_is_written() -> None:
    text = options("{retryPolicy: {backoffCoefficient: 2}, heartbeatTimeout: {minutes: 1}}")
    written = {"activityOptions": {"retryPolicy": {"backoffCoefficient": 2}, "heartbeatTimeout": {"minutes": 1}}}
    metadata = load(text).workflow.do[0].task.metadata
    assert metadata == written
    assert metadata is not None
    assert type(metadata["activityOptions"]["retryPolicy"]["backoffCoefficient"]) is int


def test_arguments_are_typed() -> None:
    task = load(activity("{name: charge, arguments: [1], taskQueue: q, options: {summary: s}}")).workflow.do[0].task
    assert isinstance(task, CallTask)
    assert isinstance(task.arguments, ActivityArguments)
    assert (task.arguments.name, task.arguments.arguments, task.arguments.task_queue) == ("charge", [1], "q")


def test_every_place_of_a_task_is_checked() -> None:
    wrong = "{set: {a: 1}, metadata: {activityOptions: {summary: 1}}}"
    text = (
        f"{HEAD}use:\n  functions: {{f: {wrong}}}\n  extensions: [{{e: {{extend: all, before: [{{b: {wrong}}}]}}}}]\n"
        f"do:\n  - t: {{try: [{{i: {wrong}}}], catch: {{do: [{{c: {wrong}}}]}}}}\n"
    )
    with pytest.raises(InvalidDocument) as raised:
        load(text)
    end = "/metadata/activityOptions/summary"
    assert sorted(problem.pointer for problem in raised.value.problems) == [
        f"/do/0/t/catch/do/0/c{end}",
        f"/do/0/t/try/0/i{end}",
        f"/use/extensions/0/e/before/0/b{end}",
        f"/use/functions/f{end}",
    ]
