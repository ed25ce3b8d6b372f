"""What a document may come to: a second, simple reading of the DSL, without time, frames or coroutines.

Where things race it gives every outcome that some timing allows; where nothing races there is exactly one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final, Literal

from stigmer_engine.executors.task_list import escape
from stigmer_engine.faults import ERROR_BASE, WorkflowError
from stigmer_engine.testing.law.documents import Case, call_error
from stigmer_engine.testing.law.node import Node, list_prefix, step, walk

Context = tuple[tuple[str, int], ...]
Bindings = dict[str, int]
_MOST: Final = 3000


class TooManyOutcomes(Exception):
    """The document races in more ways than are worth enumerating."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ends: with a value, or with an error's type, status and instance."""

    value: int | None = None
    error: tuple[str, int, str] | None = None

    @classmethod
    def failed(cls, error: WorkflowError) -> "Ending":
        """The ending with this error."""
        return cls(error=(error.type, error.status, error.instance))


@dataclass(frozen=True, slots=True)
class _State:
    """What persists from task to task beside the value: `$context`, and how often each call was made."""

    context: Context = ()
    calls: Context = ()

    def count(self, name: str) -> "_State":
        return _State(self.context, _increased(self.calls, name))

    def export(self, name: str, value: int) -> "_State":
        return _State(tuple(sorted({**dict(self.context), name: value}.items())), self.calls)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """`ok`: value and directive; `end`: the workflow completes with the value; `error`: status in `value`, too."""

    kind: Literal["ok", "end", "error"]
    value: int
    state: _State
    then: str | None = None
    error: tuple[str, int, str] = ("", 0, "")


def allowed_endings(case: Case, *, downtime: bool = False) -> frozenset[Ending]:
    """Every ending that some timing of the run allows. Raises TooManyOutcomes.

    Args:
        downtime: whether time may pass between two steps; then a timeout may strike even where nothing takes time.
    """
    reader = _Reader(downtime=downtime)
    outcomes = reader.task_list(case.nodes, "/do", case.input, _State(), {})
    endings = {
        Ending(error=outcome.error) if outcome.kind == "error" else Ending(value=outcome.value) for outcome in outcomes
    }
    if case.timeout is not None and (downtime or _takes_time(case.nodes)):
        endings.add(Ending(error=(ERROR_BASE + "timeout", 408, "")))
    return frozenset(endings)


class _Reader:
    def __init__(self, *, downtime: bool) -> None:
        self._left = _MOST
        self._downtime = downtime

    def task_list(
        self, nodes: tuple[Node, ...], prefix: str, value: int, state: _State, bound: Bindings
    ) -> set[_Outcome]:
        results: set[_Outcome] = set()
        seen = {(0, value, state)}
        open_positions = list(seen)
        while open_positions:
            index, value_now, state_now = open_positions.pop()
            reference = f"{prefix}/{index}/{escape(nodes[index].name)}"
            for outcome in self.task(nodes[index], reference, value_now, state_now, bound):
                following = _following(nodes, index, outcome)
                if following is None:
                    results.add(_left(outcome))
                elif (position := (following, outcome.value, outcome.state)) not in seen:
                    seen.add(position)
                    open_positions.append(position)
        return results

    def task(self, node: Node, reference: str, value: int, state: _State, bound: Bindings) -> set[_Outcome]:
        self._left -= 1
        if self._left < 0:
            raise TooManyOutcomes(node.name)
        if node.if_even and value % 2:
            return {_Outcome("ok", value, state)}
        results = {
            self._exported(node, outcome) if outcome.kind == "ok" else outcome
            for outcome in self._body(node, reference, value, state, bound)
        }
        if node.timeout is not None and (self._downtime or _takes_time((node,))):
            results.add(_error(state, ERROR_BASE + "timeout", 408, reference))
        return results

    @staticmethod
    def _exported(node: Node, outcome: _Outcome) -> _Outcome:
        state = outcome.state
        exported = dict(state.context)
        if node.export:
            state = state.export("n", (exported.get("n", 0) + outcome.value) % 10007)
        if node.jumps_back is not None:
            state = state.export(node.name, exported.get(node.name, 0) + 1)
        return _Outcome("ok", outcome.value, state, outcome.then or node.then)

    def _body(
        self, node: Node, reference: str, value: int, state: _State, bound: Bindings
    ) -> "set[_Outcome] | Iterator[_Outcome]":
        match node.kind:
            case "set":
                known = {**bound, "context": dict(state.context).get("n", 0)}
                return {
                    _Outcome("ok", (value * 31 + node.number + sum(known[name] for name in node.reads)) % 10007, state)
                }
            case "fail":
                return {_error(state, ERROR_BASE + "expression", 400, reference)}
            case "raise":
                return {_error(state, "https://example.test/errors/planned", node.number, reference)}
            case "wait":
                return {_Outcome("ok", value, state)}
            case "call":
                return {_call(node, reference, value, state)}
            case "switch":
                return {_switch(node, value, state)}
            case "do":
                return self.task_list(node.lists[0], list_prefix(node, reference, 0), value, state, bound)
            case "for":
                return self._for(node, reference, value, state, bound)
            case "fork":
                return self._fork(node, reference, value, state, bound)
            case "try":
                return self._try(node, reference, value, state, bound)

    def _for(self, node: Node, reference: str, value: int, state: _State, bound: Bindings) -> set[_Outcome]:
        results: set[_Outcome] = set()
        now = {(value, state)}
        for index in range(value % 4 if node.source is None else node.source):
            following: set[tuple[int, _State]] = set()
            inner = {**bound, node.item: index, f"at_{node.name}": index}
            body = list_prefix(node, reference, 0)
            for value_now, state_now in now:
                if node.while_modulus is not None and (value_now + index) % node.while_modulus == 0:
                    results.add(_Outcome("ok", value_now, state_now))
                    continue
                for outcome in self.task_list(node.lists[0], body, value_now, state_now, inner):
                    if outcome.kind == "ok":
                        following.add((outcome.value, outcome.state))
                    else:
                        results.add(outcome)
            now = following
        return results | {_Outcome("ok", value_now, state_now) for value_now, state_now in now}

    def _fork(self, node: Node, reference: str, value: int, state: _State, bound: Bindings) -> set[_Outcome]:
        prefix = list_prefix(node, reference, 0)
        branches = [
            self.task(branch[0], f"{prefix}/{index}/{branch[0].name}", value, state, bound)
            for index, branch in enumerate(node.lists)
        ]
        # What several branches do to the state is not followed: such documents do not read it.
        alone = len(branches) == 1
        results: set[_Outcome] = set()
        good: list[set[_Outcome]] = []
        for branch_outcomes in branches:
            ended = {outcome for outcome in branch_outcomes if outcome.kind == "end" or outcome.then == "end"}
            results |= {_Outcome("end", outcome.value, outcome.state if alone else state) for outcome in ended}
            good.append({o for o in branch_outcomes if o.kind == "ok" and o.then != "end"})
        failures = [{o for o in outcomes if o.kind == "error"} for outcomes in branches]
        if node.compete:
            results |= {_Outcome("ok", o.value, o.state if alone else state) for outcomes in good for o in outcomes}
            if all(failures):
                results |= set().union(*failures)
            return results
        results |= set().union(*failures)
        if len(branches) > 1 and _product_size(good) > _MOST:
            raise TooManyOutcomes(node.name)
        for combination in product(*good):
            total = 7
            for outcome in combination:
                total = step(total, outcome.value)
            results.add(_Outcome("ok", total, combination[0].state if alone else state))
        return results

    def _try(self, node: Node, reference: str, value: int, state: _State, bound: Bindings) -> set[_Outcome]:
        results: set[_Outcome] = set()
        now = {state}
        for attempt in range(1 + (node.retries or 0)):
            failed: set[_Outcome] = set()
            for state_now in now:
                for outcome in self.task_list(node.lists[0], list_prefix(node, reference, 0), value, state_now, bound):
                    (failed if outcome.kind == "error" else results).add(_undirected(outcome))
                if node.attempt_limit is not None and (self._downtime or _takes_time(node.lists[0])):
                    failed.add(_error(state_now, ERROR_BASE + "timeout", 408, reference))
            caught = {o for o in failed if node.only_status is None or o.error[1] == node.only_status}
            results |= failed - caught
            if attempt == (node.retries or 0):
                for outcome in caught:
                    results |= self._handled(node, reference, value, outcome, bound)
            now = {outcome.state for outcome in caught}
        return results

    def _handled(self, node: Node, reference: str, value: int, outcome: _Outcome, bound: Bindings) -> set[_Outcome]:
        status = outcome.error[1]
        if len(node.lists) == 1:
            if node.retries is not None and node.catch_then is None:
                return {outcome}
            return {_Outcome("ok", status, outcome.state, node.catch_then)}
        inner = {**bound, node.error: status}
        results = self.task_list(node.lists[1], list_prefix(node, reference, 1), value, outcome.state, inner)
        return {
            _Outcome("ok", result.value, result.state, node.catch_then) if result.kind == "ok" else result
            for result in results
        }


def _call(node: Node, reference: str, value: int, state: _State) -> _Outcome:
    made = dict(state.calls).get(node.name, 0)
    after = state.count(node.name)
    if node.fails < 0 or made < node.fails:
        error = call_error(node)
        return _error(after if node.fails > 0 else state, error.type, error.status, reference)
    return _Outcome("ok", (value * 31 + node.number) % 10007, after if node.fails > 0 else state)


def _switch(node: Node, value: int, state: _State) -> _Outcome:
    for modulus, remainder, then in node.cases:
        if value % modulus == remainder:
            return _Outcome("ok", value, state, then)
    if node.jumps_back is not None and dict(state.context).get(node.name, 0) < node.number:
        return _Outcome("ok", value, state, node.jumps_back)
    return _Outcome("ok", value, state)


def _following(nodes: tuple[Node, ...], index: int, outcome: _Outcome) -> int | None:
    """The index of the next task, or None when the list is left."""
    if outcome.kind != "ok" or outcome.then in ("exit", "end"):
        return None
    if outcome.then in (None, "continue"):
        return index + 1 if index + 1 < len(nodes) else None
    return next(place for place, node in enumerate(nodes) if node.name == outcome.then)


def _left(outcome: _Outcome) -> _Outcome:
    if outcome.kind == "ok" and outcome.then == "end":
        return _Outcome("end", outcome.value, outcome.state)
    return _undirected(outcome)


def _undirected(outcome: _Outcome) -> _Outcome:
    return _Outcome(outcome.kind, outcome.value, outcome.state, None, outcome.error)


def _error(state: _State, kind: str, status: int, reference: str) -> _Outcome:
    return _Outcome("error", status, state, None, (kind, status, reference))


def _increased(counts: Context, name: str) -> Context:
    known = dict(counts)
    known[name] = known.get(name, 0) + 1
    return tuple(sorted(known.items()))


def _product_size(sets: list[set[_Outcome]]) -> int:
    size = 1
    for members in sets:
        size *= len(members)
    return size


def _takes_time(nodes: tuple[Node, ...]) -> bool:
    return any(
        node.kind in ("wait", "call") or (node.kind == "try" and node.retries and node.delay) for node in walk(nodes)
    )
