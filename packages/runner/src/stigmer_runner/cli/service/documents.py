"""Files of workflows as the resource that the service stores: a specification, a resource, or a document."""

import json
from dataclasses import dataclass, field
from typing import Final

from stigmer_converter import ConversionError, convert_source, format_of, read_spec, revert_document
from stigmer_dsl import InvalidDocument, JsonObject, JsonValue, LoadedDocument, Problem, load
from stigmer_dsl.limits import Limits
from stigmer_dsl.syntax.fault import SyntaxFault
from stigmer_dsl.syntax.yaml_reader import read_yaml
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import Workflow
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceMetadata, ApiResourceOwnerScope

from stigmer_runner.cli.conversion_problems import conversion_problem, placed
from stigmer_runner.cli.inputs import read_bytes
from stigmer_runner.cli.service.shapes import metadata_from_json

INPUT_SCHEMA_ANNOTATION: Final = "stigmer.ai/input-schema"
"""Annotation of a workflow: the JSON Schema of its input as JSON text; a specification has no field for it."""
_API_VERSION: Final = "agentic.stigmer.ai/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowFile:
    """A file that was read: what to store, and what its author should know."""

    name: str
    workflow: Workflow
    text: str
    document: LoadedDocument | None = field(default=None, repr=False)
    warnings: tuple[Problem, ...] = ()

    def located(self, problem: Problem) -> Problem:
        """The problem of the service with its place in the author's document."""
        return placed(problem, self.document)


class Unreadable(Exception):
    """The file holds no workflow that can be stored; `problems` say why."""

    def __init__(self, problems: list[Problem], text: str) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
        self.text = text


def read_workflow(name: str, *, org: str) -> WorkflowFile:
    """The workflow in a file. Raises Unreadable, and UsageFailure when the file cannot be opened.

    A document, which has `do`, is reverted to a specification; one that no specification can express is refused.
    """
    data = read_bytes(name, "The workflow")
    text = data.decode("utf-8", errors="replace")
    if name.endswith((".binpb", ".pb", ".bin")):
        return _of_spec(name, data, text, None, org)
    value = _value(name, text)
    if "do" in value:
        return _of_document(name, data, text, org)
    return _of_spec(name, data, text, value, org)


def _value(name: str, text: str) -> JsonObject:
    """The object in the file; JSON is read as YAML, of which it is a part."""
    try:
        value: JsonValue = read_yaml(text.removeprefix("\ufeff"), Limits()).value
    except SyntaxFault as fault:
        line, column = fault.position or (None, None)
        problem = Problem(
            code=fault.code, message=fault.message, line=line, column=column, source=name, hint=fault.hint
        )
        raise Unreadable([problem], text) from None
    if not isinstance(value, dict):
        raise Unreadable([Problem(code="invalid-value", message="this is no workflow", source=name)], text)
    return value


def _of_spec(name: str, data: bytes, text: str, value: JsonObject | None, org: str) -> WorkflowFile:
    try:
        spec_format = "yaml" if value is not None else format_of(name)
        spec = read_spec(data, spec_format)
        # Now, so that problems are named by their place in the author's file.
        converted = convert_source(data, spec_format)
        metadata = metadata_from_json(value["metadata"]) if value and "metadata" in value else ApiResourceMetadata()
    except ConversionError as error:
        raise Unreadable([conversion_problem(problem, name, None) for problem in error.problems], text) from None
    except ValueError as error:
        problem = Problem(code="invalid-value", message=f"metadata: {error}", source=name)
        raise Unreadable([problem], text) from None
    head = spec.document.name if spec.document else ""
    workflow = Workflow(api_version=_API_VERSION, kind="Workflow", metadata=_completed(metadata, head, org), spec=spec)
    warnings = tuple(conversion_problem(problem, name, None) for problem in converted.warnings)
    return WorkflowFile(name=name, workflow=workflow, text=text, warnings=warnings)


def _of_document(name: str, data: bytes, text: str, org: str) -> WorkflowFile:
    try:
        document = load(data, source=name)
    except InvalidDocument as invalid:
        raise Unreadable(list(invalid.problems), text) from None
    raw, schema = _without_input_schema(document.raw)
    try:
        reverted = revert_document(json.dumps(raw), source=name)
    except ConversionError as error:
        raise Unreadable([conversion_problem(problem, name, document) for problem in error.problems], text) from None
    metadata = _completed(ApiResourceMetadata(), document.workflow.document.name, org)
    if schema is not None:
        metadata.annotations[INPUT_SCHEMA_ANNOTATION] = json.dumps(schema, ensure_ascii=False)
    workflow = Workflow(api_version=_API_VERSION, kind="Workflow", metadata=metadata, spec=reverted.spec)
    warnings = [
        *document.warnings,
        *(conversion_problem(problem, name, document) for problem in reverted.warnings),
    ]
    return WorkflowFile(name=name, workflow=workflow, text=text, document=document, warnings=tuple(warnings))


def _completed(metadata: ApiResourceMetadata, head: str, org: str) -> ApiResourceMetadata:
    """The metadata with a name and an owner."""
    metadata.name = metadata.name or head
    metadata.org = metadata.org or org
    if not metadata.owner_scope:
        metadata.owner_scope = ApiResourceOwnerScope.organization if metadata.org else ApiResourceOwnerScope.platform
    return metadata


def _without_input_schema(raw: JsonObject) -> tuple[JsonObject, JsonValue]:
    """The document without its inline input schema, and that schema. One from elsewhere stays, and is refused."""
    given = raw.get("input")
    schema = given.get("schema") if isinstance(given, dict) else None
    if not isinstance(schema, dict) or not isinstance(schema.get("document"), (dict, bool)):
        return raw, None
    rest = {key: value for key, value in (given or {}).items() if key != "schema"}
    without = {key: value for key, value in raw.items() if key != "input"}
    return ({**without, "input": rest} if rest else without), schema["document"]
