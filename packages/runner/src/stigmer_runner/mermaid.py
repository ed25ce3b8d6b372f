"""A workflow as a Mermaid flowchart: boxes for tasks, subgraphs for tasks that hold others, arrows for the flow."""

from collections.abc import Iterator
from contextlib import contextmanager

from stigmer_dsl import Workflow
from stigmer_dsl.models import (
    CallTask,
    DoTask,
    ForkTask,
    ForTask,
    NamedTask,
    RaiseTask,
    SwitchTask,
    TaskList,
    TryTask,
    kind_of,
)

_START, _END = "start", "finish"
_MAX_LABEL_CHARS = 80
# Opening and closing of a node's shape, by task kind; a plain box for the rest.
_SHAPES = {
    "switch": ("{", "}"),
    "call": ("[[", "]]"),
    "wait": ("{{", "}}"),
    "listen": ("{{", "}}"),
    "raise": (">", "]"),
}


def flowchart(workflow: Workflow) -> str:
    """The Mermaid text, ending in a line end. The same workflow gives the same text."""
    chart = _Chart()
    chart.lines.append("flowchart TD")
    chart.node(_START, workflow.document.name, ("([", "])"))
    first = chart.task_list(workflow.do, nested=False)
    chart.node(_END, "end", ("([", "])"))
    chart.edge(_START, first or _END)
    return "\n".join([*chart.lines, *chart.edges, ""])


class _Chart:
    """Collects nodes in nesting order and edges apart: Mermaid puts a node where it is first mentioned."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.edges: list[str] = []
        self._indent = 1
        self._count = 0

    def node(self, node_id: str, label: str, shape: tuple[str, str] = ("[", "]")) -> None:
        self._line(f'{node_id}{shape[0]}"{_label(label)}"{shape[1]}')

    def edge(self, source: str, target: str, label: str = "", *, dotted: bool = False) -> None:
        arrow = "-.->" if dotted else "-->"
        text = f'|"{_label(label)}"|' if label else ""
        self.edges.append(f"    {source} {arrow}{text} {target}")

    def task_list(self, tasks: TaskList, *, nested: bool) -> str | None:
        """Draw tasks that follow one another; the id of the first one."""
        ids = {named.name: self._new_id() for named in tasks}
        order = list(ids.values())
        for position, named in enumerate(tasks):
            self._task(ids[named.name], named)
            following = order[position + 1] if position + 1 < len(order) else (None if nested else _END)
            self._flow(named, ids, following, nested=nested)
        return order[0] if order else None

    def _flow(self, named: NamedTask, ids: dict[str, str], following: str | None, *, nested: bool) -> None:
        source, task = ids[named.name], named.task

        def target(then: str | None) -> str | None:
            if then in (None, "continue"):
                return following
            if then == "exit":
                return None if nested else _END
            return _END if then == "end" else ids.get(then or "")

        cases = [(case.name, case.case) for case in task.switch] if isinstance(task, SwitchTask) else []
        for name, case in cases:
            if (to := target(case.then)) is not None:
                self.edge(source, to, name if case.when is None else f"{name}: {case.when}")
        if any(case.when is None for _, case in cases) or isinstance(task, RaiseTask):
            return
        if (to := target(task.then)) is not None:
            self.edge(source, to, "otherwise" if cases else "")
        if isinstance(task, TryTask) and task.catch.then and (to := target(task.catch.then)) is not None:
            self.edge(source, to, "caught", dotted=True)

    def _task(self, task_id: str, named: NamedTask) -> None:
        task = named.task
        label = _title(named)
        match task:
            case DoTask() | ForTask():
                with_tasks = task.do
                with self._subgraph(task_id, label):
                    self.task_list(with_tasks, nested=True)
            case ForkTask():
                with self._subgraph(task_id, label):
                    for branch in task.fork.branches:
                        self._task(self._new_id(), branch)
            case TryTask():
                with self._subgraph(task_id, label):
                    self._try(task)
            case _:
                self.node(task_id, label, _SHAPES.get(kind_of(task), ("[", "]")))

    def _try(self, task: TryTask) -> None:
        attempt = self._new_id()
        with self._subgraph(attempt, "try" if task.catch.retry is None else "try, with retry"):
            self.task_list(task.try_, nested=True)
        if task.catch.do:
            handler = self._new_id()
            with self._subgraph(handler, f"catch {task.catch.as_}"):
                self.task_list(task.catch.do, nested=True)
            self.edge(attempt, handler, "error", dotted=True)

    @contextmanager
    def _subgraph(self, node_id: str, label: str) -> Iterator[None]:
        self._line(f'subgraph {node_id}["{_label(label)}"]')
        self._indent += 1
        yield
        self._indent -= 1
        self._line("end")

    def _new_id(self) -> str:
        self._count += 1
        return f"t{self._count}"

    def _line(self, text: str) -> None:
        self.lines.append("    " * self._indent + text)


def _title(named: NamedTask) -> str:
    task = named.task
    match task:
        case ForTask():
            kind = f"for {task.for_.each} in {task.for_.in_}"
        case ForkTask():
            kind = "fork, first wins" if task.fork.compete else "fork"
        case CallTask():
            http = task.http
            kind = f"call {task.call}" if http is None else f"{http.method.upper()} {_address(task)}"
        case _:
            kind = kind_of(task)
    condition = f" if {task.if_}" if task.if_ else ""
    return f"{named.name}: {kind}{condition}"


def _address(task: CallTask) -> str:
    endpoint = (task.with_ or {}).get("endpoint", "")
    return str(endpoint.get("uri", "")) if isinstance(endpoint, dict) else str(endpoint)


def _label(text: str) -> str:
    """Text as Mermaid can hold it between quotes: one line, shortened, with its own special characters as entities."""
    line = " ".join(text.split())
    if len(line) > _MAX_LABEL_CHARS:
        line = f"{line[: _MAX_LABEL_CHARS - 1]}…"
    for character, entity in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;")):
        line = line.replace(character, entity)
    return line
