"""Asks a server by grpcio's reflection client; prints services and their methods as JSON. Argument: target.

A process of its own, because grpcio and grpclib register the same descriptors under different file names, which one
process cannot hold.
"""

import json
import sys

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase


def main(target: str) -> None:
    with grpc.insecure_channel(target) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        pool = DescriptorPool(database)
        known = [name for name in database.get_services() if not name.startswith("grpc.reflection.")]
        services = {name: pool.FindServiceByName(name).methods for name in known}
        described = {
            name: {
                method.name: [method.input_type.full_name, method.output_type.full_name, method.server_streaming]
                for method in methods
            }
            for name, methods in services.items()
        }
    json.dump(described, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
