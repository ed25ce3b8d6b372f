"""Scalars of JSON as text: in URIs, headers, queries and comparisons with what a document can write."""

from stigmer_dsl.json_types import JsonValue


def scalar_text(value: JsonValue) -> str | None:
    """Text as it is, booleans and numbers as JSON writes them; None for null, arrays and objects."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return None
