"""Workflows as the YAML that people write: text in, `Workflow` out, and back."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from stigmer_converter import ConversionError, ConversionProblem, revert_document
from stigmer_dsl import InvalidDocument, LoadedDocument, Problem, dump, load
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_ports.problem_message import problem_message
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import Workflow
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ValidationProblem
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceMetadata, ApiResourceOwnerScope

from stigmer_server.refusals import Reason, Refused
from stigmer_server.resources.input_schema import INPUT_SCHEMA_ANNOTATION, input_schema

_SHOWN_PROBLEMS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDocument:
    """A document that was read: the resource to store, what the author should know, and where its parts stand."""

    workflow: Workflow
    warnings: tuple[ValidationProblem, ...]
    document: LoadedDocument = field(repr=False)

    def located(self, refused: Refused) -> Refused:
        """The same refusal with lines and columns of the text that the author wrote."""
        problems = tuple(_placed(problem, self.document) for problem in refused.problems)
        return Refused(refused.reason, refused.message, field=refused.field, problems=problems, facts=refused.facts)


def read_document(text: bytes) -> ReadDocument:
    """The workflow of a document in YAML or JSON. Raises Refused (INVALID_SPEC) with every problem and its place.

    An inline `input.schema` goes to an annotation, because a specification has no field for it.
    """
    try:
        document = load(text)
    except InvalidDocument as error:
        raise _refused([_of_document(problem) for problem in error.problems]) from None
    raw, schema = _without_input_schema(document.raw)
    try:
        reverted = revert_document(json.dumps(raw), source="document.json")
    except ConversionError as error:
        raise _refused([_of_conversion(problem, document) for problem in error.problems]) from None
    head = document.workflow.document
    metadata = ApiResourceMetadata(name=head.name, owner_scope=ApiResourceOwnerScope.platform)
    if schema is not None:
        metadata.annotations[INPUT_SCHEMA_ANNOTATION] = json.dumps(schema, ensure_ascii=False)
    warnings = [
        *(_of_document(problem) for problem in document.warnings),
        *(_of_conversion(problem, document) for problem in reverted.warnings),
    ]
    workflow = Workflow(api_version="agentic.stigmer.ai/v1", kind="Workflow", metadata=metadata, spec=reverted.spec)
    return ReadDocument(workflow=workflow, warnings=tuple(warnings), document=document)


def document_text(workflow: Workflow) -> str:
    """The document of a stored workflow as canonical YAML, its input schema included."""
    schema = input_schema(workflow)
    if schema is None:
        return _converted(workflow)
    raw = dict(load(_converted(workflow)).raw)
    return dump({**raw, "input": {"schema": {"format": "json", "document": schema}}})


def task_lines(text: str) -> dict[str, int]:
    """The line (from 1) of every object and list under `do`, by its JSON pointer."""
    document = load(text)
    lines: dict[str, int] = {}
    pending: list[tuple[str, JsonValue]] = [("/do", document.raw.get("do"))]
    while pending:
        pointer, value = pending.pop()
        found = document.locate(pointer)
        if found is not None:
            lines[pointer] = found[0]
        pending += [(f"{pointer}/{_escaped(name)}", inner) for name, inner in _members(value) if _is_container(inner)]
    return lines


def _converted(workflow: Workflow) -> str:
    validation = workflow.status.serverless_workflow_validation if workflow.status else None
    if validation is None or not validation.yaml:
        raise Refused(Reason.WRONG_STATE, "the workflow has no document: it was never validated")
    return validation.yaml


def _members(value: JsonValue) -> Iterable[tuple[str, JsonValue]]:
    if isinstance(value, dict):
        return list(value.items())
    return [(str(index), item) for index, item in enumerate(value)] if isinstance(value, list) else []


def _is_container(value: JsonValue) -> bool:
    return isinstance(value, (dict, list))


def _escaped(token: str) -> str:
    return token.replace("~", "~0").replace("/", "~1")


def _without_input_schema(raw: JsonObject) -> tuple[JsonObject, JsonValue]:
    """The document without its inline input schema, and that schema. One from elsewhere stays, and is refused."""
    given = raw.get("input")
    schema = given.get("schema") if isinstance(given, dict) else None
    if not isinstance(schema, dict) or not isinstance(schema.get("document"), (dict, bool)):
        return raw, None
    if str(schema.get("format", "json")).split(":", maxsplit=1)[0] != "json":
        return raw, None
    rest = {key: value for key, value in (given or {}).items() if key != "schema"}
    without = {key: value for key, value in raw.items() if key != "input"}
    return ({**without, "input": rest} if rest else without), schema["document"]


def _placed(problem: ValidationProblem, document: LoadedDocument) -> ValidationProblem:
    place = document.locate(problem.pointer) if problem.pointer.startswith("/") else None
    if place is None:
        return problem
    return replace(problem, line=place[0], column=place[1], source="document")


def _of_document(problem: Problem) -> ValidationProblem:
    return replace(problem_message(problem), source="document")


def _of_conversion(problem: ConversionProblem, document: LoadedDocument) -> ValidationProblem:
    found = ValidationProblem(
        code=problem.code,
        message=problem.message,
        pointer=problem.path,
        source="document",
        severity=problem.severity,
        hint=problem.hint,
    )
    return _placed(found, document)


def _refused(problems: list[ValidationProblem]) -> Refused:
    errors = [problem for problem in problems if problem.severity == "error"]
    shown = "; ".join(f"line {error.line}: {error.message}" for error in errors[:_SHOWN_PROBLEMS])
    more = f"; and {len(errors) - _SHOWN_PROBLEMS} more" if len(errors) > _SHOWN_PROBLEMS else ""
    count = f"{len(errors)} problem{'s' if len(errors) != 1 else ''}"
    return Refused(
        Reason.INVALID_SPEC, f"the document has {count}: {shown}{more}", field="document", problems=tuple(problems)
    )
