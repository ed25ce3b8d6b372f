"""Descriptors for server reflection."""

from collections.abc import Iterable

from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from grpclib.health.v1 import health_pb2


def pool_of(files: Iterable[FileDescriptor]) -> descriptor_pool.DescriptorPool:
    """A pool of its own with these files and the health service, so that the generated one stays as generated."""
    pool = descriptor_pool.DescriptorPool()
    known: set[str] = set()
    for file in (health_pb2.DESCRIPTOR, *files):
        _copy(file, pool, known)
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
