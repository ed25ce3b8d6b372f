"""Search attributes: values by which executions are found where there is an index of them."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Discriminator, Tag, ValidationInfo, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from stigmer_dsl.expressions import is_strict
from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.model import Model

SearchAttributeType: TypeAlias = Literal["keyword", "text", "int", "double", "bool", "datetime", "keywordlist"]
"""The types of an index, in the words of Zigflow."""

_EXPECTED: dict[str, str] = {
    "keyword": "text",
    "text": "text",
    "int": "a whole number of 64 bits",
    "double": "a number",
    "bool": "`true` or `false`",
    "datetime": "text such as '2026-01-31T12:00:00Z', with its time zone",
    "keywordlist": "a list of texts",
}


def type_of(value: JsonValue) -> SearchAttributeType | None:
    """The type that a plain value is taken for, or None when there is none for it."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if _is_of("int", value) else None
    if isinstance(value, float):
        return "double"
    if isinstance(value, str):
        return "keyword"
    return "keywordlist" if isinstance(value, list) and _is_of("keywordlist", value) else None


def _is_of(kind: str, value: JsonValue) -> bool:
    match kind:
        case "keyword" | "text":
            return isinstance(value, str)
        case "int":
            whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            return whole and not isinstance(value, bool) and -(2**63) <= value < 2**63
        case "double":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "bool":
            return isinstance(value, bool)
        case "datetime":
            return isinstance(value, str) and _is_moment(value)
        case _:
            return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _plain(value: JsonValue) -> JsonValue:
    if type_of(value) is None:
        raise PydanticCustomError(
            "wrong-type",
            "There is no type of search attribute for this value",
            {"hint": "Write text, a number, `true`, `false`, a list of texts, or an object with `type` and `value`."},
        )
    return value


def _form(value: JsonValue) -> str:
    return "<object>" if isinstance(value, dict | SearchAttribute) else "<plain>"


class SearchAttribute(Model):
    """A value with its type in the index; `null` takes the value away."""

    type: SearchAttributeType
    value: JsonValue

    @field_validator("value")
    @classmethod
    def _fits_its_type(cls, value: JsonValue, info: ValidationInfo) -> JsonValue:
        kind = info.data.get("type")
        if kind is None or value is None or (isinstance(value, str) and is_strict(value)) or _is_of(kind, value):
            return value
        raise PydanticCustomError(
            "wrong-type",
            "The type `{kind}` needs {expected}",
            {"kind": kind, "expected": _EXPECTED[kind], "hint": "Write such a value, or another `type`."},
        )


SearchAttributeField = Annotated[
    Annotated[
        JsonValue,
        AfterValidator(_plain),
        WithJsonSchema({"type": ["string", "number", "boolean", "array"], "items": {"type": "string"}}),
        Tag("<plain>"),
    ]
    | Annotated[SearchAttribute, Tag("<object>")],
    Discriminator(_form),
]
"""A value that tells its type (text is a `keyword`, a number an `int` or a `double`), or one with its type."""
