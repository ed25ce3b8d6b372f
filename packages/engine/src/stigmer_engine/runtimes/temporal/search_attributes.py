"""Search attributes of executions: what documents and tasks set by `metadata.searchAttributes`."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models.search_attributes import SearchAttributeType
from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from stigmer_engine.interpreter.search_attributes import of_metadata, typed

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
        Fault: `expression`, for a value that is not of its type; loading a document rules that out.
    """
    found = _attributes(typed(of_metadata(metadata)))
    return TypedSearchAttributes([SearchAttributePair(key, value) for key, value in found if value is not None])


def search_attribute_updates(attributes: JsonObject) -> list[SearchAttributeUpdate[JsonValue]]:
    """What `Runtime.index` is given, `{name: {type, value}}`, for `workflow.upsert_search_attributes`."""
    return [key.value_unset() if value is None else key.value_set(value) for key, value in _attributes(attributes)]


def _attributes(attributes: JsonObject) -> Iterator[tuple[Key, JsonValue]]:
    for name, attribute in attributes.items():
        kind, value = attribute["type"], attribute["value"]
        yield _KEYS[kind](name), _converted(kind, value)


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
