"""Snapshots as JSON and back, for whoever keeps a run's state or hands it on."""

from dataclasses import fields
from types import MappingProxyType

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.events import EventError, Status
from stigmer_engine.snapshot import Snapshot, TaskSnapshot


def snapshot_to_json(snapshot: Snapshot) -> JsonObject:
    """Every field under its name; `tasks` by reference."""
    tasks: JsonObject = {reference: _to_json(task) for reference, task in snapshot.tasks.items()}
    return {**_to_json(snapshot), "tasks": tasks}


def snapshot_from_json(shown: JsonObject) -> Snapshot:
    """The inverse of `snapshot_to_json`. Raises KeyError, TypeError or ValueError for anything else."""
    tasks = shown["tasks"]
    assert isinstance(tasks, dict)
    given = {name: _from_json(name, value) for name, value in shown.items() if name != "tasks"}
    read = {
        reference: TaskSnapshot(**{name: _from_json(name, value) for name, value in task.items()})  # type: ignore[arg-type]
        for reference, task in tasks.items()
        if isinstance(task, dict)
    }
    return Snapshot(**given, tasks=MappingProxyType(read))  # type: ignore[arg-type]


def _to_json(part: Snapshot | TaskSnapshot) -> JsonObject:
    shown: JsonObject = {}
    for field in fields(part):
        value = getattr(part, field.name)
        if field.name == "error":
            shown["error"] = value.to_json() if value is not None else None
        elif field.name != "tasks":
            shown[field.name] = str(value) if isinstance(value, Status) else value
    return shown


def _from_json(name: str, value: JsonValue) -> object:
    if name == "status":
        return Status(str(value))
    if name == "error":
        return EventError.from_json(value) if isinstance(value, dict) else None
    return value
