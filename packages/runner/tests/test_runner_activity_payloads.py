"""What the activity `ExecuteWorkflow` takes and gives, payload by payload; see also tests/contract/test_modes.py."""

import json
from pathlib import Path

import pytest
from stigmer_engine import EventError, Snapshot, Status, TaskSnapshot
from stigmer_engine.runtimes.temporal.payloads import PayloadsConfig, data_converter, parse_keys
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import WorkflowExecution, WorkflowExecutionStatus
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowExecuteInput
from stigmer_runner.activity_port.answers import TooLarge, Waiting, answer
from stigmer_runner.activity_port.codec_mark import marking, was_encoded
from stigmer_runner.activity_port.encodings import Encoding, read, write
from stigmer_runner.activity_port.status_message import status_message
from stigmer_runner.refusals import Reason, Refused
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter

ID = "wex-1"
ENDED = Snapshot(
    execution_id=ID,
    workflow_name="sample",
    status=Status.COMPLETED,
    started_at_ms=1_700_000_000_000,
    completed_at_ms=1_700_000_001_500,
    output=[1, 2],
    tasks={
        "/do/0/ask": TaskSnapshot(
            name="ask", reference="/do/0/ask", status=Status.COMPLETED, runs=2, input={"a": 1}, output="text"
        ),
        "/do/1/skip": TaskSnapshot(name="skip", reference="/do/1/skip", status=Status.COMPLETED, skipped=True),
    },
)


def payload(data: object, *, encoding: str = "json/protobuf", kind: str = "") -> Payload:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    metadata = {"encoding": encoding.encode()} | ({"messageType": kind.encode()} if kind else {})
    return Payload(metadata=metadata, data=raw)


@pytest.mark.parametrize(
    "kind",
    [
        "ai.stigmer.agentic.workflowrunner.v1.WorkflowExecuteInput",
        "ai.stigmer.workflow.runner.v1.WorkflowExecuteInput",
        "",
    ],
)
@pytest.mark.parametrize("fields", [{"workflowExecutionId": ID}, {"workflow_execution_id": ID, "later": {"x": 1}}])
def test_an_input_is_known_by_its_name_or_its_fields(kind: str, fields: dict[str, object]) -> None:
    asked = read(payload(fields, kind=kind))
    assert asked.message == WorkflowExecuteInput(workflow_execution_id=ID)
    assert asked.encoding is Encoding.JSON_PROTOBUF


def test_an_execution_is_what_is_no_input() -> None:
    found = read(payload({"apiVersion": "v", "metadata": {"id": ID}, "spec": {}}, encoding="json/plain")).message
    assert isinstance(found, WorkflowExecution)
    assert found.metadata is not None
    assert found.metadata.id == ID
    kind = "ai.stigmer.agentic.workflowexecution.v1.WorkflowExecution"
    assert read(payload(bytes(found), encoding="binary/protobuf", kind=kind)).message == found


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (payload({}, encoding="json/other"), "its encoding is 'json/other'"),
        (payload(b"\x0a\x01x", encoding="binary/protobuf"), "no messageType"),
        (payload({}, kind="test.Other"), "it is a test.Other"),
        (payload(b"{", encoding="json/plain"), "no JSON"),
        (payload([1]), "no JSON object"),
        (payload({"workflowExecutionId": 7}), "no WorkflowExecuteInput"),
        (payload(b"\xff\xff", encoding="binary/protobuf", kind="x.WorkflowExecution"), "no WorkflowExecution"),
    ],
)
def test_what_cannot_be_read_is_refused(given: Payload, said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        read(given)
    assert refused.value.reason is Reason.INVALID_REQUEST


@pytest.mark.parametrize("encoding", list(Encoding))
def test_the_answer_is_in_the_encoding_of_the_question(encoding: Encoding) -> None:
    given = write(status_message(ENDED), encoding)
    assert given.metadata["encoding"].decode() == encoding
    if encoding is Encoding.BINARY_PROTOBUF:
        assert WorkflowExecutionStatus.parse(given.data) == status_message(ENDED)
        return
    shown = json.loads(given.data)
    assert (shown["phase"], shown["startedAt"], shown["completedAt"]) == (
        "EXECUTION_COMPLETED",
        "2023-11-14T22:13:20.000Z",
        "2023-11-14T22:13:21.500Z",
    )
    assert shown["output"] == {"value": [1, 2]}
    assert shown["temporalWorkflowId"] == f"stigmer/workflow-execution/interpret/{ID}"
    first, second = shown["tasks"]
    assert (first["taskId"], first["status"], first["input"]) == ("/do/0/ask", "WORKFLOW_TASK_COMPLETED", {"a": 1})
    assert (first["output"], first["metadata"]) == ({"value": "text"}, {"attempt": 1, "runs": 2})
    assert second["status"] == "WORKFLOW_TASK_SKIPPED"


def test_a_failure_is_told_in_a_sentence() -> None:
    failed = Snapshot(execution_id=ID, status=Status.FAILED, error=EventError(code="E", message="it broke"))
    assert status_message(failed).error == "it broke"
    assert status_message(Snapshot(execution_id=ID, status=Status.CANCELLED, message="by hand")).error == ""


def test_a_status_that_is_too_large_loses_the_values_of_tasks_first() -> None:
    waiting = Waiting(task_token=b"t", encoding=Encoding.JSON_PROTOBUF, coded=False)
    big = TaskSnapshot(name="big", reference="/do/0/big", status=Status.COMPLETED, output="x" * 2_000_000)
    shown = json.loads(answer(Snapshot(status=Status.COMPLETED, output={"a": 1}, tasks={"/": big}), waiting).data)
    assert shown["output"] == {"a": 1}
    assert "output" not in shown["tasks"][0]
    huge = Snapshot(status=Status.COMPLETED, output="x" * 2_000_000)
    with pytest.raises(TooLarge):
        answer(huge, waiting)
    # With our codec it goes to the blob store, whatever its size.
    assert len(answer(huge, Waiting(task_token=b"t", encoding=Encoding.JSON_PROTOBUF, coded=True)).data) > 2_000_000


def test_a_token_says_who_waits_and_how() -> None:
    waiting = Waiting(task_token=b"\x00\xff.", encoding=Encoding.BINARY_PROTOBUF, coded=True)
    assert Waiting.from_token(waiting.to_token()) == waiting


async def test_only_callers_with_the_codec_get_encoded_answers(tmp_path: Path) -> None:
    keys = parse_keys("k1:" + "A" * 43 + "=")
    converter = marking(data_converter(PayloadsConfig(place=tmp_path, keys=keys)))
    assert converter.payload_codec is not None
    [encoded] = await converter.encode([{"a": 1}])
    [plain] = await DataConverter.default.encode([{"a": 1}])
    assert encoded.metadata["encoding"] != plain.metadata["encoding"]
    [from_us, from_others] = await converter.payload_codec.decode([encoded, plain])
    assert (was_encoded(from_us), was_encoded(from_others)) == (True, False)
    assert from_us.data == from_others.data
