"""Which functions convert which kind, in both directions, and how the kinds are called."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_proto.ai.stigmer.commons.apiresource import WorkflowTaskKind

from stigmer_converter.construct import Construct
from stigmer_converter.context import Context
from stigmer_converter.fields import Fields
from stigmer_converter.kinds import (
    agent_call,
    call_activity,
    for_task,
    fork_task,
    grpc_call,
    http_call,
    listen_task,
    raise_task,
    run_task,
    set_task,
    switch_task,
    try_task,
    wait_task,
)
from stigmer_converter.reverse_context import ReverseContext

_PREFIX = "WORKFLOW_TASK_KIND_"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindEntry:
    """A kind's two functions and the name that later versions of the contract give it."""

    convert: Callable[[Fields, Context], JsonObject]
    revert: Callable[[Construct, ReverseContext], JsonObject]
    later_name: str


def entry_of(kind: WorkflowTaskKind) -> KindEntry | None:  # noqa: C901 - one case a kind
    """Return the entry of a kind, None for the unspecified one."""
    match kind:
        case WorkflowTaskKind.UNSPECIFIED:
            return None
        case WorkflowTaskKind.SET:
            return KindEntry(convert=set_task.convert, revert=set_task.revert, later_name="set_vars")
        case WorkflowTaskKind.HTTP_CALL:
            return KindEntry(convert=http_call.convert, revert=http_call.revert, later_name="http_call")
        case WorkflowTaskKind.GRPC_CALL:
            return KindEntry(convert=grpc_call.convert, revert=grpc_call.revert, later_name="grpc_call")
        case WorkflowTaskKind.CALL_ACTIVITY:
            return KindEntry(convert=call_activity.convert, revert=call_activity.revert, later_name="activity_call")
        case WorkflowTaskKind.SWITCH:
            return KindEntry(convert=switch_task.convert, revert=switch_task.revert, later_name="switch_case")
        case WorkflowTaskKind.FOR:
            return KindEntry(convert=for_task.convert, revert=for_task.revert, later_name="for_each")
        case WorkflowTaskKind.FORK:
            return KindEntry(convert=fork_task.convert, revert=fork_task.revert, later_name="fork")
        case WorkflowTaskKind.TRY:
            return KindEntry(convert=try_task.convert, revert=try_task.revert, later_name="try_catch")
        case WorkflowTaskKind.LISTEN:
            return KindEntry(convert=listen_task.convert, revert=listen_task.revert, later_name="listen")
        case WorkflowTaskKind.WAIT:
            return KindEntry(convert=wait_task.convert, revert=wait_task.revert, later_name="wait")
        case WorkflowTaskKind.RAISE:
            return KindEntry(convert=raise_task.convert, revert=raise_task.revert, later_name="raise_error")
        case WorkflowTaskKind.RUN:
            return KindEntry(convert=run_task.convert, revert=run_task.revert, later_name="run_workflow")
        case WorkflowTaskKind.AGENT_CALL:
            return KindEntry(convert=agent_call.convert, revert=agent_call.revert, later_name="agent_call")
        case _ as unreachable:
            assert_never(unreachable)


KINDS = tuple(kind for kind in WorkflowTaskKind if entry_of(kind) is not None)
"""Every kind that a task can have."""


def _names() -> dict[str, WorkflowTaskKind]:
    names: dict[str, WorkflowTaskKind] = {}
    for kind in KINDS:
        entry = entry_of(kind)
        if entry is not None:
            names |= {kind.name: kind, _PREFIX + kind.name: kind, entry.later_name.upper(): kind}
    return names


_BY_NAME = _names()
_CALLS = {
    "http": WorkflowTaskKind.HTTP_CALL,
    "grpc": WorkflowTaskKind.GRPC_CALL,
    "activity": WorkflowTaskKind.CALL_ACTIVITY,
    "agent": WorkflowTaskKind.AGENT_CALL,
}
_BY_PROPERTY = {
    "set": WorkflowTaskKind.SET,
    "switch": WorkflowTaskKind.SWITCH,
    "for": WorkflowTaskKind.FOR,
    "fork": WorkflowTaskKind.FORK,
    "try": WorkflowTaskKind.TRY,
    "listen": WorkflowTaskKind.LISTEN,
    "wait": WorkflowTaskKind.WAIT,
    "raise": WorkflowTaskKind.RAISE,
    "run": WorkflowTaskKind.RUN,
    "do": WorkflowTaskKind.TRY,
}


def kind_named(value: JsonValue) -> WorkflowTaskKind | None:
    """Return the kind for a number or any of its names (`HTTP_CALL`, `WORKFLOW_TASK_KIND_HTTP_CALL`, `http_call`)."""
    if isinstance(value, str):
        return _BY_NAME.get(value.upper())
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return next((kind for kind in KINDS if kind.value == value), None)


def full_name(kind: WorkflowTaskKind) -> str:
    """Return the name of a kind as the contract's JSON writes it."""
    return _PREFIX + kind.name


def kind_of_task(task: JsonObject) -> WorkflowTaskKind | None:
    """Return the kind that a task of a document becomes, None when no kind can express it."""
    if "call" in task:
        return _CALLS.get(task["call"])
    return next((kind for name, kind in _BY_PROPERTY.items() if name in task), None)
