"""Lists of tasks from a specification to a document."""

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_proto.ai.stigmer.commons.apiresource import WorkflowTaskKind

from stigmer_converter.context import Context
from stigmer_converter.dialect.text import literal
from stigmer_converter.export import convert_export
from stigmer_converter.fields import Fields, kind_of
from stigmer_converter.kinds.registry import KINDS, entry_of, kind_named
from stigmer_converter.paths import element, member

DIRECTIVES = frozenset({"continue", "exit", "end"})
_NO_DATA = frozenset({WorkflowTaskKind.SWITCH, WorkflowTaskKind.WAIT, WorkflowTaskKind.RAISE})


def convert_tasks(values: list[tuple[JsonValue, str]], context: Context) -> list[JsonObject]:
    """Convert a list of tasks, each given with its path, to the DSL's list of one-key objects."""
    tasks = [Fields(value, path, context.findings) for value, path in values]
    names: list[str] = []
    known: set[str] = set()
    for task in tasks:
        name = task.text("name", required=True)
        if name and name in known:
            context.findings.error(
                "duplicate-name", task.at("name"), f"another task of this list is already called `{name}`"
            )
        if name in DIRECTIVES:
            context.findings.warn(
                "reserved-name", task.at("name"), f"`then: {name}` does not lead to this task", "Give it another name."
            )
        names.append(name)
        known.add(name)
    return [{name: _convert_task(name, task, known, context)} for name, task in zip(names, tasks, strict=True)]


def _convert_task(name: str, task: Fields, siblings: set[str], context: Context) -> JsonObject:
    kind = _kind(task, context)
    config = task.message("task_config", required=True)
    converted: JsonObject = {}
    entry = None if kind is None else entry_of(kind)
    if kind is not None and entry is not None and config is not None:
        converted = entry.convert(config, context)
        config.close()
        for index, case in enumerate(converted.get("switch", ())):
            path = member(element(config.at("cases"), index), "then")
            for body in case.values():
                _check_target(body["then"], path, siblings, context)
        exported = _export(name, task, kind, converted, context)
        if exported:
            converted["export"] = {"as": exported}
    flow = task.message("flow")
    if flow is not None:
        then = flow.text("then")
        flow.close()
        if then:
            _check_target(then, flow.at("then"), siblings, context)
            converted["then"] = then
    task.close()
    return converted


def _kind(task: Fields, context: Context) -> WorkflowTaskKind | None:
    value = task.value("kind")
    kind = kind_named(value)
    if kind is None:
        known = ", ".join(known.name for known in KINDS)
        if value in (None, 0, "WORKFLOW_TASK_KIND_UNSPECIFIED"):
            context.findings.error("missing-field", task.at("kind"), "`kind` is required", f"The kinds are {known}.")
        else:
            shown = f"`{value}`" if isinstance(value, (str, int)) else kind_of(value)
            context.findings.error(
                "unknown-kind", task.at("kind"), f"{shown} is no kind of task", f"The kinds are {known}."
            )
    return kind


def _export(name: str, task: Fields, kind: WorkflowTaskKind, converted: JsonObject, context: Context) -> str:
    export = task.message("export")
    value = ""
    path = member(task.at("export"), "as")
    if export is not None:
        value = export.text("as", required=True)
        export.close()
    return convert_export(name, value, path, _bag(name, kind, converted, context), context)


def _bag(name: str, kind: WorkflowTaskKind, converted: JsonObject, context: Context) -> str | None:
    """Return the program of what a task adds to the `$data` bag: a SET its variables, the others their output."""
    if kind in _NO_DATA:
        return None
    produced = set(converted["set"]) if kind is WorkflowTaskKind.SET else {name}
    context.uses.produced |= produced
    wanted = context.data_keys
    if not wanted or (None not in wanted and not produced & wanted):
        return None
    return "." if kind is WorkflowTaskKind.SET else f"{{{literal(name)}: .}}"


def _check_target(target: str, path: str, siblings: set[str], context: Context) -> None:
    if target and target not in DIRECTIVES and target not in siblings:
        context.findings.error(
            "unknown-target", path, f"`{target}` is no task of this list",
            "`then` reaches tasks of its own list only, or is `continue`, `exit` or `end`.",
        )  # fmt: skip
