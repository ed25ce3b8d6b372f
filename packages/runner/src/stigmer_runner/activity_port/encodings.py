"""Messages of the contract in the payloads of Temporal, in each encoding that SDKs use for protobuf.

The SDKs write `json/protobuf` (Go, Java, Python) or `binary/protobuf`, with the message's full name in the metadata
`messageType`; clients without the generated classes write `json/plain`. JSON is protobuf's own mapping.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import WorkflowExecution, WorkflowExecutionStatus
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowExecuteInput
from temporalio.api.common.v1 import Payload

from stigmer_runner.refusals import Reason, Refused

Input = WorkflowExecution | WorkflowExecuteInput
InputType = type[WorkflowExecution] | type[WorkflowExecuteInput]

_ENCODING: Final = "encoding"
_MESSAGE_TYPE: Final = "messageType"
_OF_INPUT: Final = frozenset({"workflowExecutionId", "workflow_execution_id", "workflowYaml", "workflow_yaml"})


class Encoding(StrEnum):
    """How a payload holds a message."""

    JSON_PROTOBUF = "json/protobuf"
    BINARY_PROTOBUF = "binary/protobuf"
    JSON_PLAIN = "json/plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came in: one of the two messages that the activity takes, and the encoding of it."""

    message: Input
    encoding: Encoding


def read(payload: Payload) -> Asked:
    """The message in a payload. Fields that this version does not know are passed over. Raises Refused."""
    name = payload.metadata.get(_ENCODING, b"").decode(errors="replace")
    try:
        encoding = Encoding(name)
    except ValueError:
        raise _unreadable(f"its encoding is {name!r}; send {', '.join(Encoding)}") from None
    kind = _kind(payload, encoding)
    try:
        return Asked(message=_message(kind, payload.data, encoding), encoding=encoding)
    except (json_format.ParseError, DecodeError, ValueError) as error:
        raise _unreadable(f"it is no {kind.__name__} in {encoding}: {error}") from None


def write(message: WorkflowExecutionStatus, encoding: Encoding) -> Payload:
    """The payload of a message."""
    metadata = {_ENCODING: encoding.value.encode()}
    if encoding is not Encoding.JSON_PLAIN:
        metadata[_MESSAGE_TYPE] = message.DESCRIPTOR.full_name.encode()
    return Payload(metadata=metadata, data=_data(message, encoding))


def _data(message: WorkflowExecutionStatus, encoding: Encoding) -> bytes:
    data = bytes(message)
    if encoding is Encoding.BINARY_PROTOBUF:
        return data
    peer = _class_of(type(message)).FromString(data)
    return json.dumps(json_format.MessageToDict(peer), separators=(",", ":")).encode()


def _message(kind: InputType, data: bytes, encoding: Encoding) -> Input:
    peer = _class_of(kind)
    if encoding is Encoding.BINARY_PROTOBUF:
        return kind.parse(peer.FromString(data).SerializeToString())
    # Newer peers may send fields that this version does not know.
    found = json_format.Parse(data, peer(), ignore_unknown_fields=True)
    return kind.parse(found.SerializeToString())


def _class_of(kind: InputType | type[WorkflowExecutionStatus]) -> type[Message]:
    """Protobuf's own class of a message: it knows the JSON mapping by heart, and what bytes are no message."""
    return GetMessageClass(kind.DESCRIPTOR)


def _kind(payload: Payload, encoding: Encoding) -> InputType:
    """By the name in the metadata, whose package differs between versions; else by the fields."""
    given = payload.metadata.get(_MESSAGE_TYPE, b"").decode(errors="replace")
    name = given.rpartition(".")[2]
    for kind in (WorkflowExecution, WorkflowExecuteInput):
        if name == kind.__name__:
            return kind
    if given:
        raise _unreadable(f"it is a {given}; send a WorkflowExecution or a WorkflowExecuteInput")
    if encoding is Encoding.BINARY_PROTOBUF:
        raise _unreadable("its metadata has no messageType, without which bytes say nothing")
    try:
        fields = json.loads(payload.data)
    except ValueError as error:
        raise _unreadable(f"it is no JSON: {error}") from None
    if not isinstance(fields, dict):
        raise _unreadable("it is no JSON object")
    return WorkflowExecuteInput if _OF_INPUT & fields.keys() else WorkflowExecution


def _unreadable(why: str) -> Refused:
    return Refused(Reason.INVALID_REQUEST, f"the argument of ExecuteWorkflow cannot be read: {why}")
