"""Events as messages and as server-sent events, for payloads of every kind."""

import json
from typing import Any

import pytest
from google.protobuf.message_factory import GetMessageClass
from stigmer_engine import EventError, EventLog, EventType, ProgressEvent, Status
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent
from stigmer_proto_json import json_from_struct
from stigmer_runner.http_port.sse import event_stream
from stigmer_runner.messages import progress_message


def event(number: int = 1, kind: EventType = EventType.WORKFLOW_STARTED, **fields: Any) -> ProgressEvent:
    return ProgressEvent(
        workflow_execution_id="wex-1",
        event_type=kind,
        workflow_name="sample",
        status=Status.RUNNING,
        timestamp_ms=1_764_000_000_123,
        sequence_number=number,
        **fields,
    )


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def test_every_field_is_copied() -> None:
    full = event(
        task_name="t",
        message="m",
        payload={"output": {"n": 1, "list": [None, True, "x", 2.5]}},
        error=EventError(code="C", message="e", stack_trace="s", type="u", status=400, instance="/do/0/t"),
        task_progress=50,
        task_reference="/do/0/t",
        attempt=2,
    )
    message = progress_message(full)
    told = full.to_json()
    for field in WorkflowProgressEvent.DESCRIPTOR.fields:
        if field.name == "payload":
            assert json_from_struct(message.payload) == told["payload"]
        elif field.name == "error":
            assert message.error is not None
            assert {name: getattr(message.error, name) for name in told["error"]} == told["error"]
        else:
            assert getattr(message, field.name) == told[field.name]


@pytest.mark.parametrize(
    "payload",
    [{"a": nested(31)}, {"a": nested(32)}, {"a": nested(500)}, {"a": nested(100_000)}, {"a": [[[[1]]]] * 3}],
    ids=["31", "32", "500", "100000", "lists"],
)
def test_no_depth_is_unreadable_for_peers(payload: Any) -> None:
    data = bytes(progress_message(event(payload=payload)))
    GetMessageClass(WorkflowProgressEvent.DESCRIPTOR).FromString(data)


def test_numbers_that_are_no_doubles_become_text() -> None:
    message = progress_message(event(payload={"big": 10**400, "nan": float("nan"), "fine": 7, "yes": True}))
    assert json_from_struct(message.payload) == {"big": str(10**400), "nan": "nan", "fine": 7, "yes": True}


async def test_silence_is_filled_and_events_follow() -> None:
    log = EventLog()
    log.append(event())
    stream = event_stream(log.follow(), keep_alive=0.01)
    assert (await anext(stream)).startswith("id: 1\nevent: workflow_started\ndata: {")
    assert await anext(stream) == ": still here\n\n"
    log.append(event(2, EventType.WORKFLOW_COMPLETED, message="line\nbreak"))
    rest = [frame async for frame in stream]
    last = rest[-1]
    assert last.startswith("id: 2\n")
    assert last.count("\n") == 4
    assert json.loads(last.splitlines()[2].removeprefix("data: "))["message"] == "line\nbreak"
    assert set(rest[:-1]) <= {": still here\n\n"}
