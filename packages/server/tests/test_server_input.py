"""Inputs against schemas: every misfit with its pointer, nothing fetched, no schema that harms."""

import json
from pathlib import Path
from typing import Any

import pytest
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_server.executions.input_check import check_input
from stigmer_server.refusals import Reason, Refused

from packages.server.tests.grpcio_peer import EXECUTION_COMMAND, EXECUTION_QUERY, WORKFLOW_COMMAND, Peer
from packages.server.tests.http_server import http_server
from packages.server.tests.samples import execution, workflow

PLAIN = """\
document: {dsl: '1.0.0', namespace: shop, name: plain, version: '1.0.0'}
do:
- one:
    set: {a: '${ .a }'}
"""

NESTED = {
    "properties": {"a/b": {"items": {"type": "integer"}}, "~": {"$ref": "#/$defs/small"}},
    "$defs": {"small": {"maximum": 3}},
}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (None, {"a": 1}),
        (True, {"a": 1}),
        ({"required": ["a"], "properties": {"a": {"type": "number"}}}, {"a": 1.5}),
        (NESTED, {"a/b": [1, 2], "~": 3}),
    ],
)
def test_what_fits_is_taken(schema: JsonValue, value: JsonObject) -> None:
    check_input(schema, value)


def test_every_misfit_has_its_pointer() -> None:
    with pytest.raises(Refused) as refused:
        check_input(NESTED, {"a/b": [1, "x", 2.5], "~": 4})
    assert {problem.pointer for problem in refused.value.problems} == {"/a~1b/1", "/a~1b/2", "/~0"}
    assert refused.value.reason is Reason.INVALID_REQUEST


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:1/schema.json"},
        {"properties": {"a": {"$ref": "file:///etc/passwd"}}},
        {"type": "nonsense"},
        {"pattern": "("},
        {"properties": {"a": {"pattern": "("}}},
    ],
)
def test_a_schema_that_cannot_be_used_refuses_the_input(schema: JsonValue) -> None:
    with pytest.raises(Refused, match="cannot be used") as refused:
        check_input(schema, {"a": "x"})
    assert refused.value.field == "input"


def test_many_misfits_are_cut() -> None:
    with pytest.raises(Refused) as refused:
        check_input({"additionalProperties": {"type": "integer"}}, {f"k{number}": "x" for number in range(1000)})
    assert len(refused.value.problems) == 50


def annotated(workflow_id: str, text: str) -> dict[str, Any]:
    request = execution(workflow_id)
    request["metadata"]["annotations"] = {"stigmer.ai/input": text}
    return request


def with_schema(client: Peer, name: str) -> str:
    schema = {"type": "object", "required": ["amount"], "properties": {"amount": {"type": "integer"}}}
    request = workflow(name)
    request["metadata"]["annotations"] = {"stigmer.ai/input-schema": json.dumps(schema)}
    workflow_id: str = client.call(WORKFLOW_COMMAND, "apply", request).metadata.id
    return workflow_id


def test_an_input_by_grpc_is_checked_before_anything_is_stored(client: Peer) -> None:
    checked = with_schema(client, "checked-input")
    status, message = client.refusal(EXECUTION_COMMAND, "create", annotated(checked, '{"amount": "two"}'))
    assert (status, "/amount" in message, '"two" is not of type "integer"' in message) == (
        "INVALID_ARGUMENT",
        True,
        True,
    )
    missing = client.refusal(EXECUTION_COMMAND, "create", execution(checked, triggerMessage="hello"))
    assert '"amount" is a required property' in missing[1]
    run = client.call(EXECUTION_COMMAND, "create", annotated(checked, '{"amount": 2}'))
    by_instance = annotated("", '{"amount": "two"}')
    by_instance["spec"]["workflowInstanceId"] = run.spec.workflow_instance_id
    assert "/amount" in client.refusal(EXECUTION_COMMAND, "create", by_instance)[1]
    listed = client.call(EXECUTION_QUERY, "listByWorkflow", {"workflowId": checked})
    assert [entry.metadata.id for entry in listed.entries] == [run.metadata.id]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[1]", "it holds list"),
        ("{", "Expecting property name"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ('{"a": 1e400}', "(at /a)"),
        ('{"a": {"b": 1' + "0" * 400 + "}}", "(at /a/b)"),
        ('{"a": ' + "[" * 40 + "]" * 40 + "}", "nested too deeply"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        ('{"a": "\\ud800"}', "half of a surrogate pair"),
    ],
)
def test_an_input_that_no_runner_could_get_is_refused(client: Peer, text: str, why: str) -> None:
    workflow_id = client.call(WORKFLOW_COMMAND, "apply", workflow("any-input")).metadata.id
    status, message = client.refusal(EXECUTION_COMMAND, "create", annotated(workflow_id, text))
    assert status == "INVALID_ARGUMENT"
    assert "metadata.annotations['stigmer.ai/input']" in message
    assert why in message


@pytest.mark.parametrize("number", ["1e400", "1" + "0" * 400, '"\\ud800"', "[" * 40 + "]" * 40])
async def test_the_same_over_http_is_told_too(tmp_path: Path, number: str) -> None:
    async with http_server(tmp_path) as server:
        workflow_id = await server.register(PLAIN)
        content = f'{{"spec": {{"workflowId": "{workflow_id}"}}, "input": {{"a": {number}}}}}'
        answer = await server.client.post(
            "/api/v1/executions", content=content, headers={"content-type": "application/json"}
        )
        assert (answer.status_code, answer.json()["reason"]) == (400, "INVALID_REQUEST")


def test_an_update_neither_drops_nor_changes_the_input(client: Peer) -> None:
    checked = with_schema(client, "kept-input")
    run = client.call(EXECUTION_COMMAND, "create", annotated(checked, '{"amount": 2}'))
    request = {"metadata": {"id": run.metadata.id, "tags": ["kept"], "annotations": {"note": "mine"}}}
    changed = client.call(EXECUTION_COMMAND, "update", request)
    assert dict(changed.metadata.annotations) == {"note": "mine", "stigmer.ai/input": '{"amount": 2}'}
    request["metadata"]["annotations"] = {"stigmer.ai/input": '{"amount": "two"}'}
    status, message = client.refusal(EXECUTION_COMMAND, "update", request)
    assert (status, "cannot change" in message) == ("INVALID_ARGUMENT", True)
