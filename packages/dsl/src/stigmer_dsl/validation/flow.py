"""Control flow: names, targets of `then`, defaults of `switch`, and tasks that nothing leads to."""

from collections.abc import Iterator
from dataclasses import dataclass

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.syntax.tree import join_pointer
from stigmer_dsl.validation.findings import Findings, did_you_mean, listing
from stigmer_dsl.validation.walk import ListPlace, TaskPlace, child

DIRECTIVES = ("continue", "exit", "end")


@dataclass(frozen=True, slots=True)
class Jump:
    """A flow directive and where it is written."""

    target: str
    pointer: str


def check_flow(lists: tuple[ListPlace, ...], findings: Findings) -> None:
    """Check every task list on its own; jumps never leave their list."""
    owners: dict[str, str] = {}
    for place in lists:
        for task in place.tasks:
            owners.setdefault(task.name, place.pointer)
    for place in lists:
        _check_names(place, findings)
        known = _check_targets(place, owners, findings)
        for task in place.tasks:
            if task.kind == "switch":
                _check_cases(task, findings)
        if known and not place.concurrent:
            _check_reachable(place, findings)


def jumps(task: TaskPlace) -> Iterator[Jump]:
    """Yield every directive of a task: of its cases, of its error path, and its own."""
    for index, name, case in cases(task):
        yield from _jump(child(case, "then"), join_pointer(task.pointer, "switch", index, name, "then"))
    if task.kind == "try":
        yield from _jump(child(task.task, "catch", "then"), f"{task.pointer}/catch/then")
    yield from _jump(task.task.get("then"), f"{task.pointer}/then")


def cases(task: TaskPlace) -> Iterator[tuple[int, str, JsonValue]]:
    """Yield index, name and definition of the cases of a `switch`; nothing for other tasks."""
    value = task.task.get("switch") if task.kind == "switch" else None
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict) and len(item) == 1:
            name, case = next(iter(item.items()))
            yield index, name, case


def _jump(value: JsonValue, pointer: str) -> Iterator[Jump]:
    if isinstance(value, str):
        yield Jump(value, pointer)


def _check_names(place: ListPlace, findings: Findings) -> None:
    first: dict[str, str] = {}
    for task in place.tasks:
        if task.name in DIRECTIVES and not place.concurrent:
            findings.add(
                "reserved-name",
                task.pointer,
                f"The task name `{task.name}` is also a flow directive, so no `then` can reach it",
                "Give the task another name.",
                at_key=True,
            )
        if task.name in first:
            findings.add(
                "duplicate-name",
                task.pointer,
                f"Another task of this list is named `{task.name}`",
                "Give each task of a list its own name.",
                at_key=True,
            )
        first.setdefault(task.name, task.pointer)


def _check_targets(place: ListPlace, owners: dict[str, str], findings: Findings) -> bool:
    names = () if place.concurrent else tuple(task.name for task in place.tasks)
    valid = True
    for task in place.tasks:
        for jump in jumps(task):
            if jump.target in DIRECTIVES or jump.target in names:
                continue
            valid = False
            hint = _advice(place, jump.target, names, owners)
            findings.add("unknown-target", jump.pointer, f"There is no task `{jump.target}` in this list", hint)
    return valid


def _advice(place: ListPlace, target: str, names: tuple[str, ...], owners: dict[str, str]) -> str:
    near = did_you_mean(target, [*names, *DIRECTIVES])
    if near:
        return near
    if place.concurrent:
        return f"A branch or function stands alone; write one of {listing(DIRECTIVES)}."
    if target in owners:
        return f"`{target}` is in another list ({owners[target]}), and a jump stays in its own list."
    return f"Name a task of this list, or one of {listing(DIRECTIVES)}."


def _check_cases(task: TaskPlace, findings: Findings) -> None:
    names: set[str] = set()
    default: str | None = None
    for index, name, case in cases(task):
        pointer = join_pointer(task.pointer, "switch", index, name)
        if name in names:
            findings.add(
                "duplicate-name",
                pointer,
                f"Another case of this switch is named `{name}`",
                "Give each case its own name.",
                at_key=True,
            )
        names.add(name)
        if isinstance(case, dict) and "when" not in case:
            if default is not None:
                findings.add(
                    "multiple-defaults",
                    pointer,
                    f"`{default}` is already the default case of this switch",
                    "Add `when` to one of the two.",
                    at_key=True,
                )
            default = default or name


def _check_reachable(place: ListPlace, findings: Findings) -> None:
    index_of = {task.name: index for index, task in reversed(list(enumerate(place.tasks)))}
    reached: set[int] = set()
    pending = [0] if place.tasks else []
    while pending:
        index = pending.pop()
        if index in reached or index >= len(place.tasks):
            continue
        reached.add(index)
        for target in _successors(place.tasks[index]):
            if target == "continue":
                pending.append(index + 1)
            elif target in index_of:
                pending.append(index_of[target])
    for index, task in enumerate(place.tasks):
        if index not in reached:
            findings.add(
                "unreachable-task",
                task.pointer,
                f"No path leads to the task `{task.name}`",
                "Remove it, or jump to it with `then`.",
                at_key=True,
            )


def _successors(task: TaskPlace) -> Iterator[str]:
    """Yield where the flow can go after the task, by name or directive."""
    own = task.task.get("then") or "continue"
    if "if" in task.task:
        yield "continue"  # a skipped task follows no directive
    if task.kind == "raise":
        return
    has_default = False
    for _, _, case in cases(task):
        yield str(child(case, "then"))
        has_default = has_default or (isinstance(case, dict) and "when" not in case)
    if task.kind == "try":
        yield str(child(task.task, "catch", "then") or own)
    if not has_default:
        yield str(own)
