"""A whole specification to a document."""

from dataclasses import dataclass, replace

from stigmer_dsl import dump
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import WorkflowSpec

from stigmer_converter.context import Context, Uses
from stigmer_converter.document import Environment, read_environment, read_header
from stigmer_converter.fields import Fields
from stigmer_converter.message import spec_json
from stigmer_converter.options import DEFAULT_OPTIONS, ConvertOptions
from stigmer_converter.problem import ConversionProblem, Findings
from stigmer_converter.scope import Scope
from stigmer_converter.tasks import convert_tasks
from stigmer_converter.values import check_values


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A converted specification: the document as JSON and as canonical YAML, and what its author should know."""

    document: JsonObject
    yaml: str
    warnings: tuple[ConversionProblem, ...] = ()


def convert(spec: WorkflowSpec, options: ConvertOptions = DEFAULT_OPTIONS) -> Conversion:
    """Convert a specification; the same message gives the same bytes everywhere.

    Raises ConversionError with all problems of the specification, each with its path.
    """
    findings = Findings()
    value = spec_json(spec, findings)
    findings.raise_errors()
    return convert_json(value, options)


def convert_json(value: JsonValue, options: ConvertOptions = DEFAULT_OPTIONS) -> Conversion:
    """Convert the JSON form of a specification (camelCase or snake_case keys); otherwise as `convert`."""
    findings = Findings()
    value = check_values(value, options.max_depth, findings)
    findings.raise_errors()
    document = _document(value, options, findings)
    findings.raise_errors()
    return Conversion(document=document, yaml=dump(document), warnings=findings.warnings)


def _document(value: JsonValue, options: ConvertOptions, findings: Findings) -> JsonObject:
    spec = Fields(value, "", findings)
    environment = read_environment(spec.message("env_spec"))
    description = spec.text("description")
    header = read_header(spec.message("document", required=True), description, environment)
    tasks = spec.elements("tasks", least=1)
    spec.close()
    context = Context(
        namespace=header.get("namespace", ""),
        version=header.get("version", ""),
        options=options,
        findings=findings,
        uses=Uses(),
        convert_tasks=convert_tasks,
        scope=Scope(environment=environment.defaults, secrets=environment.secrets),
    )
    converted = convert_tasks(tasks, context)
    if context.uses.data_keys:
        _check_data_keys(context)
        again = replace(context, findings=Findings(), data_keys=frozenset(context.uses.data_keys))
        converted = convert_tasks(tasks, again)
    document: JsonObject = {"document": header}
    if secrets := _secrets(environment, context):
        document["use"] = {"secrets": secrets}
    return {**document, "do": converted}


def _secrets(environment: Environment, context: Context) -> list[str]:
    return sorted(environment.secrets | context.uses.secrets)


def _check_data_keys(context: Context) -> None:
    for key, path in context.uses.data_keys.items():
        if key is not None and key not in context.uses.produced:
            context.findings.error(
                "unknown-data-key", path, f"no task sets `$data.{key}`",
                "It is a variable of a SET task, or the name of a task whose output it is.",
            )  # fmt: skip
