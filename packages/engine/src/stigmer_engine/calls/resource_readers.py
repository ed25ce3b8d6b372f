"""The caller of resources, with everything that reads them."""

from stigmer_engine.calls.caller import Caller
from stigmer_engine.calls.connections import Connections
from stigmer_engine.calls.function import FunctionReader
from stigmer_engine.calls.openapi import OpenApiReader
from stigmer_engine.calls.proto import ProtoReader
from stigmer_engine.calls.resource import Reader, ResourceCaller


def build_caller(connections: Connections) -> Caller:
    """The caller of `resource`."""
    config = connections.config.resources
    readers: dict[str, Reader] = {
        "function": FunctionReader(connections.load),
        "openapi": OpenApiReader(),
        "proto": ProtoReader(config.max_imports),
    }
    return ResourceCaller(config, connections.client, connections.authorizer, readers)
