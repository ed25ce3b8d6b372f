"""All task lists of a document, in any depth, tolerant of wrong shapes so that every check runs on every document."""

from collections.abc import Iterator
from dataclasses import dataclass

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models.task import kinds_in
from stigmer_dsl.syntax.tree import join_pointer


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPlace:
    """A task where it stands; `kind` is None when it is none or ambiguous. `variables` are local names with `$`."""

    name: str
    task: JsonObject
    kind: str | None
    pointer: str
    variables: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPlace:
    """A list of tasks; in one that is `concurrent` (fork branches, functions) no task can jump to another."""

    pointer: str
    tasks: tuple[TaskPlace, ...]
    concurrent: bool = False


def task_lists(raw: JsonObject) -> Iterator[ListPlace]:
    """Yield every task list, outer lists before the lists inside them."""
    pending = list(_top_lists(raw))
    while pending:
        place = pending.pop(0)
        yield place
        for task in place.tasks:
            pending.extend(_inner_lists(task))


def child(value: JsonValue, *path: str) -> JsonValue:
    """Follow property names through objects; None where the path ends early."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def iterator_variables(value: JsonValue, item: str = "item") -> frozenset[str]:
    """Name the variables of a `for` (property `each`) or a `foreach` (property `item`)."""
    names = (child(value, item) or "item", child(value, "at") or "index")
    return frozenset(f"${name}" for name in names if isinstance(name, str))


def error_variable(task: JsonObject) -> frozenset[str]:
    """Name the variable of a `catch`."""
    name = child(task, "catch", "as") or "error"
    return frozenset({f"${name}"}) if isinstance(name, str) else frozenset()


def _top_lists(raw: JsonObject) -> Iterator[ListPlace]:
    nothing: frozenset[str] = frozenset()
    yield _list(raw.get("do"), "/do", nothing)
    functions = child(raw, "use", "functions")
    if isinstance(functions, dict):
        tasks = tuple(
            _task(name, task, join_pointer("/use/functions", name), nothing) for name, task in functions.items()
        )
        yield ListPlace(pointer="/use/functions", tasks=tasks, concurrent=True)
    extensions = child(raw, "use", "extensions")
    for index, item in enumerate(extensions if isinstance(extensions, list) else ()):
        for name, extension in item.items() if isinstance(item, dict) else ():
            for part in ("before", "after"):
                pointer = join_pointer("/use/extensions", index, name, part)
                yield _list(child(extension, part), pointer, nothing)


def _inner_lists(place: TaskPlace) -> Iterator[ListPlace]:
    task, pointer, local = place.task, place.pointer, place.variables
    if place.kind == "do":
        yield _list(task.get("do"), f"{pointer}/do", local)
    elif place.kind == "for":
        yield _list(task.get("do"), f"{pointer}/do", local | iterator_variables(task.get("for"), "each"))
    elif place.kind == "fork":
        yield _list(child(task, "fork", "branches"), f"{pointer}/fork/branches", local, concurrent=True)
    elif place.kind == "try":
        yield _list(task.get("try"), f"{pointer}/try", local)
        yield _list(child(task, "catch", "do"), f"{pointer}/catch/do", local | error_variable(task))
    elif place.kind == "listen":
        foreach = task.get("foreach")
        yield _list(child(foreach, "do"), f"{pointer}/foreach/do", local | iterator_variables(foreach))
    elif place.kind == "call":
        foreach = child(task, "with", "subscription", "foreach")
        inner = f"{pointer}/with/subscription/foreach/do"
        yield _list(child(foreach, "do"), inner, local | iterator_variables(foreach))


def _list(value: JsonValue, pointer: str, local: frozenset[str], *, concurrent: bool = False) -> ListPlace:
    tasks = [
        _task(name, task, join_pointer(pointer, index, name), local)
        for index, item in enumerate(value if isinstance(value, list) else ())
        if isinstance(item, dict) and len(item) == 1
        for name, task in item.items()
    ]
    return ListPlace(pointer=pointer, tasks=tuple(tasks), concurrent=concurrent)


def _task(name: str, value: JsonValue, pointer: str, local: frozenset[str]) -> TaskPlace:
    task = value if isinstance(value, dict) else {}
    kinds = kinds_in(task)
    kind = kinds[0] if len(kinds) == 1 else None
    return TaskPlace(name=name, task=task, kind=kind, pointer=pointer, variables=local)
