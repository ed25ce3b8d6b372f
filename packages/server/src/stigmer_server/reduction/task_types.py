"""What the tasks of a document are for, in the contract's words: known before the run, kept with the execution."""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from stigmer_dsl import load
from stigmer_dsl.models import (
    CallTask,
    DoTask,
    ForkTask,
    ForTask,
    ListenTask,
    SetTask,
    SwitchTask,
    TaskBase,
    TaskList,
    TryTask,
)
from stigmer_dsl.models.call_task import PROTOCOLS
from stigmer_dsl.syntax.tree import join_pointer
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import WorkflowTaskType

TaskTypes = Mapping[str, WorkflowTaskType]
"""Types of tasks by their reference, and by their name where all tasks of that name are of one type."""

NO_TASK_TYPES: Final[TaskTypes] = MappingProxyType({})
_CUSTOM: Final = WorkflowTaskType.WORKFLOW_TASK_CUSTOM
_KEPT: Final = 256


def type_of(types: TaskTypes, reference: str, name: str) -> WorkflowTaskType:
    """The type of the task with this reference, or else with this name; CUSTOM when neither is known."""
    return types.get(reference) or types.get(name, _CUSTOM)


@lru_cache(maxsize=_KEPT)
def pack_task_types(document: str) -> bytes:
    """The types of the tasks of a document, as `task_types` reads them. Tasks that are CUSTOM are left out."""
    by_reference: dict[str, WorkflowTaskType] = {}
    by_name: dict[str, set[WorkflowTaskType]] = {}
    for reference, name, task in _tasks(load(document).workflow.do, "/do"):
        by_reference[reference] = _type(task)
        by_name.setdefault(name, set()).add(by_reference[reference])
    unmistakable = {name: found.pop() for name, found in by_name.items() if len(found) == 1}
    told = {key: int(kind) for key, kind in {**unmistakable, **by_reference}.items() if kind is not _CUSTOM}
    return json.dumps(told, separators=(",", ":")).encode()


@lru_cache(maxsize=_KEPT)
def task_types(packed: bytes | None) -> TaskTypes:
    """The types that `pack_task_types` packed; none for an execution that was stored without."""
    if not packed:
        return NO_TASK_TYPES
    return MappingProxyType({key: WorkflowTaskType(kind) for key, kind in json.loads(packed).items()})


def _type(task: TaskBase) -> WorkflowTaskType:
    match task:
        case CallTask(call="agent"):
            return WorkflowTaskType.WORKFLOW_TASK_AGENT_INVOCATION
        case CallTask(call=call) if call in PROTOCOLS:
            return WorkflowTaskType.WORKFLOW_TASK_API_CALL
        case SwitchTask():
            return WorkflowTaskType.WORKFLOW_TASK_CONDITIONAL
        case ForkTask():
            return WorkflowTaskType.WORKFLOW_TASK_PARALLEL
        case SetTask():
            return WorkflowTaskType.WORKFLOW_TASK_TRANSFORM
        case _:
            return _CUSTOM


def _tasks(tasks: TaskList, place: str) -> Iterator[tuple[str, str, TaskBase]]:
    """Reference, name and model of every task of a list and within its tasks."""
    for index, named in enumerate(tasks):
        reference = join_pointer(place, index, named.name)
        yield reference, named.name, named.task
        yield from _within(named.task, reference)


def _within(task: TaskBase, reference: str) -> Iterator[tuple[str, str, TaskBase]]:
    match task:
        case DoTask():
            yield from _tasks(task.do, f"{reference}/do")
        case ForTask():
            yield from _tasks(task.do, f"{reference}/for/do")
        case ForkTask():
            yield from _tasks(task.fork.branches, f"{reference}/fork/branches")
        case TryTask():
            yield from _tasks(task.try_, f"{reference}/try")
            yield from _tasks(task.catch.do or (), f"{reference}/catch/do")
        case ListenTask():
            yield from _tasks((task.foreach.do if task.foreach else None) or (), f"{reference}/foreach/do")
