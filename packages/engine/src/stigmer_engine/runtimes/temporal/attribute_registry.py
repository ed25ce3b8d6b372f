"""The search attributes that a namespace has.

An unknown attribute would fail the workflow task that sets it, again and again. So whoever starts an execution finds
out what there is, and the execution carries that along.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Final

from stigmer_dsl.models.search_attributes import SearchAttributeType
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

_log = logging.getLogger(__name__)

LISTENS: Final = "StigmerListens"
"""KeywordList: the types of events that an execution may listen to, `*` for all, `-` for none; see `listened_types`."""

WORKFLOW: Final = "StigmerWorkflow"
"""Keyword: the document, as `namespace/name`."""

_OWN: Final[Mapping[str, IndexedValueType.ValueType]] = {
    LISTENS: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
    WORKFLOW: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
}
_TYPES: Final[Mapping[int, SearchAttributeType]] = {
    IndexedValueType.INDEXED_VALUE_TYPE_TEXT: "text",
    IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD: "keyword",
    IndexedValueType.INDEXED_VALUE_TYPE_INT: "int",
    IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE: "double",
    IndexedValueType.INDEXED_VALUE_TYPE_BOOL: "bool",
    IndexedValueType.INDEXED_VALUE_TYPE_DATETIME: "datetime",
    IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST: "keywordlist",
}
_KNOWN_SECONDS: Final = 60.0
_UNKNOWN_SECONDS: Final = 5.0
_TRIES: Final = 3


async def ensure_search_attributes(client: Client) -> bool:
    """Have this engine's own search attributes in the client's namespace; without permission, a warning tells.

    Returns:
        Whether all of them are there. What needs them goes on without: see docs/temporal.md.
    """
    known = await known_attributes(client)
    missing = {name: kind for name, kind in _OWN.items() if known is None or name not in known}
    if not missing:
        return True
    try:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        )
    except RPCError as error:
        if error.status is RPCStatusCode.ALREADY_EXISTS:
            return True
        _log.warning(
            "the search attributes %s could not be added to the namespace %s, and are not used: %s",
            ", ".join(missing), client.namespace, error.message,
        )  # fmt: skip
        return False
    return True


async def known_attributes(client: Client) -> Mapping[str, SearchAttributeType] | None:
    """The custom search attributes of the client's namespace and their types; None when nobody may know."""
    try:
        found = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace)
        )
    except RPCError as error:
        _log.warning("the search attributes of %s cannot be listed: %s", client.namespace, error.message)
        return None
    return {name: _TYPES[kind] for name, kind in sorted(found.custom_attributes.items()) if kind in _TYPES}


class NamespaceAttributes:
    """Knows the search attributes of one namespace for a minute at a time. This engine's own are added first."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._asking = asyncio.Lock()
        self._tries = 0
        self._until = 0.0
        self._known: Mapping[str, SearchAttributeType] | None = None

    async def known(self) -> Mapping[str, SearchAttributeType] | None:
        """As `known_attributes`."""
        async with self._asking:
            if time.monotonic() >= self._until:
                if self._tries < _TRIES:
                    self._tries = _TRIES if await ensure_search_attributes(self._client) else self._tries + 1
                self._known = await known_attributes(self._client)
                self._until = time.monotonic() + (_UNKNOWN_SECONDS if self._known is None else _KNOWN_SECONDS)
        return self._known
