"""What a task is called in a picture."""

import json

from stigmer_dsl.models import (
    CallTask,
    Catch,
    EmitTask,
    ForTask,
    HttpArguments,
    ListenTask,
    RaiseTask,
    RunTask,
    TaskBase,
    WaitTask,
    kind_of,
)
from stigmer_dsl.models.duration_field import DurationField
from stigmer_dsl.models.event import EventConsumption

_LONGEST_DETAIL = 600
_UNITS = (("days", "d"), ("hours", "h"), ("minutes", "m"), ("seconds", "s"), ("milliseconds", "ms"))


def task_label(name: str, task: TaskBase) -> str:
    """Return the task's name, its kind, and the one thing that tells it from others of its kind."""
    detail = _detail(task)
    return f"{name}: {kind_of(task)} {detail}" if detail else f"{name}: {kind_of(task)}"


def catch_label(catch: Catch) -> str:
    """Return what a `catch` catches."""
    filters = catch.errors.with_ if catch.errors is not None else None
    parts = [str(value) for value in filters.model_dump(exclude_unset=True).values()] if filters is not None else []
    parts += [f"when {catch.when}"] if catch.when is not None else []
    parts += [f"except when {catch.except_when}"] if catch.except_when is not None else []
    return f"catch {catch.as_}" + (f" ({', '.join(parts)})" if parts else "")


def task_detail(task: TaskBase) -> str:
    """Return what the task is told, as compact JSON without the tasks inside it, cut to 600 characters."""
    told = task.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for name in ("do", "try", "catch", "foreach"):
        told.pop(name, None)
    if isinstance(told.get("fork"), dict):
        told["fork"].pop("branches", None)
    return _cut(json.dumps(told, ensure_ascii=False))


def catch_detail(catch: Catch) -> str:
    """Return what a `catch` is told, as compact JSON without its tasks, cut to 600 characters."""
    told = catch.model_dump(mode="json", by_alias=True, exclude_unset=True)
    told.pop("do", None)
    return _cut(json.dumps(told, ensure_ascii=False))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_DETAIL else f"{text[: _LONGEST_DETAIL - 1]}…"


def _address(arguments: HttpArguments) -> str:
    return arguments.endpoint if isinstance(arguments.endpoint, str) else arguments.endpoint.uri


def _detail(task: TaskBase) -> str:
    match task:
        case CallTask():
            return task.call if task.http is None else f"{task.http.method.upper()} {_address(task.http)}"
        case ForTask():
            return f"{task.for_.each} in {task.for_.in_ if isinstance(task.for_.in_, str) else 'a list'}"
        case WaitTask():
            return _duration(task.wait)
        case RaiseTask():
            error = task.raise_.error
            return error if isinstance(error, str) else error.type.rpartition("/")[2]
        case RunTask() if task.run.workflow is not None:
            child = task.run.workflow
            return f"workflow {child.namespace}/{child.name} {child.version}"
        case RunTask():
            return next(name for name in ("container", "script", "shell", "workflow") if getattr(task.run, name))
        case EmitTask():
            return task.emit.event.with_.type or ""
        case ListenTask():
            return _events(task.listen.to)
        case _:
            return ""


def _events(strategy: EventConsumption) -> str:
    if strategy.one is not None:
        return strategy.one.with_.type or "one event"
    name, filters = ("any", strategy.any) if strategy.any is not None else ("all", strategy.all)
    return f"{name} of {len(filters or ())} events"


def _duration(value: DurationField) -> str:
    if isinstance(value, str):
        return value
    return " ".join(f"{getattr(value, unit)}{short}" for unit, short in _UNITS if getattr(value, unit))
