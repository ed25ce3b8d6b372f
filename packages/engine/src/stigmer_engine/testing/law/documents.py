"""Generated documents: every construct of the language, nested, in the two classes that the law tells apart."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from stigmer_dsl import load

from stigmer_engine.faults import ERROR_BASE, WorkflowError
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.testing.law.node import Kind, Node, tasks, walk
from stigmer_engine.testing.scripted_runtime import Reply

Choose = Callable[[int], int]
"""Gives a whole number from 0 up to (not including) the argument; smaller numbers mean simpler documents."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One document with its input and its world.

    `timeout` is the workflow's, in eighths of a second.
    """

    nodes: tuple[Node, ...]
    input: int = 1
    timeout: int | None = None

    @cached_property
    def text(self) -> str:
        """The document as JSON text."""
        document: dict[str, object] = {
            "document": {"dsl": "1.0.0", "namespace": "law", "name": "law", "version": "1.0.0"},
            "do": tasks(self.nodes),
        }
        if self.timeout is not None:
            document["timeout"] = {"after": {"milliseconds": self.timeout * 125}}
        return json.dumps(document)

    @cached_property
    def prepared(self) -> PreparedDocument:
        """The document, ready to run."""
        return PreparedDocument(load(self.text, source="law.json"))

    @cached_property
    def script(self) -> Mapping[str, tuple[Reply, ...]]:
        """What the calls answer."""
        return {node.uri: _replies(node) for node in walk(self.nodes) if node.kind == "call"}

    @property
    def races(self) -> bool:
        """Whether branches run side by side; only then may a drain change what happens."""
        return any(node.kind == "fork" and len(node.lists) > 1 for node in walk(self.nodes))


def call_error(node: Node) -> WorkflowError:
    """The error of a call that the script lets fail."""
    return WorkflowError(type=ERROR_BASE + "communication", status=500 + node.number % 3, title="planned")


def _replies(node: Node) -> tuple[Reply, ...]:
    failures = 8 if node.fails < 0 else node.fails
    count = max(len(node.takes), failures + 1)
    replies = []
    for index in range(count):
        after = node.takes[min(index, len(node.takes) - 1)] / 8
        failed = node.fails < 0 or index < failures
        replies.append(Reply(after=after, value=node.number, error=call_error(node) if failed else None))
    return tuple(replies)


def generate(choose: Choose, *, racing: bool) -> Case:
    """A document from a source of choices.

    Args:
        racing: with forks of several branches, and calls that always succeed or always fail; without, with calls
            that fail some times and then succeed, and tasks that read `$context`.
    """
    writer = _Writer(choose, racing=racing)
    nodes = writer.task_list(depth=3, scope=(), root=True)
    timeout = 4 + choose(40) if racing and choose(8) == 7 else None
    return Case(nodes=nodes, input=choose(50), timeout=timeout)


_LEAVES: tuple[Kind, ...] = ("set", "call", "wait", "switch", "raise", "fail")
_KINDS: tuple[Kind, ...] = ("set", "call", "wait", "do", "for", "fork", "try", "switch", "fork", "try", "raise", "fail")


class _Writer:
    def __init__(self, choose: Choose, *, racing: bool) -> None:
        self.choose = choose
        self.racing = racing
        self._count = 0

    def task_list(self, *, depth: int, scope: tuple[str, ...], root: bool = False) -> tuple[Node, ...]:
        """One to four tasks, with directives among them."""
        nodes = [self.node(depth=depth, scope=scope) for _ in range(1 + self.choose(4 if root else 3))]
        for index, node in enumerate(nodes):
            nodes[index] = self._direct(node, nodes, index)
        if len(nodes) > 1 and (root or not self.racing) and self.choose(4) == 3:
            target = nodes[self.choose(len(nodes))].name
            nodes.append(Node(name=self._name(), kind="switch", number=1 + self.choose(2), jumps_back=target))
        return tuple(nodes)

    def node(self, *, depth: int, scope: tuple[str, ...]) -> Node:
        """One task."""
        kinds = _KINDS if depth > 0 else _LEAVES
        kind = kinds[self.choose(len(kinds))]
        node = self._body(Node(name=self._name(), kind=kind, number=self.choose(30)), depth, scope)
        if kind in ("raise", "fail"):
            return replace(node, if_even=self.choose(2) == 1)
        return replace(
            node,
            if_even=self.choose(6) == 5,
            export=kind != "switch" and self.choose(4) == 3,
            timeout=1 + self.choose(20) if self.racing and self.choose(6) == 5 else None,
        )

    def _body(self, node: Node, depth: int, scope: tuple[str, ...]) -> Node:
        choose = self.choose
        match node.kind:
            case "set":
                readable = scope if self.racing else (*scope, "context")
                return replace(node, reads=tuple(name for name in readable if choose(2)))
            case "call":
                fails = choose(3) if not self.racing else -(choose(4) // 3)
                return replace(node, fails=fails, takes=tuple(choose(12) for _ in range(1 + choose(2))))
            case "wait":
                return replace(node, number=choose(17))
            case "raise":
                return replace(node, number=400 + choose(3))
            case "do":
                return replace(node, lists=(self.task_list(depth=depth - 1, scope=scope),))
            case "for":
                inner = self.task_list(depth=depth - 1, scope=(*scope, node.item, f"at_{node.name}"))
                source = None if choose(2) else choose(4)
                return replace(node, lists=(inner,), source=source, while_modulus=3 + choose(3) if choose(3) else None)
            case "fork":
                count = 2 + choose(2) if self.racing else 1
                branches = tuple((self._direct(self.node(depth=depth - 1, scope=scope), [], 0),) for _ in range(count))
                return replace(node, lists=branches, compete=choose(2) == 1)
            case "try":
                return self._try(node, depth, scope)
            case _:
                return node

    def _try(self, node: Node, depth: int, scope: tuple[str, ...]) -> Node:
        choose = self.choose
        lists = [self.task_list(depth=depth - 1, scope=scope)]
        if choose(3):
            lists.append(self.task_list(depth=depth - 1, scope=(*scope, node.error)))
        retries = choose(3) if choose(2) else None
        return replace(
            node,
            lists=tuple(lists),
            only_status=(400, 500, 501)[choose(3)] if choose(3) == 2 else None,
            retries=retries,
            delay=choose(6),
            attempt_limit=2 + choose(8) if self.racing and retries is not None and choose(3) == 2 else None,
            catch_then="end" if choose(10) == 9 else None,
        )

    def _direct(self, node: Node, nodes: list[Node], index: int) -> Node:
        later = [other.name for other in nodes[index + 1 :]]
        directives = ["continue", "exit", "end", *later]
        if node.kind == "switch":
            cases = tuple(
                (2 + self.choose(3), self.choose(2), directives[self.choose(len(directives))])
                for _ in range(1 + self.choose(2))
            )
            return replace(node, cases=cases)
        if self.choose(8) == 7:
            return replace(node, then=directives[self.choose(len(directives))])
        return node

    def _name(self) -> str:
        self._count += 1
        return f"t{self._count}"
