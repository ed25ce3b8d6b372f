"""Where betterproto2 differs from other implementations; consumers rely on what is written here.

docs/decisions/0103-betterproto2-differences.md tells what each of them means for us. A test that fails after an update
of betterproto2 may be good news: remove the workaround it stands for.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from google.protobuf import struct_pb2
from google.protobuf.message import DecodeError
from stigmer_proto.ai.stigmer.agentic.agent.v1 import Agent
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import Workflow, WorkflowSpec, WorkflowTask
from stigmer_proto.ai.stigmer.agentic.workflow.v1.tasks import AgentExecutionConfig
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceAuditInfo, WorkflowTaskKind
from stigmer_proto.google.protobuf import Struct
from stigmer_proto_json import (
    WIRE_DEPTH,
    MalformedMessage,
    StructError,
    json_from_struct,
    parse_exact,
    payload_from_json,
    struct_from_json,
)


def nested(levels: int) -> dict[str, object]:
    value: dict[str, object] = {"leaf": 1}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def test_unknown_fields_survive() -> None:
    # `Workflow.spec` (4) stands for what a newer peer puts where `Agent` declares nothing.
    data = bytes(Workflow(kind="Agent", spec=WorkflowSpec(description="kept")))
    assert bytes(Agent.parse(data)) == data


def test_unknown_enum_values_survive_in_binary_and_json() -> None:
    task = WorkflowTask(kind=WorkflowTaskKind(99))
    assert WorkflowTask.parse(bytes(task)).kind == 99
    assert WorkflowTask.from_json(task.to_json()).kind == 99
    assert WorkflowTaskKind(99).name == ""


def test_enum_names_are_read_with_and_without_prefix_and_unknown_ones_refused() -> None:
    full = WorkflowTask.from_json('{"kind": "WORKFLOW_TASK_KIND_HTTP_CALL"}')
    short = WorkflowTask.from_json('{"kind": "HTTP_CALL"}')
    assert full.kind == short.kind == WorkflowTaskKind.HTTP_CALL
    with pytest.raises(ValueError, match="NOPE"):
        WorkflowTask.from_json('{"kind": "NOPE"}')


def test_negative_zero_is_taken_for_unset() -> None:
    assert bytes(AgentExecutionConfig(temperature=-0.0)) == b""


def test_timestamps_keep_microseconds_only_and_need_a_zone() -> None:
    read = ApiResourceAuditInfo.from_json('{"createdAt": "2026-01-01T00:00:00.123456789Z"}')
    assert read.created_at == datetime(2026, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)
    with pytest.raises(ValueError, match="timezone"):
        bytes(ApiResourceAuditInfo(created_at=datetime(2026, 1, 1)))  # noqa: DTZ001 - the case under test


@pytest.mark.parametrize("data", [b"\xff\xff\xff", b"\x0a\x05ab"], ids=["no message", "cut off"])
def test_malformed_data_is_read_as_less_unless_parsed_exactly(data: bytes) -> None:
    assert isinstance(WorkflowTask.parse(data), WorkflowTask)
    with pytest.raises(MalformedMessage, match=r"ai\.stigmer\.agentic\.workflow\.v1\.WorkflowTask"):
        parse_exact(WorkflowTask, data)


def test_exact_parsing_refuses_text_that_is_not_utf8_and_reads_good_data() -> None:
    with pytest.raises(MalformedMessage):
        parse_exact(WorkflowTask, b"\x0a\x02\xff\xfe")
    assert parse_exact(WorkflowTask, b"\x0a\x01x") == WorkflowTask(name="x")


def test_wire_depth_is_what_other_implementations_read() -> None:
    deepest = bytes(payload_from_json(nested(WIRE_DEPTH)))
    assert struct_pb2.Struct.FromString(deepest).fields["a"]
    too_deep = bytes(struct_from_json(nested(WIRE_DEPTH + 2)))
    with pytest.raises(DecodeError):
        struct_pb2.Struct.FromString(too_deep)
    with pytest.raises(StructError, match="too deeply"):
        payload_from_json(nested(WIRE_DEPTH + 1))


def test_deep_data_ends_in_one_error() -> None:
    with pytest.raises(StructError, match="too deeply"):
        struct_from_json(nested(10_000))


def test_a_value_without_content_is_null() -> None:
    theirs = struct_pb2.Struct()
    theirs.fields["empty"].SetInParent()
    assert json_from_struct(Struct.parse(theirs.SerializeToString())) == {"empty": None}
