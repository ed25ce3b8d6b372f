"""Reads settings and turns pydantic's report into one sentence a person can act on."""

import re
from typing import TypeVar

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings

from stigmer_ports.config.problem import ConfigError

_S = TypeVar("_S", bound=BaseSettings)


def load(kind: type[_S]) -> _S:
    """The settings of this kind from the environment. Raises ConfigError."""
    try:
        return kind()
    except ValidationError as error:
        problems = [_phrase(problem, kind.model_fields) for problem in error.errors(include_url=False)]
        raise ConfigError("; ".join(dict.fromkeys(problems)) + ".") from None


def secret_values(settings: BaseSettings) -> tuple[str, ...]:
    """Every secret that the settings hold, for those who hide them."""
    values = (getattr(settings, name) for name in type(settings).model_fields)
    return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))


def _phrase(problem: ErrorDetails, fields: dict[str, FieldInfo]) -> str:
    """`NAME must be ...`. Secrets reach no phrase: only numbers and choices show what was given."""
    context = problem.get("ctx", {})
    if not problem["loc"]:
        return str(context.get("error", problem["msg"]))
    field = str(problem["loc"][0])
    if problem["type"] == "value_error":
        return f"{field.upper()} {context['error']}"
    if problem["type"] == "string_pattern_mismatch":
        # A URL may hold a password, so that it is not repeated.
        return f"{field.upper()} must be a URL such as {' or '.join(fields[field].examples or ())}"
    return f"{field.upper()} {_requirement(problem, field)}"


def _requirement(problem: ErrorDetails, field: str) -> str:
    """The rest of the sentence for the pydantic error types our fields can raise."""
    context = problem.get("ctx", {})
    given = f", not {problem['input']!r}"
    match problem["type"]:
        case "int_parsing" | "int_type" | "int_from_float":
            return f"must be a whole number{given}"
        case "float_parsing" | "float_type" | "finite_number":
            return f"must be a number{' of seconds' if field.endswith('_seconds') else ''}{given}"
        case "bool_parsing" | "bool_type":
            return f"must be true or false{given}"
        case "enum" | "literal_error":
            choices = re.findall("'(.*?)'", context["expected"])
            return f"must be one of {', '.join(choices)}{given}"
        case "greater_than_equal":
            return f"must be at least {context['ge']}{given}"
        case "greater_than":
            return f"must be more than {context['gt']:g}{given}"
        case "less_than_equal":
            return f"must be at most {context['le']}{given}"
        case _:
            return f"is not valid: {problem['msg']}"
