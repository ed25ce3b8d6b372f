"""Search attributes of executions: what documents and tasks set by `metadata.searchAttributes`."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models.search_attributes import SearchAttributeType
from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from stigmer_engine.faults import fault
from stigmer_engine.interpreter.search_attributes import of_metadata, typed

Key = SearchAttributeKey[JsonValue]

LONGEST_VALUE: Final = 2048
"""Bytes of the JSON of one value, by Temporal's default limit. A longer one ends the execution."""

_TEXTS: Final = frozenset({"text", "keyword"})

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
    return search_attributes_of(typed(of_metadata(metadata)))


def search_attributes_of(attributes: JsonObject) -> TypedSearchAttributes:
    """`{name: {type, value}}` for the start of a workflow."""
    found = _attributes(attributes)
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


def refuse_unusable(attributes: JsonObject, known: Mapping[str, SearchAttributeType] | None) -> None:
    """Refuse what the server would not take: it would fail the workflow task again and again, or end the execution.

    Args:
        attributes: `{name: {type, value}}`.
        known: attributes of the namespace; None when nobody knows.

    Raises:
        Fault: `configuration`, for an attribute that the namespace does not have, or has with another type;
            `expression`, for a value that is too long.
    """
    for name, attribute in attributes.items():
        kind = attribute["type"]
        there = None if known is None else known.get(name)
        if known is not None and there is None:
            detail = "add it to the namespace: temporal operator search-attribute create"
            raise fault("configuration", f"The namespace has no search attribute `{name}`", detail)
        if there is not None and there != kind and not {there, kind} <= _TEXTS:
            detail = f"it is set as `{kind}`; give its value as an object with `type` and `value`"
            raise fault("configuration", f"The search attribute `{name}` is of type `{there}`", detail)
        size = len(json.dumps(attribute["value"], ensure_ascii=False).encode())
        if size > LONGEST_VALUE:
            detail = f"it is {size} bytes long; Temporal takes {LONGEST_VALUE}"
            raise fault("expression", f"The value of the search attribute `{name}` is too long", detail)


def set_anywhere(raw: JsonValue) -> Iterator[str]:
    """The names of all search attributes that a document and its tasks set."""
    if isinstance(raw, dict):
        metadata = raw.get("metadata")
        if isinstance(metadata, dict):
            yield from of_metadata(metadata)
        for item in raw.values():
            yield from set_anywhere(item)
    elif isinstance(raw, list):
        for item in raw:
            yield from set_anywhere(item)
