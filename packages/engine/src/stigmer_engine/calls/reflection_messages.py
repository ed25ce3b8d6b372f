"""The messages of server reflection that we use (grpc/reflection/v1/reflection.proto), in a descriptor pool of our own.

The packages that bring them generated register them in the pool of the process, each under a file name of its own, so
that no two of them can be imported into one process; a gRPC server beside us may need one of them.
"""

from typing import Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

_FIELD: Final = descriptor_pb2.FieldDescriptorProto
_ONEOF: Final = "message_response"
_PACKAGE: Final = "stigmer.reflection"
_Fields = tuple[tuple[str, int, int, str], ...]


def _message(file: descriptor_pb2.FileDescriptorProto, name: str, fields: _Fields, *, choice: str = "") -> None:
    message = file.message_type.add(name=name)
    if choice:
        message.oneof_decl.add(name=choice)
    for field, number, kind, type_name in fields:
        repeated = kind == _FIELD.TYPE_BYTES
        added = message.field.add(
            name=field, number=number, type=kind, label=_FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
        )
        if type_name:
            added.type_name = f".{_PACKAGE}.{type_name}"
        if choice:
            added.oneof_index = 0


def _classes() -> tuple[type[Message], type[Message]]:
    file = descriptor_pb2.FileDescriptorProto(name="stigmer/reflection.proto", package=_PACKAGE, syntax="proto3")
    text, number, data, message = _FIELD.TYPE_STRING, _FIELD.TYPE_INT32, _FIELD.TYPE_BYTES, _FIELD.TYPE_MESSAGE
    questions = (("file_by_filename", 3, text, ""), ("file_containing_symbol", 4, text, ""))
    _message(file, "Request", questions, choice="message_request")
    _message(file, "Files", (("file_descriptor_proto", 1, data, ""),))
    _message(file, "Error", (("error_code", 1, number, ""), ("error_message", 2, text, "")))
    answers = (("file_descriptor_response", 4, message, "Files"), ("error_response", 7, message, "Error"))
    _message(file, "Response", answers, choice=_ONEOF)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    request, response = (
        message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in ("Request", "Response")
    )
    return request, response


ServerReflectionRequest, ServerReflectionResponse = _classes()
