"""The control flow of a workflow as nodes, groups and edges, free of any picture format."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from stigmer_dsl.graph.labels import catch_detail, catch_label, task_detail, task_label
from stigmer_dsl.models import (
    DoTask,
    ForkTask,
    ForTask,
    ListenTask,
    RaiseTask,
    RunTask,
    SwitchTask,
    TaskBase,
    TaskList,
    TryTask,
    Workflow,
)
from stigmer_dsl.syntax.tree import join_pointer

Shape = Literal["terminal", "task", "decision", "loop", "parallel", "error", "workflow"]


@dataclass(frozen=True, slots=True)
class Node:
    """One box; `id` is unique in the chart.

    `label` is one line, its part up to `name` the task's name. `pointer` says where the document has it, `detail`
    what it has there. `reference` is the name that events of a run have for the task; empty for what is no task.
    """

    id: str
    label: str
    shape: Shape
    name: str = ""
    pointer: str = ""
    detail: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """One arrow; `dotted` ones are the paths of errors and retries."""

    source: str
    target: str
    label: str = ""
    dotted: bool = False


@dataclass(slots=True)
class Group:
    """A frame around the tasks of a list; groups nest. Members of one with `branches` stand side by side."""

    id: str
    label: str
    branches: bool = False
    members: "list[Node | Group]" = field(default_factory=list)


@dataclass(slots=True)
class Chart:
    """The whole picture: a group without frame, and the edges between any nodes or groups in it."""

    root: Group
    edges: list[Edge]


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where the directives of a list lead: past its last task, out of it (`exit`), or to a sibling's node.

    `pointer` and `reference` are those of the task that is drawn.
    """

    past: str
    leave: str
    names: Mapping[str, str]
    pointer: str
    reference: str

    def part(self, path: str) -> tuple[str, str]:
        """Pointer and reference of a part of the task."""
        return f"{self.pointer}/{path}", f"{self.reference}/{path}"

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
        first = self._list(workflow.do, root, END, END, ("/do", "/do"))
        self._edge(START, first)
        root.members.append(Node(END, "end", "terminal"))
        return Chart(root, self._edges)

    def _list(self, tasks: TaskList, group: Group, past: str, leave: str, place: tuple[str, str]) -> str:
        """Draw the tasks of a list into a group; return the node where it starts.

        `place` is the pointer and the reference of the list. They differ within loops: `/do/0/loop/do` is there
        `/do/0/loop/for/do`.
        """
        entries = [self._id("t") for _ in tasks]
        # The first of two tasks of one name is the one that a jump reaches.
        names = {named.name: entry for named, entry in reversed(list(zip(tasks, entries, strict=True)))}
        for index, named in enumerate(tasks):
            following = entries[index + 1] if index + 1 < len(entries) else past
            pointer, reference = (join_pointer(part, index, named.name) for part in place)
            scope = _Scope(past, leave, names, pointer, reference)
            self._task(named.name, named.task, entries[index], following, scope, group)
        return entries[0] if entries else past

    def _task(self, name: str, task: TaskBase, entry: str, following: str, scope: _Scope, group: Group) -> None:
        node = entry
        if task.if_ is not None:
            node = self._id("t")
            condition = Node(entry, f"if {task.if_}", "decision", pointer=f"{scope.pointer}/if", detail=task.if_)
            group.members.append(condition)
            self._edge(entry, node, "yes")
            self._edge(entry, following, "no")
        label, detail = task_label(name, task), task_detail(task)
        group.members.append(Node(node, label, _shape(task), name, scope.pointer, detail, scope.reference))
        after = scope.target(task.then or "continue", following)
        match task:
            case SwitchTask():
                self._switch(task, node, following, after, scope)
            case DoTask():
                inner = self._group(name, group)
                self._edge(node, self._list(task.do, inner, after, after, scope.part("do")))
            case ForTask():
                inner = self._group(name, group)
                body = self._list(task.do, inner, node, after, (f"{scope.pointer}/do", f"{scope.reference}/for/do"))
                self._edge(node, body, _each(task))
                self._edge(node, after, "done")
            case ForkTask():
                self._fork(name, task, node, after, group, scope)
            case TryTask():
                self._try(name, task, node, following, after, scope, group)
            case ListenTask():
                self._listen(name, task, node, after, group, scope)
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

    def _fork(self, name: str, task: ForkTask, node: str, after: str, group: Group, outer: _Scope) -> None:
        inner = self._group(name, group)
        inner.branches = True
        join = self._id("j")
        for index, branch in enumerate(task.fork.branches):
            column = Group(self._id("b"), branch.name)
            inner.members.append(column)
            entry = self._id("t")
            pointer, reference = (join_pointer(part, index, branch.name) for part in outer.part("fork/branches"))
            scope = _Scope(join, join, {}, pointer, reference)
            self._edge(node, entry)
            self._task(branch.name, branch.task, entry, join, scope, column)
        group.members.append(Node(join, "first to succeed" if task.fork.compete else "all done", "parallel"))
        self._edge(join, after)

    def _try(
        self, name: str, task: TryTask, node: str, following: str, after: str, scope: _Scope, group: Group
    ) -> None:
        inner = self._group(name, group)
        self._edge(node, self._list(task.try_, inner, after, after, scope.part("try")))
        handler = self._id("c")
        label, where = catch_label(task.catch), f"{scope.pointer}/catch"
        group.members.append(Node(handler, label, "error", pointer=where, detail=catch_detail(task.catch)))
        self._edge(inner.id if inner.members else node, handler, "error", dotted=True)
        if task.catch.retry is not None:
            self._edge(handler, node, "retry", dotted=True)
        caught = scope.target(task.catch.then, following) if task.catch.then is not None else after
        if task.catch.do:
            recovery = self._group(f"{name}: catch", group)
            self._edge(handler, self._list(task.catch.do, recovery, caught, caught, scope.part("catch/do")))
        else:
            self._edge(handler, caught)

    def _listen(self, name: str, task: ListenTask, node: str, after: str, group: Group, scope: _Scope) -> None:
        if task.foreach is not None and task.foreach.do:
            inner = self._group(name, group)
            body = self._list(task.foreach.do, inner, node, after, scope.part("foreach/do"))
            self._edge(node, body, f"each {task.foreach.item}")
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
        case RunTask() if task.run.workflow is not None:
            return "workflow"
        case _:
            return "task"
