"""Aliases for JSON data: the only place where `Any` enters the code."""

from typing import Any, TypeAlias

JsonValue: TypeAlias = Any
"""None, bool, int, float, str, a list of JSON values or a `JsonObject`."""

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object; treated as immutable once it is part of a document."""
