"""Descriptors for server reflection: those of the contract."""

import importlib
import pkgutil
from typing import Final

import stigmer_proto
from google.protobuf.descriptor_pool import DescriptorPool
from stigmer_ports.grpc_port.reflection import pool_of
from stigmer_proto.google_proto_descriptor_pool import default_google_proto_descriptor_pool

_CONTRACT: Final = "stigmer_proto.ai."


def descriptor_pool_for_reflection(service_names: tuple[str, ...]) -> DescriptorPool:
    """The files of these services."""
    for module in pkgutil.walk_packages(stigmer_proto.__path__, "stigmer_proto."):
        if module.name.startswith(_CONTRACT):
            importlib.import_module(module.name)  # a module registers its file when it is imported
    return pool_of(default_google_proto_descriptor_pool.FindServiceByName(name).file for name in service_names)
