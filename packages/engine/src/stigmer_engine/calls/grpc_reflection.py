"""Server reflection: what a peer says about a service (grpc.reflection.v1, and v1alpha for older peers)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool

from stigmer_engine.calls.reflection_messages import ServerReflectionRequest, ServerReflectionResponse
from stigmer_engine.faults import fault

_VERSIONS: Final = ("v1", "v1alpha")  # the messages of both are the same on the wire
_MAX_FILES: Final = 512


async def describe(
    channel: grpc.aio.Channel, service: str, metadata: tuple[tuple[str, str], ...], seconds: float
) -> bytes:
    """The files that describe a service, as a FileDescriptorSet, imports first.

    Raises:
        Fault: `configuration` when the peer does not know the service.
        grpc.RpcError: the peer offers no reflection, or cannot be reached.
    """
    for version in _VERSIONS:
        try:
            async with asyncio.timeout(seconds):
                return await _ask(channel, version, service, metadata)
        except TimeoutError:
            raise fault("communication", "The peer does not describe itself in time", service, status=504) from None
        except grpc.RpcError as error:
            if version == _VERSIONS[-1] or error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                raise
    raise AssertionError


async def _ask(channel: grpc.aio.Channel, version: str, service: str, metadata: tuple[tuple[str, str], ...]) -> bytes:
    method = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=ServerReflectionRequest.SerializeToString,
        response_deserializer=ServerReflectionResponse.FromString,
    )
    questions: asyncio.Queue[object] = asyncio.Queue()

    async def asked() -> AsyncIterator[object]:
        while (question := await questions.get()) is not None:
            yield question

    call = method(asked(), metadata=metadata)
    files: dict[str, descriptor_pb2.FileDescriptorProto] = {}
    try:
        questions.put_nowait(ServerReflectionRequest(file_containing_symbol=service))
        _take(await call.read(), service, files)
        while missing := _missing(files):
            if len(files) > _MAX_FILES:
                raise fault("configuration", "The peer describes itself with too many files", service)
            if not _from_here(missing, files):
                questions.put_nowait(ServerReflectionRequest(file_by_filename=missing))
                _take(await call.read(), missing, files)
    finally:
        questions.put_nowait(None)
        call.cancel()
    return _in_order(files)


# The classes are made at run time: nobody can name their fields to a type checker.
def _take(read: object, wanted: str, files: dict[str, descriptor_pb2.FileDescriptorProto]) -> None:
    response: Any = read if isinstance(read, ServerReflectionResponse) else None
    if response is None:
        raise fault("communication", "The peer ended its description too soon", wanted, status=502)
    if response.WhichOneof("message_response") != "file_descriptor_response":
        reason = response.error_response.error_message
        raise fault("configuration", f"The peer does not know {wanted}", reason)
    before = len(files)
    for data in response.file_descriptor_response.file_descriptor_proto:
        file = descriptor_pb2.FileDescriptorProto.FromString(data)
        files.setdefault(file.name, file)
    if len(files) == before:
        raise fault("configuration", f"The peer does not describe {wanted}")


def _missing(files: dict[str, descriptor_pb2.FileDescriptorProto]) -> str | None:
    needed = (name for file in files.values() for name in file.dependency)
    return next((name for name in needed if name not in files), None)


def _from_here(name: str, files: dict[str, descriptor_pb2.FileDescriptorProto]) -> bool:
    """Take a file of protobuf itself, which many peers leave out, from this process."""
    if not name.startswith("google/protobuf/"):
        return False
    try:
        found = descriptor_pool.Default().FindFileByName(name)
    except KeyError:
        return False
    files[name] = descriptor_pb2.FileDescriptorProto.FromString(found.serialized_pb)
    return True


def _in_order(files: dict[str, descriptor_pb2.FileDescriptorProto]) -> bytes:
    ordered: dict[str, descriptor_pb2.FileDescriptorProto] = {}
    pending = list(files)
    while pending:
        name = pending[-1]
        open_names = [needed for needed in files[name].dependency if needed not in ordered]
        if name in ordered or not open_names:
            ordered.setdefault(name, files[name])
            pending.pop()
        elif any(needed in pending[len(files) :] for needed in open_names):
            raise fault("configuration", "The files of the peer import each other in a circle", name)
        else:
            pending += open_names
    data: bytes = descriptor_pb2.FileDescriptorSet(file=ordered.values()).SerializeToString()
    return data
