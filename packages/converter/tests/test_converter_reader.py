"""Files: JSON, YAML and binary, whole resources, hostile input, and one report for everything."""

import json
from typing import Any

import pytest
from stigmer_converter import (
    ConversionError,
    ConvertOptions,
    convert,
    convert_source,
    format_of,
    read_spec,
    spec_from_binary,
    spec_from_json,
    spec_from_yaml,
)
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import Workflow
from stigmer_proto.ai.stigmer.commons.apiresource import WorkflowTaskKind

SNAKE = {
    "description": "d",
    "document": {"dsl": "1.0.0", "namespace": "shop", "name": "x", "version": "1.0.0"},
    "tasks": [
        {
            "name": "t", "kind": "HTTP_CALL", "export": {"as": "${.}"}, "flow": {"then": "end"},
            "task_config": {"method": "GET", "endpoint": {"uri": "https://x"}, "timeout_seconds": 5},
        }
    ],
    "env_spec": {"data": {"A": {"value": "b", "is_secret": False, "description": "c"}}},
}  # fmt: skip
CAMEL = {
    **{key: SNAKE[key] for key in ("description", "document")},
    "tasks": [
        {
            "name": "t", "kind": "WORKFLOW_TASK_KIND_HTTP_CALL", "export": {"as": "${.}"}, "flow": {"then": "end"},
            "taskConfig": {"method": "GET", "endpoint": {"uri": "https://x"}, "timeoutSeconds": "5"},
        }
    ],
    "envSpec": {"data": {"A": {"value": "b", "isSecret": False, "description": "c"}}},
}  # fmt: skip
YAML = """
# A comment, and keys of both cases.
description: d
document: {dsl: 1.0.0, namespace: shop, name: x, version: 1.0.0}
tasks:
  - name: t
    kind: http_call
    taskConfig: {method: GET, endpoint: {uri: https://x}, timeout_seconds: 5}
    export: {as: "${.}"}
    flow: {then: end}
env_spec: {data: {A: {value: b, description: c}}}
"""


def resource(spec: Any) -> dict[str, Any]:
    return {"apiVersion": "agentic.stigmer.ai/v1", "kind": "Workflow", "metadata": {"name": "X"}, "spec": spec}


def codes(error: pytest.ExceptionInfo[ConversionError]) -> set[tuple[str, str]]:
    return {(problem.path, problem.code) for problem in error.value.problems}


def test_all_forms_are_one_specification() -> None:
    expected = convert(spec_from_json(json.dumps(SNAKE))).yaml
    texts = [json.dumps(CAMEL), json.dumps(resource(SNAKE)), json.dumps({**resource(CAMEL), "status": {}})]
    assert [convert_source(text, "json").yaml for text in texts] == [expected] * 3
    assert [convert_source(text, "yaml").yaml for text in [*texts, YAML]] == [expected] * 4
    assert convert(spec_from_yaml(YAML)).yaml == expected
    message = spec_from_json(json.dumps(CAMEL).encode())
    assert message.tasks[0].kind is WorkflowTaskKind.HTTP_CALL
    whole = Workflow(api_version="agentic.stigmer.ai/v1", kind="Workflow", spec=message)
    for data in (bytes(message), bytes(whole)):
        assert spec_from_binary(data) == message
        assert convert_source(data, "binary").yaml == expected


def test_the_order_of_keys_does_not_matter() -> None:
    turned = json.dumps(dict(reversed(SNAKE.items())))
    assert convert_source(turned, "json").yaml == convert_source(json.dumps(SNAKE), "json").yaml


@pytest.mark.parametrize(
    ("name", "expected"), [("a.json", "json"), ("A.YAML", "yaml"), ("x/y.yml", "yaml"), ("a.b.binpb", "binary")]
)
def test_the_file_name_tells_the_format(name: str, expected: str) -> None:
    assert format_of(name) == expected


def test_another_file_name_is_refused() -> None:
    with pytest.raises(ConversionError, match=r"Use \.json"):
        format_of("spec.toml")


BAD_TEXTS = [
    (b"\xff\xfe", "json", "invalid-encoding"),
    (b"\xff\xfe", "yaml", "invalid-encoding"),
    ("{", "json", "invalid-syntax"),
    ("", "json", "invalid-syntax"),
    ('{"a": 1, "a": 2}', "json", "duplicate-key"),
    ('{"tasks": NaN}', "json", "invalid-value"),
    ("1" * 5000, "json", "invalid-syntax"),
    ("a: [", "yaml", "invalid-syntax"),
    ("a: 1\na: 2", "yaml", "duplicate-key"),
    (b"\x0a\xff", "binary", "invalid-syntax"),
]


@pytest.mark.parametrize(("data", "spec_format", "code"), BAD_TEXTS)
def test_data_that_is_not_of_the_format(data: Any, spec_format: Any, code: str) -> None:
    with pytest.raises(ConversionError) as caught:
        convert_source(data, spec_format)
    assert [problem.code for problem in caught.value.problems] == [code]


@pytest.mark.parametrize("spec_format", ["json", "yaml", "binary"])
def test_a_file_that_is_too_large(spec_format: Any) -> None:
    with pytest.raises(ConversionError) as caught:
        convert_source("x" * 101, spec_format, ConvertOptions(max_bytes=100))
    assert codes(caught) == {("", "too-large")}


def test_the_repeated_key_is_named() -> None:
    keys = ", ".join(f'"k{index}": 1' for index in range(50_000))
    with pytest.raises(ConversionError, match="`k49999`"):
        convert_source(f'{{{keys}, "k49999": 2}}', "json")


@pytest.mark.parametrize("value", ["[]", "5", '"x"', "null"])
def test_json_that_is_no_object(value: str) -> None:
    with pytest.raises(ConversionError) as caught:
        convert_source(value, "json")
    assert ("", "wrong-type") in codes(caught)


def test_another_resource_is_refused() -> None:
    with pytest.raises(ConversionError) as caught:
        convert_source(json.dumps({**resource(SNAKE), "kind": "Agent", "extra": 1}), "json")
    assert codes(caught) == {("kind", "invalid-value"), ("extra", "unknown-key")}


def test_outer_and_inner_problems_come_in_one_report() -> None:
    bad = {**SNAKE, "extra": 1, "tasks": [{"name": "t", "kind": "WAIT", "task_config": {"minutes": 1}}]}
    with pytest.raises(ConversionError) as caught:
        convert_source(json.dumps({**resource(bad), "kind": "Agent"}), "json")
    assert {"kind", "extra", "tasks[0].task_config.minutes"} <= {path for path, _ in codes(caught)}


def test_reading_alone_reports_what_a_message_cannot_hold() -> None:
    bad = {**SNAKE, "extra": 1, "tasks": [{"name": 5, "kind": "NOPE", "task_config": {"unseen": 1}, "when": ""}]}
    with pytest.raises(ConversionError) as caught:
        read_spec(json.dumps(bad), "json")
    assert codes(caught) == {
        ("extra", "unknown-key"), ("tasks[0].name", "wrong-type"), ("tasks[0].kind", "unknown-kind"),
        ("tasks[0].when", "unknown-key"),
    }  # fmt: skip
