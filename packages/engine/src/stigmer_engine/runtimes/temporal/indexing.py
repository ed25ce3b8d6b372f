"""How an execution is found: search attributes where the namespace has them, and its memo."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models.search_attributes import SearchAttributeType
from temporalio import workflow
from temporalio.common import TypedSearchAttributes

from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.interpreter.search_attributes import of_metadata, typed
from stigmer_engine.runtimes.temporal.attribute_registry import LISTENS, WORKFLOW
from stigmer_engine.runtimes.temporal.listened_types import NOTHING, listened_types
from stigmer_engine.runtimes.temporal.names import LISTENS_MEMO
from stigmer_engine.runtimes.temporal.search_attributes import (
    refuse_unusable,
    search_attribute_updates,
    search_attributes_of,
    set_anywhere,
)

KnownAttributes = Mapping[str, SearchAttributeType]


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """What an execution is started with, to be found by.

    Attributes:
        usable: the search attributes that it and its sub-workflows may set; None when nobody knows.
    """

    search_attributes: TypedSearchAttributes
    memo: Mapping[str, JsonValue]
    usable: KnownAttributes | None


def index_of(document: PreparedDocument, known: KnownAttributes | None) -> Index:
    """What an execution of a document is found by.

    Args:
        known: the search attributes of the namespace; None when nobody knows.

    Raises:
        Fault: `configuration`, when the document sets a search attribute that the namespace does not have;
            `expression`, for a value that is too long or of another type.
    """
    head = document.raw.get("document")
    metadata = head.get("metadata") if isinstance(head, dict) else None
    attributes = typed(of_metadata(metadata if isinstance(metadata, dict) else None))
    refuse_unusable(attributes, known)
    attributes = {**attributes, **_own(document, known)}
    memo: dict[str, JsonValue] = {}
    if document.may_listen:
        memo[LISTENS_MEMO] = list(listened_types(document.raw))
    return Index(search_attributes=search_attributes_of(attributes), memo=memo, usable=_usable(document, known))


def announce_child(document: PreparedDocument, usable: KnownAttributes | None) -> None:
    """Be found as a sub-workflow, which its parent starts without having read its document. One or two events."""
    attributes = _own(document, usable)
    if attributes:
        workflow.upsert_search_attributes(search_attribute_updates(attributes))
    if document.may_listen and LISTENS not in attributes:
        workflow.upsert_memo({LISTENS_MEMO: list(listened_types(document.raw))})


def _own(document: PreparedDocument, known: KnownAttributes | None) -> JsonObject:
    head = document.workflow.document
    # Said of those that never listen too: what has no such attribute was started where it was not known.
    types = listened_types(document.raw) if document.may_listen else (NOTHING,)
    own: JsonObject = {
        WORKFLOW: {"type": "keyword", "value": f"{head.namespace}/{head.name}"},
        LISTENS: {"type": "keywordlist", "value": list(types)},
    }
    return {name: attribute for name, attribute in own.items() if name in (known or {})}


def _usable(document: PreparedDocument, known: KnownAttributes | None) -> KnownAttributes | None:
    """Those that matter, as every execution keeps them in its history."""
    if known is None or _may_run_others(document.raw):
        return known
    return _only(known, set_anywhere(document.raw))


def _only(known: KnownAttributes, names: Iterable[str]) -> KnownAttributes:
    return {name: known[name] for name in sorted(set(names)) if name in known}


def _may_run_others(value: JsonValue) -> bool:
    """Whether there may be tasks of other documents: sub-workflows, or functions from elsewhere."""
    if isinstance(value, dict):
        run, called = value.get("run"), value.get("call")
        if isinstance(run, dict) and "workflow" in run:
            return True
        if isinstance(called, str) and ("@" in called or ":" in called):
            return True
        return any(map(_may_run_others, value.values()))
    return isinstance(value, list) and any(map(_may_run_others, value))
