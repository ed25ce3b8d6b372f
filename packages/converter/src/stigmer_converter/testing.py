"""For tests of documents: the official schema as a validator. Needs the extra `testing` (`jsonschema`)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]  # has no types
from jsonschema.validators import extend  # type: ignore[import-untyped]
from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.limits import DEFAULT_LIMITS
from stigmer_dsl.syntax.yaml_reader import read_yaml

_FOLLOW: Any = Draft202012Validator.VALIDATORS["$ref"]


class OfficialSchema:
    """The JSON Schema of the DSL, read as YAML 1.2 from a file.

    The schema asks of every nested task many times whether it fits; plainly evaluated that is exponential in the
    depth. Answers are therefore kept for each pair of reference and value while a document is checked.
    """

    def __init__(self, path: Path) -> None:
        self._answers: dict[tuple[str, int], list[ValidationError]] = {}
        schema = read_yaml(path.read_text(encoding="utf-8"), DEFAULT_LIMITS).value
        self._validator: Any = extend(Draft202012Validator, {"$ref": self._reference})(schema)

    def problems(self, document: JsonObject) -> list[str]:
        """Return what the schema refuses, each with its JSON path; empty when it accepts the document."""
        self._answers.clear()
        return [f"{error.json_path}: {error.message}" for error in self._validator.iter_errors(document)]

    def _reference(self, validator: Any, reference: str, value: Any, schema: Any) -> Iterator[ValidationError]:
        key = (reference, id(value))
        if key not in self._answers:
            self._answers[key] = list(_FOLLOW(validator, reference, value, schema))
        yield from self._answers[key]
