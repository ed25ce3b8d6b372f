"""A document back to a specification."""

from dataclasses import dataclass

from stigmer_dsl import load
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import WorkflowSpec

from stigmer_converter.construct import Construct
from stigmer_converter.document import revert_header
from stigmer_converter.export import revert_export
from stigmer_converter.kinds.registry import entry_of, full_name, kind_of_task
from stigmer_converter.message import spec_message
from stigmer_converter.options import DEFAULT_OPTIONS, ConvertOptions
from stigmer_converter.paths import pointer
from stigmer_converter.problem import ConversionProblem, Findings
from stigmer_converter.reverse_context import ReverseContext
from stigmer_converter.scope import Scope

_WITHOUT_KIND = ("emit",)
"""The property of each kind of task that only documents have."""
_PLAIN_EVALUATION: tuple[JsonValue, ...] = (
    None,
    {},
    {"language": "jq"},
    {"mode": "strict"},
    {"language": "jq", "mode": "strict"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversion:
    """A reverted document: the specification as message and as JSON, and what changes its meaning slightly."""

    spec: WorkflowSpec
    json: JsonObject
    warnings: tuple[ConversionProblem, ...] = ()


def revert(text: str | bytes, options: ConvertOptions = DEFAULT_OPTIONS, *, source: str = "document") -> WorkflowSpec:
    """Return the specification of a document in YAML or JSON.

    Raises `stigmer_dsl.InvalidDocument` when it is no valid document, and ConversionError with every construct that a
    specification cannot express, each with its JSON pointer.
    """
    return revert_document(text, options, source=source).spec


def revert_document(
    text: str | bytes, options: ConvertOptions = DEFAULT_OPTIONS, *, source: str = "document"
) -> Reversion:
    """Do as `revert`, and return the JSON form and the warnings too."""
    raw = load(text, source=source).raw
    findings = Findings()
    value = _spec(raw, options, findings)
    findings.raise_errors()
    spec = spec_message(value, findings)
    findings.raise_errors()
    return Reversion(spec=spec, json=value, warnings=findings.warnings)


def _spec(raw: JsonObject, options: ConvertOptions, findings: Findings) -> JsonObject:
    workflow = Construct(raw, "", findings)
    header = workflow.child("document")
    spec = {} if header is None else revert_header(header, findings)
    if workflow.value("evaluate") not in _PLAIN_EVALUATION:
        workflow.refuse("evaluate", "another language or mode", "Use strict jq.")
    context = ReverseContext(
        namespace=raw["document"]["namespace"],
        version=raw["document"]["version"],
        options=options,
        findings=findings,
        revert_tasks=revert_tasks,
        scope=Scope(),
        secrets=set(),
    )
    tasks = revert_tasks(workflow.value("do"), "/do", context)
    _keep_secrets(workflow, spec, context.secrets)
    workflow.close()
    return {**spec, "tasks": tasks}


def _keep_secrets(workflow: Construct, spec: JsonObject, used: set[str]) -> None:
    """Declare the secrets of `use` in the environment, unless conversion will find them by itself."""
    use = workflow.child("use") if workflow.has("use") else None
    if use is None:
        return
    for name in use.value("secrets") or []:
        data = spec.get("env_spec", {}).get("data", {})
        if name not in used and not data.get(name, {}).get("is_secret"):
            spec.setdefault("env_spec", {}).setdefault("data", {}).setdefault(name, {})["is_secret"] = True
    use.close()


def revert_tasks(value: JsonValue, where: str, context: ReverseContext) -> list[JsonObject]:
    """Revert a list of one-key objects at a JSON pointer."""
    return [
        _task(name, body, pointer(where, index, name), context)
        for index, entry in enumerate(value or [])
        for name, body in entry.items()
    ]


def _task(name: str, body: JsonObject, where: str, context: ReverseContext) -> JsonObject:
    kind = kind_of_task(body)
    entry = None if kind is None else entry_of(kind)
    call = f"call {body['call']}" if "call" in body else ""
    task = Construct(body, where, context.findings, call)
    if kind is None or entry is None:
        task.refuse_task(call or next((own for own in _WITHOUT_KIND if own in body), "this task"))
        return {}
    if "call" in body:
        task.value("call")
    reverted: JsonObject = {"name": name, "kind": full_name(kind), "task_config": entry.revert(task, context)}
    if task.has("export"):
        export = task.child("export")
        if export is not None:
            value = export.value("as")
            export.close()
            if value is not None:
                reverted["export"] = {"as": revert_export(name, value, export.at("as"), context)}
    then = task.text("then")
    if then:
        reverted["flow"] = {"then": then}
    task.close()
    return reverted
