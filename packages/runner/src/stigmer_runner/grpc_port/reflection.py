"""Descriptors for server reflection: the contract's own, and one made for each older service name.

Without the latter a tool that relies on reflection, such as grpcurl, could list the older names but not call them.
"""

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from stigmer_ports.grpc_port.names import spellings
from stigmer_ports.grpc_port.reflection import pool_of
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowExecuteInput

from stigmer_runner.grpc_port.aliases import CANONICAL_SERVICE, OLDER_SERVICES


def descriptor_pool_for_reflection() -> DescriptorPool:
    """The file of the service, and one for each older name."""
    service = WorkflowExecuteInput.DESCRIPTOR.file.pool.FindServiceByName(CANONICAL_SERVICE)
    pool = pool_of([service.file])
    for name in OLDER_SERVICES:
        pool.Add(_older_service(name, list(service.methods)))
    return pool


def _older_service(full_name: str, methods: list[MethodDescriptor]) -> descriptor_pb2.FileDescriptorProto:
    package, _, name = full_name.rpartition(".")
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{full_name.replace('.', '/')}.proto", package=package, syntax="proto3"
    )
    service = file.service.add(name=name)
    imports: set[str] = set()
    for method in methods:
        imports |= {method.input_type.file.name, method.output_type.file.name}
        for spelling in spellings(method.name):
            service.method.add(
                name=spelling,
                input_type=f".{method.input_type.full_name}",
                output_type=f".{method.output_type.full_name}",
                server_streaming=method.server_streaming,
            )
    file.dependency.extend(sorted(imports))
    return file
