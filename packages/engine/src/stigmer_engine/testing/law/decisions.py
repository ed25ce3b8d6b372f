"""What decides a fork is decided once: seen in the frozen trees, and in the events."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.events import EventType, ProgressEvent, Status
from stigmer_engine.testing.law.event_tree import parents_of
from stigmer_engine.testing.law.law_broken import LawBroken
from stigmer_engine.testing.law.node import Node, walk

_Place = tuple[str, JsonValue]


def check_decisions(trees: list[JsonObject]) -> None:
    """A winner, a first failure or an ending branch, once in a tree, stays while that fork is open."""
    known: dict[_Place, dict[str, JsonValue]] = {}
    for tree in trees:
        found = dict(_forks(tree["tree"]))
        for place, fork in found.items():
            for name, value in known.get(place, {}).items():
                if fork.get(name) != value:
                    raise LawBroken(f"decision: {name} of {place[0]} was {value} and became {fork.get(name)}")
        known = {
            place: {name: fork[name] for name in ("winner", "first_failure", "ended_by") if fork.get(name) is not None}
            for place, fork in found.items()
        }


def _forks(frame: JsonValue, place: _Place = ("", None)) -> Iterable[tuple[_Place, JsonObject]]:
    if isinstance(frame, list):
        for item in frame:
            yield from _forks(item, place)
    elif isinstance(frame, dict):
        if frame.get("kind") == "task":
            place = (str(frame["reference"]), frame["started_at"])
        if frame.get("kind") == "fork":
            yield place, frame
        for value in frame.values():
            yield from _forks(value, place)


@dataclass(slots=True)
class _OpenFork:
    """One run of a fork: when it was decided, and what the deciding branches gave."""

    decided_at: int | None = None
    outputs: list[JsonValue] = field(default_factory=list)


def decision_flaws(events: Sequence[ProgressEvent], nodes: tuple[Node, ...]) -> Iterator[str]:
    """What happens in a fork after its decision, except the cancellation of the other branches.

    Branches that had their turn in the very moment of the decision are forgiven: nothing can come between them.
    """
    parents = parents_of(nodes)
    forks = {node.name: node for node in walk(nodes) if node.kind == "fork"}
    open_forks: dict[str, _OpenFork] = {}
    for event in events:
        reference = event.task_reference
        for fork in (one for one in open_forks if reference.startswith(one + "/")):
            decided_at = open_forks[fork].decided_at
            late = decided_at is not None and event.timestamp_ms > decided_at
            if late and event.status is not Status.CANCELLED:
                yield f"{event.sequence_number} {event.event_type} {reference}: {fork} had been decided"
        if reference.rpartition("/")[2] in forks:
            if event.event_type is EventType.TASK_STARTED:
                open_forks[reference] = _OpenFork()
            elif event.event_type in (EventType.TASK_COMPLETED, EventType.TASK_FAILED):
                yield from _end(event, open_forks.pop(reference, None), forks[reference.rpartition("/")[2]])
        parent = parents.get(reference, "")
        if parent in open_forks:
            _decide(event, open_forks[parent], forks[parent.rpartition("/")[2]])


def _decide(event: ProgressEvent, fork: _OpenFork, node: Node) -> None:
    completed = event.event_type in (EventType.TASK_COMPLETED, EventType.TASK_SKIPPED)
    failed = event.event_type is EventType.TASK_FAILED and event.status is Status.FAILED
    if (completed if node.compete else failed) and fork.decided_at in (None, event.timestamp_ms):
        fork.decided_at = event.timestamp_ms
        fork.outputs.append((event.payload or {}).get("output"))


def _end(event: ProgressEvent, fork: _OpenFork | None, node: Node) -> Iterator[str]:
    if fork is None or not node.compete or event.event_type is not EventType.TASK_COMPLETED:
        return
    output = (event.payload or {}).get("output")
    if output not in fork.outputs:
        yield f"{event.sequence_number} {event.task_reference}: gives {output}, the winners gave {fork.outputs}"
