"""The four laws of frames, as checks that name what is broken."""

from collections.abc import Iterable

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.events import EventType, ProgressEvent, Status
from stigmer_engine.testing.law.documents import Case
from stigmer_engine.testing.law.drained_run import Record
from stigmer_engine.testing.law.event_tree import flaws
from stigmer_engine.testing.law.expectation import Ending
from stigmer_engine.testing.law.node import Node, list_prefix


class LawBroken(AssertionError):
    """A run that the law of frames does not allow."""


def check_alone(case: Case, record: Record, allowed: frozenset[Ending]) -> None:
    """What holds for every run: a true story, an allowed ending, each call once, decisions kept. Raises LawBroken."""
    for flaw in flaws(record.events, case.nodes):
        raise LawBroken(f"events: {flaw}")
    if record.ending not in allowed:
        raise LawBroken(f"ending: {record.ending} is none of {sorted(map(str, allowed))}")
    ids = [call.id for call in record.calls]
    repeated = {call_id for call_id in ids if ids.count(call_id) > 1}
    if repeated:
        raise LawBroken(f"calls: begun more than once: {sorted(repeated)}")
    if any(call.state == "running" for call in record.calls):
        raise LawBroken("calls: one was left running")
    _check_decisions(record.trees)


def check_against(case: Case, undrained: Record, drained: Record, allowed: frozenset[Ending]) -> None:
    """What a drained run owes to the undrained one. Raises LawBroken.

    Where nothing runs side by side, everything is the same, times included (give such runs no downtime). Where it
    does, the ending is the same if there is only one, and in a branch the order is.
    """
    if not case.races:
        if drained.ending != undrained.ending:
            raise LawBroken(f"ending: {drained.ending} instead of {undrained.ending}")
        told, expected = _told(drained.events), _told(undrained.events)
        if told != expected:
            raise LawBroken(f"events: {_first_difference(told, expected)}")
        return
    if len(allowed) == 1 and drained.ending != undrained.ending:
        raise LawBroken(f"ending: {drained.ending} instead of {undrained.ending}, and nothing raced")
    for prefix in _quiet_branches(case.nodes, "/do"):
        ours, theirs = _branch(drained.events, prefix), _branch(undrained.events, prefix)
        length = min(len(ours), len(theirs))
        if ours[:length] != theirs[:length]:
            raise LawBroken(f"order in {prefix}: {_first_difference(ours, theirs)}")


def _told(events: Iterable[ProgressEvent]) -> list[JsonObject]:
    return [event.to_json() for event in events]


def _first_difference(ours: Iterable[object], theirs: Iterable[object]) -> str:
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            return f"{one} instead of {other}"
    return "one run tells more than the other"


def _quiet_branches(nodes: tuple[Node, ...], prefix: str) -> Iterable[str]:
    """References of the branches of outermost forks in which nothing races and nothing depends on time."""
    for index, node in enumerate(nodes):
        reference = f"{prefix}/{index}/{node.name}"
        if node.kind == "do" and node.timeout is None:
            yield from _quiet_branches(node.lists[0], list_prefix(node, reference, 0))
        if node.kind == "fork" and len(node.lists) > 1 and node.timeout is None:
            for number, branch in enumerate(node.lists):
                if _quiet(branch[0]):
                    yield f"{list_prefix(node, reference, 0)}/{number}/{branch[0].name}"


def _quiet(node: Node) -> bool:
    if node.timeout is not None or node.attempt_limit is not None or node.kind == "fork":
        return False
    return all(_quiet(inner) for nodes in node.lists for inner in nodes)


def _branch(events: Iterable[ProgressEvent], reference: str) -> list[tuple[str, str, str]]:
    """The branch's own events up to its cancellation. Later runs of the same branch are left out: their input may
    depend on what raced before."""
    own: list[tuple[str, str, str]] = []
    for event in events:
        if event.task_reference == reference or event.task_reference.startswith(reference + "/"):
            if event.status is Status.CANCELLED:
                break
            own.append((str(event.event_type), event.task_reference, str(event.status)))
            closed = event.event_type in (EventType.TASK_COMPLETED, EventType.TASK_FAILED, EventType.TASK_SKIPPED)
            if event.task_reference == reference and closed:
                break
    return own


def _check_decisions(trees: list[JsonObject]) -> None:
    """A winner, a first failure or an ending branch, once in a tree, stays while that fork is open."""
    known: dict[tuple[str, JsonValue], dict[str, JsonValue]] = {}
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


def _forks(
    frame: JsonValue, place: tuple[str, JsonValue] = ("", None)
) -> Iterable[tuple[tuple[str, JsonValue], JsonObject]]:
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
