"""Whether a run's events tell a story that can be true: every task opened once, closed once, inside its parent."""

import itertools
from collections.abc import Iterator, Sequence

from stigmer_engine.events import EventType, ProgressEvent, Status
from stigmer_engine.testing.law.node import Node, list_prefix, walk

_CLOSING = (EventType.TASK_COMPLETED, EventType.TASK_FAILED)


def parents_of(nodes: tuple[Node, ...], prefix: str = "/do", parent: str = "") -> dict[str, str]:
    """The parent of every task by reference; that of the outermost ones is the empty text."""
    found: dict[str, str] = {}
    for index, node in enumerate(nodes):
        reference = f"{prefix}/{index}/{node.name}"
        found[reference] = parent
        if node.kind == "fork":
            branches = tuple(branch[0] for branch in node.lists)
            found |= parents_of(branches, list_prefix(node, reference, 0), reference)
        else:
            for number, inner in enumerate(node.lists):
                found |= parents_of(inner, list_prefix(node, reference, number), reference)
    return found


def flaws(events: Sequence[ProgressEvent], nodes: tuple[Node, ...]) -> Iterator[str]:
    """Everything about the events that cannot be, as sentences."""
    if [event.sequence_number for event in events] != list(range(1, len(events) + 1)):
        yield f"sequence numbers are {[event.sequence_number for event in events]}"
    kinds = [event.event_type for event in events]
    opening = [EventType.WORKFLOW_STARTED, EventType.WORKFLOW_VALIDATING, EventType.WORKFLOW_VALIDATED]
    if kinds[:3] != opening:
        yield f"the run opens with {kinds[:3]}"
    if [event for event in events if event.terminal] != [events[-1]]:
        yield "the terminal event is not the last one, or there are several"
    if any(earlier.timestamp_ms > later.timestamp_ms for earlier, later in itertools.pairwise(events)):
        yield "time runs backwards"
    yield from _task_flaws(events[3:-1], parents_of(nodes), {n.name: n for n in walk(nodes)})


def _task_flaws(events: Sequence[ProgressEvent], parents: dict[str, str], by_name: dict[str, Node]) -> Iterator[str]:
    open_tasks: set[str] = set()
    for event in events:
        reference = event.task_reference
        for flaw in _event_flaws(event, open_tasks, parents, by_name):
            yield f"{event.sequence_number} {event.event_type} {reference}: {flaw}"
        if event.event_type is EventType.TASK_STARTED:
            open_tasks.add(reference)
        elif event.event_type in _CLOSING:
            open_tasks.discard(reference)
    if open_tasks:
        yield f"never closed: {sorted(open_tasks)}"


def _event_flaws(
    event: ProgressEvent, open_tasks: set[str], parents: dict[str, str], by_name: dict[str, Node]
) -> Iterator[str]:
    reference = event.task_reference
    if reference not in parents:
        yield "there is no such task"
        return
    parent = parents[reference]
    if parent and parent not in open_tasks:
        yield "its parent is not open"
    if event.event_type in (EventType.TASK_STARTED, EventType.TASK_SKIPPED):
        if reference in open_tasks:
            yield "it is open already"
        parallel = bool(parent) and by_name[parent.rpartition("/")[2]].kind == "fork"
        if not parallel and any(parents[other] == parent for other in open_tasks):
            yield "another task of the list is open"
    elif event.event_type is EventType.TASK_RETRY or event.event_type in _CLOSING:
        if reference not in open_tasks:
            yield "it is not open"
        if any(parents[other] == reference for other in open_tasks):
            yield "tasks inside are open"
    else:
        yield "it does not belong here"
    if event.event_type in _CLOSING:
        yield from _closing_flaws(event)


def _closing_flaws(event: ProgressEvent) -> Iterator[str]:
    if (event.event_type is EventType.TASK_COMPLETED) is not (event.status is Status.COMPLETED):
        yield f"it has status {event.status}"
    if (event.error is not None) is not (event.status is Status.FAILED):
        yield f"status {event.status} with error {event.error}"
