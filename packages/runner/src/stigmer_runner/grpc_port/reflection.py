"""Descriptors for server reflection: the contract's own, and one made for each older service name.

Without the latter a tool that relies on reflection, such as grpcurl, could list the older names but not call them.
"""

from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from grpclib.health.v1 import health_pb2
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowExecuteInput

from stigmer_runner.grpc_port.aliases import CANONICAL_SERVICE, OLDER_SERVICES, spellings


def descriptor_pool_for_reflection() -> descriptor_pool.DescriptorPool:
    """A pool of its own, so that the generated one stays as generated."""
    pool = descriptor_pool.DescriptorPool()
    generated = WorkflowExecuteInput.DESCRIPTOR.file.pool
    service = generated.FindServiceByName(CANONICAL_SERVICE)
    known: set[str] = set()
    _copy(service.file, pool, known)
    _copy(health_pb2.DESCRIPTOR, pool, known)
    for name in OLDER_SERVICES:
        pool.Add(_older_service(name, list(service.methods)))
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


def _older_service(full_name: str, methods: list[MethodDescriptor]) -> descriptor_pb2.FileDescriptorProto:
    package, _, name = full_name.rpartition(".")
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{full_name.replace('.', '/')}.proto", package=package, syntax="proto3"
    )
    service = file.service.add(name=name)
    imports: set[str] = set()
    for method in methods:
        imports |= {method.input_type.file.name, method.output_type.file.name}
        for spelling in dict.fromkeys(spellings(method.name)):
            service.method.add(
                name=spelling,
                input_type=f".{method.input_type.full_name}",
                output_type=f".{method.output_type.full_name}",
                server_streaming=method.server_streaming,
            )
    file.dependency.extend(sorted(imports))
    return file
