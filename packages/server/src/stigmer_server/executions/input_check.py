"""The input of a run against the schema of its workflow, before anything is stored."""

from typing import Final

import jsonschema_rs
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ValidationProblem

from stigmer_server.refusals import Reason, Refused

_MOST_PROBLEMS: Final = 50


def check_input(schema: JsonValue, value: JsonObject) -> None:
    """Raise Refused (INVALID_REQUEST) with every place where the input does not fit; pointers are into the input.

    A schema that is none, or asks for another document by `$ref`, refuses the input too: nothing is fetched.
    """
    if schema is None:
        return
    try:
        validator = jsonschema_rs.validator_for(schema, validate_formats=True, retriever=_refuse_retrieval)
        errors = list(validator.iter_errors(value))
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        raise Refused(
            Reason.INVALID_REQUEST, f"the workflow's input schema cannot be used: {_first_line(error)}", field="input"
        ) from None
    if not errors:
        return
    problems = tuple(
        ValidationProblem(
            code="invalid-input",
            message=error.message,
            pointer="".join(f"/{_escaped(str(token))}" for token in error.instance_path),
            source="input",
            severity="error",
        )
        for error in errors[:_MOST_PROBLEMS]
    )
    first = f"{problems[0].pointer or 'the input'}: {problems[0].message}"
    raise Refused(
        Reason.INVALID_REQUEST,
        f"the input does not fit the workflow's schema: {first}",
        field="input",
        problems=problems,
    )


def _refuse_retrieval(uri: str) -> JsonValue:
    raise ValueError(f"{uri} is elsewhere")


def _first_line(error: Exception) -> str:
    return str(error).split("\n", maxsplit=1)[0]


def _escaped(token: str) -> str:
    return token.replace("~", "~0").replace("/", "~1")
