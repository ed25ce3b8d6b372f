"""The four laws of frames, as checks that name what is broken."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple

from stigmer_dsl.json_types import JsonObject

from stigmer_engine.events import EventType, ProgressEvent, Status
from stigmer_engine.testing.law.decisions import check_decisions, decision_flaws
from stigmer_engine.testing.law.documents import Case
from stigmer_engine.testing.law.drained_run import Record
from stigmer_engine.testing.law.event_tree import flaws
from stigmer_engine.testing.law.expectation import Ending
from stigmer_engine.testing.law.law_broken import LawBroken
from stigmer_engine.testing.law.node import Node, list_prefix


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
    started = Counter(event.task_reference for event in record.events if event.event_type is EventType.TASK_STARTED)
    for reference, count in Counter(call.reference for call in record.calls).items():
        if count > started[reference]:
            raise LawBroken(f"calls: {reference} was started {started[reference]} times and called {count} times")
    check_decisions(record.trees)
    for flaw in decision_flaws(record.events, case.nodes):
        raise LawBroken(f"decision: {flaw}")


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
        if [astuple(call) for call in drained.calls] != [astuple(call) for call in undrained.calls]:
            raise LawBroken(f"calls: {drained.calls} instead of {undrained.calls}")
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
