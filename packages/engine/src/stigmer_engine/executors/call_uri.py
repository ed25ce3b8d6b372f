"""URIs of calls and resources: text with `{variables}` (RFC 6570, level 1) and `${ }` expressions (dsl.md 1.8)."""

import re
from typing import Final
from urllib.parse import quote

from stigmer_dsl.expressions import Expression, split_text
from stigmer_dsl.json_types import JsonValue

from stigmer_engine.faults import fault
from stigmer_engine.scalar_text import scalar_text

_VARIABLE: Final = re.compile(r"\{([^{}]*)\}")


def uri_template(uri: str) -> list[JsonValue]:
    """The expressions of a URI as a template: one item a segment, null where there is nothing to evaluate.

    What an expression yields is never taken for a URI template, so the two must not be mixed before evaluation.
    """
    return [f"${{ {segment.source}\n }}" if isinstance(segment, Expression) else None for segment in split_text(uri)]


def join_uri(uri: str, values: JsonValue, dot: JsonValue) -> str:
    """The URI, with the values of its `uri_template` and the variables of the input in place.

    Raises:
        Fault: `expression`, for a value that is not a scalar.
    """
    assert isinstance(values, list)
    return "".join(
        uri_text(value) if isinstance(segment, Expression) else expand(segment.value, dot)
        for segment, value in zip(split_text(uri), values, strict=True)
    )


def expand(template: str, dot: JsonValue) -> str:
    """A URI template over the top-level keys of the input; a missing key gives nothing.

    Raises:
        Fault: `expression`, for a value that is not a scalar.
    """

    def replace(match: re.Match[str]) -> str:
        value = dot.get(match.group(1)) if isinstance(dot, dict) else None
        if isinstance(value, dict | list):
            raise fault("expression", f"{{{match.group(1)}}} in the URI is not a scalar", template)
        return quote("" if value is None else uri_text(value), safe="")

    return _VARIABLE.sub(replace, template)


def uri_text(value: JsonValue) -> str:
    """A scalar as it stands in a URI. Raises Fault `expression` for anything else."""
    text = scalar_text(value)
    if text is None:
        raise fault("expression", "The endpoint is not text", "the expression of the URI gave no scalar")
    return text
