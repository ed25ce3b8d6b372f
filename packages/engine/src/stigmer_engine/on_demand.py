"""Parts of the engine that are imported at the first need of them; this is the one place that does so.

The libraries for HTTP, gRPC, tokens and CloudEvents take longer to import than most documents take to run, and most
runs make no such call. So whoever needs one of these parts names it here and gets its module. What a part is
configured with stands in modules that import none of these libraries.
"""

import importlib
from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Final, Literal

Part = Literal["connections", "http", "grpc", "resource", "tokens", "event delivery", "event messages"]

MODULES: Final[Mapping[Part, str]] = MappingProxyType(
    {
        "connections": "stigmer_engine.calls.connections",
        "http": "stigmer_engine.calls.http",
        "grpc": "stigmer_engine.calls.grpc",
        "resource": "stigmer_engine.calls.resource_readers",
        "tokens": "stigmer_engine.calls.oauth",
        "event delivery": "stigmer_engine.bus.http_delivery",
        "event messages": "stigmer_engine.cloud_events.http_binding",
    }
)
"""The module of each part. Its user says what it takes from there, and of which type that is."""


def load_part(part: Part) -> ModuleType:
    """The module of a part."""
    return importlib.import_module(MODULES[part])


def load_all_parts() -> None:
    """Import every part now: for processes that serve many runs, of which none should wait for an import."""
    for part in MODULES:
        load_part(part)
