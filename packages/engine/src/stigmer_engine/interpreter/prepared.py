"""A document made ready to run: its programs and schemas, compiled once and shared by all its executions."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import cast

import jsonschema_rs
from stigmer_dsl import LoadedDocument
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models import NamedTask, SchemaDefinition, TaskBase, Workflow

from stigmer_engine.expressions.loose import Compiles, loosen
from stigmer_engine.expressions.program import ARGUMENTS, Program, template_program
from stigmer_engine.faults import fault


class PreparedDocument:
    """Caches what is the same in every execution of one document, by JSON pointer.

    Holds no state of any run, so it may be shared. `compiles` tells expressions from text in the loose mode.
    """

    def __init__(self, loaded: LoadedDocument, compiles: Compiles | None = None) -> None:
        self.workflow: Workflow = loaded.workflow
        self.raw: JsonObject = loaded.raw
        evaluate = loaded.workflow.evaluate
        self._compiles = compiles if evaluate is not None and evaluate.mode == "loose" else None
        self._programs: dict[tuple[str, str], Program] = {}
        self._schemas: dict[tuple[str, str], jsonschema_rs.Validator] = {}
        self._definitions: dict[str, JsonValue] = {}
        self._positions: dict[str, dict[str, int]] = {}

    @property
    def name(self) -> str:
        """The workflow's name."""
        return self.workflow.document.name

    @cached_property
    def may_listen(self) -> bool:
        """Whether a task can be there that waits for events; a function from elsewhere may always have one."""
        return _may_listen(self.raw)

    @cached_property
    def calls(self) -> frozenset[str]:
        """What the document calls, by the names after `call`."""
        return frozenset(_calls(self.raw))

    def template_program(self, template: JsonValue, names: frozenset[str]) -> Program:
        """The program of a data position, in the document's mode of evaluation."""
        if self._compiles is not None:
            arguments = frozenset(f"${name}" for name in (*ARGUMENTS, *names))
            template = loosen(template, arguments, self._compiles)
        return template_program(template, names)

    def program(self, reference: str, slot: str, build: Callable[[], Program]) -> Program:
        """The program at a place of the document, built when first needed."""
        key = (reference, slot)
        program = self._programs.get(key)
        if program is None:
            program = self._programs[key] = build()
        return program

    def position(self, prefix: str, tasks: tuple[NamedTask, ...], name: str) -> int:
        """The index of a task in the list at `prefix`. The loader has checked that a `then` names one of its list."""
        positions = self._positions.get(prefix)
        if positions is None:
            positions = self._positions[prefix] = {task.name: index for index, task in enumerate(tasks)}
        return positions[name]

    def definition(self, reference: str, task: TaskBase) -> JsonValue:
        """The task as written, for `$task.definition`."""
        if reference not in self._definitions:
            self._definitions[reference] = cast(
                "JsonValue", task.model_dump(mode="json", by_alias=True, exclude_unset=True)
            )
        return self._definitions[reference]

    def validate(self, reference: str, slot: str, schema: SchemaDefinition | None, value: JsonValue) -> None:
        """Check `value` against the schema at a place of the document.

        Raises:
            Fault: `validation` with every violation; `configuration` when the schema itself is unusable.
        """
        if schema is None:
            return
        key = (reference, slot)
        validator = self._schemas.get(key)
        if validator is None:
            validator = self._schemas[key] = _compile(schema, slot)
        violations = [f"{_pointer(error.instance_path)}: {error.message}" for error in validator.iter_errors(value)]
        if violations:
            shown = "; ".join(violations[:10]) + ("; ..." if len(violations) > 10 else "")
            raise fault("validation", f"{slot} does not match its schema", shown)


def _may_listen(value: JsonValue) -> bool:
    if isinstance(value, list):
        return any(_may_listen(item) for item in value)
    if not isinstance(value, dict):
        return False
    called = value.get("call")
    if "listen" in value or (isinstance(called, str) and ("@" in called or ":" in called)):
        return True
    return any(_may_listen(item) for item in value.values())


def _calls(value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict):
        called = value.get("call")
        if isinstance(called, str):
            yield called
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _calls(item)


def _compile(schema: SchemaDefinition, slot: str) -> jsonschema_rs.Validator:
    if not schema.format.startswith("json"):
        raise fault("configuration", f"Schema format {schema.format!r} of {slot} is not supported", "use json")
    try:
        return jsonschema_rs.validator_for(schema.document, validate_formats=True, offline=True)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise fault("configuration", f"The schema of {slot} is not a valid JSON Schema", str(error)) from error


def _pointer(path: list[str | int]) -> str:
    return "".join(f"/{part}" for part in path) or "/"
