"""Search attributes of executions: what documents and tasks set by `metadata.searchAttributes`."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final

from pydantic import ValidationError
from stigmer_dsl.expressions import is_strict
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models.search_attributes import SearchAttribute, SearchAttributeType, type_of
from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from stigmer_engine.faults import Fault, fault

Key = SearchAttributeKey[JsonValue]

_KEYS: Final[Mapping[SearchAttributeType, Callable[[str], Key]]] = {
    "keyword": SearchAttributeKey.for_keyword,
    "text": SearchAttributeKey.for_text,
    "int": SearchAttributeKey.for_int,
    "double": SearchAttributeKey.for_float,
    "bool": SearchAttributeKey.for_bool,
    "datetime": SearchAttributeKey.for_datetime,
    "keywordlist": SearchAttributeKey.for_keyword_list,
}


def search_attributes(metadata: JsonObject | None) -> TypedSearchAttributes:
    """What is set when an execution starts.

    Args:
        metadata: of the document, as written.

    Raises:
        Fault: `expression`, for a value that is not of its type.
    """
    pairs = [SearchAttributePair(key, value) for key, value in _attributes(metadata) if value is not None]
    return TypedSearchAttributes(pairs)


def search_attribute_updates(metadata: JsonObject | None) -> list[SearchAttributeUpdate[JsonValue]]:
    """What a task sets, and takes away by `null`, when it starts.

    Args:
        metadata: of the task, with the expressions of `searchAttributes` evaluated, and without placeholders of
            secrets: whoever may list executions sees the values.

    Raises:
        Fault: `expression`, for a value that is not of its type, or an expression that was not evaluated.
    """
    return [key.value_unset() if value is None else key.value_set(value) for key, value in _attributes(metadata)]


def _attributes(metadata: JsonObject | None) -> Iterator[tuple[Key, JsonValue]]:
    given: JsonObject = (metadata or {}).get("searchAttributes") or {}
    for name, said in given.items():
        kind, value = _typed(name, said)
        yield _KEYS[kind](name), _converted(kind, value)


def _typed(name: str, said: JsonValue) -> tuple[SearchAttributeType, JsonValue]:
    if isinstance(said, dict):
        try:
            attribute = SearchAttribute.model_validate(said, by_alias=True, by_name=False)
        except ValidationError as error:
            raise _wrong(name, error.errors(include_url=False)[0]["msg"]) from None
        kind, value = attribute.type, attribute.value
    else:
        plain = type_of(said)
        if plain is None:
            raise _wrong(name, "there is no type for its value; give it as an object with `type` and `value`")
        kind, value = plain, said
    if isinstance(value, str) and is_strict(value):
        raise _wrong(name, "its value is an expression that was not evaluated")
    return kind, value


def _wrong(name: str, why: str) -> Fault:
    return fault("expression", f"The search attribute `{name}` cannot be set", why)


def _converted(kind: SearchAttributeType, value: JsonValue) -> JsonValue:
    if value is None:
        return None
    match kind:
        case "int":
            return int(value)
        case "double":
            return float(value)
        case "datetime":
            return datetime.fromisoformat(value)
        case _:
            return value
