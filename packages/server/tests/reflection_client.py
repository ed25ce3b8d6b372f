"""Calls a server that it knows by reflection only: reads calls from standard input, one JSON object a line, and writes
the answers in the same way. Arguments: target, key.

A process of its own, because grpcio and grpclib register the same descriptors under different file names, which one
process cannot hold.
"""

import json
import sys
from itertools import islice
from typing import Any

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase


def main(target: str, key: str) -> None:
    with grpc.insecure_channel(target) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        pool = DescriptorPool(database)
        print(json.dumps({name: methods(pool, name) for name in services(database)}), flush=True)
        for line in sys.stdin:
            print(json.dumps(answer(channel, pool, key, json.loads(line))), flush=True)


def services(database: ProtoReflectionDescriptorDatabase) -> list[str]:
    return [name for name in database.get_services() if not name.startswith("grpc.")]


def methods(pool: DescriptorPool, service: str) -> list[str]:
    return [method.name for method in pool.FindServiceByName(service).methods]


def answer(channel: grpc.Channel, pool: DescriptorPool, key: str, asked: dict[str, Any]) -> dict[str, Any]:
    method = pool.FindServiceByName(asked["service"]).methods_by_name[asked["method"]]
    request = ParseDict(asked["request"], GetMessageClass(method.input_type)(), descriptor_pool=pool)
    make = channel.unary_stream if method.server_streaming else channel.unary_unary
    call = make(
        f"/{asked['service']}/{asked['method']}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )
    try:
        reply = call(request, metadata=(("authorization", f"Bearer {key}"),), timeout=300)
        if method.server_streaming:
            [reply] = islice(reply, 1)
    except grpc.RpcError as error:
        return {"status": error.code().name, "message": error.details()}
    return {"reply": MessageToDict(reply, descriptor_pool=pool)}


if __name__ == "__main__":
    main(*sys.argv[1:])
