"""Descriptors for server reflection: those of the contract."""

import importlib
import pkgutil
from typing import Final

import stigmer_proto
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from grpclib.health.v1 import health_pb2
from stigmer_proto.google_proto_descriptor_pool import default_google_proto_descriptor_pool

_CONTRACT: Final = "stigmer_proto.ai."


def descriptor_pool_for_reflection(service_names: tuple[str, ...]) -> descriptor_pool.DescriptorPool:
    """A pool of its own, so that the generated one stays as generated."""
    for module in pkgutil.walk_packages(stigmer_proto.__path__, "stigmer_proto."):
        if module.name.startswith(_CONTRACT):
            importlib.import_module(module.name)  # a module registers its file when it is imported
    pool = descriptor_pool.DescriptorPool()
    known: set[str] = set()
    _copy(health_pb2.DESCRIPTOR, pool, known)
    for name in service_names:
        _copy(default_google_proto_descriptor_pool.FindServiceByName(name).file, pool, known)
    return pool


def _copy(file: FileDescriptor, pool: descriptor_pool.DescriptorPool, known: set[str]) -> None:
    """Add a file after those it imports."""
    if file.name in known:
        return
    known.add(file.name)
    for dependency in file.dependencies:
        _copy(dependency, pool, known)
    proto = descriptor_pb2.FileDescriptorProto()
    file.CopyToProto(proto)
    pool.Add(proto)
