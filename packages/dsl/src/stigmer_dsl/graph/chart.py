"""The control flow of a workflow as nodes, groups and edges, free of any picture format."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from stigmer_dsl.graph.labels import catch_label, task_label
from stigmer_dsl.models import (
    DoTask,
    ForkTask,
    ForTask,
    ListenTask,
    RaiseTask,
    SwitchTask,
    TaskBase,
    TaskList,
    TryTask,
    Workflow,
)

Shape = Literal["terminal", "task", "decision", "loop", "parallel", "error"]


@dataclass(frozen=True, slots=True)
class Node:
    """One box; `id` is unique in the chart."""

    id: str
    label: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Edge:
    """One arrow; `dotted` ones are the paths of errors and retries."""

    source: str
    target: str
    label: str = ""
    dotted: bool = False


@dataclass(slots=True)
class Group:
    """A frame around the tasks of a list; groups nest."""

    id: str
    label: str
    members: "list[Node | Group]" = field(default_factory=list)


@dataclass(slots=True)
class Chart:
    """The whole picture: a group without frame, and the edges between any nodes or groups in it."""

    root: Group
    edges: list[Edge]


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where the directives of a list lead: past its last task, out of it (`exit`), or to a sibling's node."""

    past: str
    leave: str
    names: Mapping[str, str]

    def target(self, directive: str, following: str) -> str:
        if directive == "continue":
            return following
        if directive == "exit":
            return self.leave
        return END if directive == "end" else self.names.get(directive, following)


START, END = "start", "finish"


def chart(workflow: Workflow) -> Chart:
    """Draw a workflow: every task a node, conditions, loops, branches, error paths and jumps as edges."""
    return _Drawing().draw(workflow)


class _Drawing:
    def __init__(self) -> None:
        self._edges: list[Edge] = []
        self._count = 0

    def draw(self, workflow: Workflow) -> Chart:
        root = Group("root", workflow.document.name)
        title = f"{workflow.document.namespace}/{workflow.document.name} {workflow.document.version}"
        root.members.append(Node(START, title, "terminal"))
        first = self._list(workflow.do, root, END, END)
        self._edge(START, first)
        root.members.append(Node(END, "end", "terminal"))
        return Chart(root, self._edges)

    def _list(self, tasks: TaskList, group: Group, past: str, leave: str) -> str:
        """Draw the tasks of a list into a group; return the node where it starts."""
        entries = [self._id("t") for _ in tasks]
        # The first of two tasks of one name is the one that a jump reaches.
        names = {named.name: entry for named, entry in reversed(list(zip(tasks, entries, strict=True)))}
        scope = _Scope(past, leave, names)
        for index, named in enumerate(tasks):
            following = entries[index + 1] if index + 1 < len(entries) else past
            self._task(named.name, named.task, entries[index], following, scope, group)
        return entries[0] if entries else past

    def _task(self, name: str, task: TaskBase, entry: str, following: str, scope: _Scope, group: Group) -> None:
        node = entry
        if task.if_ is not None:
            node = self._id("t")
            group.members.append(Node(entry, f"if {task.if_}", "decision"))
            self._edge(entry, node, "yes")
            self._edge(entry, following, "no")
        group.members.append(Node(node, task_label(name, task), _shape(task)))
        after = scope.target(task.then or "continue", following)
        match task:
            case SwitchTask():
                self._switch(task, node, following, after, scope)
            case DoTask():
                inner = self._group(name, group)
                self._edge(node, self._list(task.do, inner, after, after))
            case ForTask():
                inner = self._group(name, group)
                self._edge(node, self._list(task.do, inner, node, after), _each(task))
                self._edge(node, after, "done")
            case ForkTask():
                self._fork(name, task, node, after, group)
            case TryTask():
                self._try(name, task, node, following, after, scope, group)
            case ListenTask():
                self._listen(name, task, node, after, group)
            case RaiseTask():
                pass  # the error leaves by the dotted edge of the `try` around it, or ends the workflow
            case _:
                self._edge(node, after)

    def _switch(self, task: SwitchTask, node: str, following: str, after: str, scope: _Scope) -> None:
        for named in task.switch:
            label = f"{named.name}: {named.case.when}" if named.case.when is not None else f"{named.name}: otherwise"
            self._edge(node, scope.target(named.case.then, following), label)
        if all(named.case.when is not None for named in task.switch):
            self._edge(node, after, "otherwise")

    def _fork(self, name: str, task: ForkTask, node: str, after: str, group: Group) -> None:
        inner = self._group(name, group)
        join = self._id("j")
        for branch in task.fork.branches:
            self._edge(node, self._list((branch,), inner, join, join))
        group.members.append(Node(join, "first to succeed" if task.fork.compete else "all done", "parallel"))
        self._edge(join, after)

    def _try(
        self, name: str, task: TryTask, node: str, following: str, after: str, scope: _Scope, group: Group
    ) -> None:
        inner = self._group(name, group)
        self._edge(node, self._list(task.try_, inner, after, after))
        handler = self._id("c")
        group.members.append(Node(handler, catch_label(task.catch), "error"))
        self._edge(inner.id if inner.members else node, handler, "error", dotted=True)
        if task.catch.retry is not None:
            self._edge(handler, node, "retry", dotted=True)
        caught = scope.target(task.catch.then, following) if task.catch.then is not None else after
        if task.catch.do:
            recovery = self._group(f"{name}: catch", group)
            self._edge(handler, self._list(task.catch.do, recovery, caught, caught))
        else:
            self._edge(handler, caught)

    def _listen(self, name: str, task: ListenTask, node: str, after: str, group: Group) -> None:
        if task.foreach is not None and task.foreach.do:
            inner = self._group(name, group)
            self._edge(node, self._list(task.foreach.do, inner, node, after), f"each {task.foreach.item}")
        self._edge(node, after)

    def _group(self, label: str, parent: Group) -> Group:
        group = Group(self._id("g"), label)
        parent.members.append(group)
        return group

    def _edge(self, source: str, target: str, label: str = "", *, dotted: bool = False) -> None:
        self._edges.append(Edge(source, target, label, dotted))

    def _id(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"


def _each(task: ForTask) -> str:
    return f"each, while {task.while_}" if task.while_ is not None else "each"


def _shape(task: TaskBase) -> Shape:
    match task:
        case SwitchTask():
            return "decision"
        case ForTask():
            return "loop"
        case ForkTask():
            return "parallel"
        case RaiseTask():
            return "error"
        case _:
            return "task"
