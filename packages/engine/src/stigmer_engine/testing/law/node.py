"""A small language of workflows whose values are whole numbers, so that every run can be predicted by hand.

Each step computes `(31 * value + k) mod 10007`: a step that is lost, repeated or out of order changes the result.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from stigmer_dsl.json_types import JsonObject, JsonValue

MODULUS: Final = 10007
Kind = Literal["set", "fail", "call", "wait", "raise", "switch", "do", "for", "fork", "try"]
NORMALISE: Final = (
    'if type == "array" then reduce .[] as $x (7; (. * 31 + $x) % 10007) elif type == "object" then .status else . end'
)


def step(value: int, addend: int) -> int:
    """One step of the language."""
    return (value * 31 + addend) % MODULUS


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One task. What a field means depends on `kind`; `lists` are its lists of tasks, for a fork one a branch.

    Attributes:
        number: the addend of `set`, the answer of `call`, eighths of a second of `wait`, the status of `raise`.
        reads: variables that a `set` adds, without `$`.
        cases: of a switch: (modulus, remainder, directive).
        source: of a loop: how many items, or None for as many as the value modulo 4.
        while_modulus: of a loop: goes on while value plus item is no multiple of it.
        only_status: of a try: the one status that is caught.
        timeout, attempt_limit, delay: in eighths of a second.
    """

    name: str
    kind: Kind
    number: int = 0
    reads: tuple[str, ...] = ()
    lists: tuple[tuple["Node", ...], ...] = ()
    cases: tuple[tuple[int, int, str], ...] = ()
    source: int | None = None
    while_modulus: int | None = None
    compete: bool = False
    only_status: int | None = None
    retries: int | None = None
    delay: int = 0
    attempt_limit: int | None = None
    catch_then: str | None = None
    if_even: bool = False
    timeout: int | None = None
    then: str | None = None
    export: bool = False
    jumps_back: str | None = None
    fails: int = 0
    takes: tuple[int, ...] = field(default=(0,))

    @property
    def item(self) -> str:
        """The name of a loop's item variable."""
        return f"item_{self.name}"

    @property
    def error(self) -> str:
        """The name of a try's error variable."""
        return f"error_{self.name}"

    @property
    def uri(self) -> str:
        """The URI that a call asks for."""
        return f"http://script/{self.name}"

    def task(self) -> JsonObject:
        """The task as the DSL writes it."""
        task = _BODIES[self.kind](self)
        if self.if_even:
            task["if"] = "${ . % 2 == 0 }"
        if self.timeout is not None:
            task["timeout"] = {"after": _duration(self.timeout)}
        if self.then is not None:
            task["then"] = self.then
        if self.export:
            task["export"] = {"as": "$context + {n: ((($context.n // 0) + .) % 10007)}"}
        if self.jumps_back is not None:
            task["export"] = {"as": f"$context + {{{self.name}: (($context.{self.name} // 0) + 1)}}"}
        return task


def tasks(nodes: tuple[Node, ...]) -> list[JsonValue]:
    """A list of tasks as the DSL writes it."""
    return [{node.name: node.task()} for node in nodes]


def walk(nodes: tuple[Node, ...]) -> Iterator[Node]:
    """All tasks of the lists, outer ones first."""
    for node in nodes:
        yield node
        for inner in node.lists:
            yield from walk(inner)


def list_prefix(node: Node, reference: str, index: int) -> str:
    """The JSON pointer of one of a task's lists."""
    match node.kind:
        case "for":
            return f"{reference}/for/do"
        case "fork":
            return f"{reference}/fork/branches"
        case "try":
            return f"{reference}/{('try', 'catch/do')[index]}"
        case _:
            return f"{reference}/do"


def _duration(eighths: int) -> JsonObject:
    return {"milliseconds": eighths * 125}


def _set(node: Node) -> JsonObject:
    added = "".join(f" + {_readable(name)}" for name in node.reads)
    return {"set": f"${{ (. * 31 + {node.number}{added}) % 10007 }}"}


def _readable(name: str) -> str:
    if name == "context":
        return "($context.n // 0)"
    return f"${name}.status" if name.startswith("error_") else f"${name}"


def _call(node: Node) -> JsonObject:
    return {
        "call": "http",
        "with": {"method": "get", "endpoint": node.uri, "query": {"value": "${ . }"}},
        "output": {"as": "($input * 31 + .) % 10007"},
    }


def _wait(node: Node) -> JsonObject:
    # Both spellings of a duration.
    if node.number % 8 == 0:
        return {"wait": f'${{ "PT\\({node.number // 8})S" }}'}
    return {"wait": _duration(node.number)}


def _raise(node: Node) -> JsonObject:
    return {"raise": {"error": {"type": "https://example.test/errors/planned", "status": node.number}}}


def _switch(node: Node) -> JsonObject:
    cases: list[JsonValue] = [
        {f"case{index}": {"when": f". % {modulus} == {remainder}", "then": then}}
        for index, (modulus, remainder, then) in enumerate(node.cases)
    ]
    if node.jumps_back is not None:
        cases.append({"back": {"when": f"($context.{node.name} // 0) < {node.number}", "then": node.jumps_back}})
    return {"switch": cases}


def _do(node: Node) -> JsonObject:
    return {"do": tasks(node.lists[0])}


def _for(node: Node) -> JsonObject:
    source: JsonValue = "[range(0; . % 4)]" if node.source is None else f"${{ {node.source} }}"
    loop: JsonObject = {"for": {"each": node.item, "in": source, "at": f"at_{node.name}"}, "do": tasks(node.lists[0])}
    if node.while_modulus is not None:
        loop["while"] = f"(. + ${node.item}) % {node.while_modulus} != 0"
    return loop


def _fork(node: Node) -> JsonObject:
    branches = [{branch[0].name: branch[0].task()} for branch in node.lists]
    return {"fork": {"branches": [*branches], "compete": node.compete}, "output": {"as": NORMALISE}}


def _try(node: Node) -> JsonObject:
    catch: JsonObject = {"as": node.error}
    if node.only_status is not None:
        catch["errors"] = {"with": {"status": node.only_status}}
    if node.retries is not None:
        attempt: JsonObject = {"count": node.retries}
        if node.attempt_limit is not None:
            attempt["duration"] = _duration(node.attempt_limit)
        catch["retry"] = {
            "delay": _duration(node.delay),
            "backoff": {"exponential": {}},
            "limit": {"attempt": attempt},
        }
    if len(node.lists) > 1:
        catch["do"] = tasks(node.lists[1])
    if node.catch_then is not None:
        catch["then"] = node.catch_then
    return {"try": tasks(node.lists[0]), "catch": catch, "output": {"as": NORMALISE}}


_BODIES = {
    "set": _set,
    "fail": lambda _node: {"set": '${ error("planned") }'},
    "call": _call,
    "wait": _wait,
    "raise": _raise,
    "switch": _switch,
    "do": _do,
    "for": _for,
    "fork": _fork,
    "try": _try,
}
