"""Our messages and those of the reference implementation read each other, for every message type of the contract.

protoc of grpcio-tools (C++) compiles proto/ at test time, and the C runtime of protobuf encodes and decodes by its
descriptors. Random contents are built twice from the same plain data, once with each implementation, so that a fault of
one decoder cannot hide a fault of the other.
"""

from __future__ import annotations

import importlib
import keyword
import pkgutil
from datetime import UTC
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import betterproto2
import grpc_tools
import pytest
import stigmer_proto
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from grpc_tools import protoc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stigmer_proto.message_pool import default_message_pool

PROTO = Path(__file__).resolve().parents[2] / "proto"
RANDOM = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TIMESTAMP = "google.protobuf.Timestamp"
JSON_MESSAGES = ("google.protobuf.Struct", "google.protobuf.ListValue", "google.protobuf.Value")
# Options are read by buf and never travel.
OPTIONS = ("buf.validate.", "google.protobuf.", "ai.stigmer.commons.apiresource.ApiResourceKindMeta")
SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_STRING: st.text(max_size=8),
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=8),
    FieldDescriptor.TYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT32: st.integers(0, 2**32 - 1),
    # Adding zero makes 0 of -0.0, which betterproto2 takes for the default and does not send.
    FieldDescriptor.TYPE_FLOAT: st.floats(width=32, allow_nan=False, allow_infinity=False).map(lambda x: x + 0.0),
    FieldDescriptor.TYPE_DOUBLE: st.floats(allow_nan=False, allow_infinity=False),
}


@cache
def pool() -> descriptor_pool.DescriptorPool:
    """Descriptors of all protos as protoc compiled them, apart from the process-wide pool."""
    files = sorted(path.relative_to(PROTO).as_posix() for path in PROTO.rglob("*.proto"))
    with TemporaryDirectory() as folder:
        image = Path(folder) / "image.binpb"
        well_known = Path(grpc_tools.__file__).parent / "_proto"
        code = protoc.main(
            ["protoc", f"-I{PROTO}", f"-I{well_known}", "--include_imports", f"--descriptor_set_out={image}", *files]
        )
        assert code == 0
        compiled = descriptor_pb2.FileDescriptorSet.FromString(image.read_bytes())
    result = descriptor_pool.DescriptorPool()
    for file in compiled.file:
        result.Add(file)
    return result


@cache
def ours() -> dict[str, type[betterproto2.Message]]:
    """Our message classes by full proto name."""
    for module in pkgutil.walk_packages(stigmer_proto.__path__, "stigmer_proto."):
        importlib.import_module(module.name)
    return {url.partition("/")[2]: cls for url, cls in default_message_pool.url_to_type.items()}


@cache
def our_enums() -> dict[str, type[betterproto2.Enum]]:
    """Our enum classes by full proto name."""
    ours()
    pending = list(betterproto2.Enum.__subclasses__())
    found = [cls for cls in pending if cls.__module__.startswith("stigmer_proto.")]
    # Every generated enum has a descriptor, their base class has none.
    return {cls.DESCRIPTOR.full_name: cls for cls in found}  # type: ignore[attr-defined]


def message_names() -> list[str]:
    """Full names of every message that protoc found and that can travel."""
    names: list[str] = []
    for path in sorted(PROTO.rglob("*.proto")):
        file = pool().FindFileByName(path.relative_to(PROTO).as_posix())
        names += [message.full_name for message in file.message_types_by_name.values()]
    return [name for name in names if not name.startswith(OPTIONS)]


def is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def single(field: FieldDescriptor, depth: int, *, strict: bool) -> st.SearchStrategy[Any]:
    """One value of a field, as plain data. `strict` keeps to what has a JSON form."""
    if field.enum_type is not None:
        declared = st.sampled_from([value.number for value in field.enum_type.values])
        return declared if strict else declared | SCALARS[FieldDescriptor.TYPE_INT32]
    if field.message_type is None:
        return SCALARS[field.type]
    if field.message_type.full_name == TIMESTAMP:
        return st.datetimes(timezones=st.just(UTC))
    return content(field.message_type, depth - 1, strict=strict)


def content(descriptor: Descriptor, depth: int, *, strict: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Contents of a message as plain data: field name to value; unset fields are absent."""

    @st.composite
    def build(draw: st.DrawFn) -> dict[str, Any]:
        chosen: dict[str, Any] = {}
        for oneof in descriptor.oneofs:
            # A Value without content has no JSON form.
            leaves = [field for field in oneof.fields if field.message_type is None or depth > 0]
            options = [*leaves, *([] if strict else [None])]
            field = draw(st.sampled_from(options))
            if field is not None:
                chosen[field.name] = draw(single(field, depth, strict=strict))
        for field in descriptor.fields:
            if field.containing_oneof is not None or (field.message_type is not None and depth <= 0):
                continue
            if is_map(field):
                assert field.message_type is not None
                key, value = field.message_type.fields
                entries = st.dictionaries(SCALARS[key.type], single(value, depth, strict=strict), max_size=3)
                chosen[field.name] = draw(entries)
            elif field.is_repeated:
                chosen[field.name] = draw(st.lists(single(field, depth, strict=strict), max_size=3))
            elif draw(st.booleans()):
                chosen[field.name] = draw(single(field, depth, strict=strict))
        return chosen

    return build()


def their_message(descriptor: Descriptor, data: dict[str, Any]) -> Message:
    """Builds a message of the reference implementation from plain data."""
    message = message_factory.GetMessageClass(descriptor)()
    for name, value in data.items():
        field = descriptor.fields_by_name[name]
        target = getattr(message, name)
        if is_map(field):
            assert field.message_type is not None
            entry = field.message_type.fields_by_name["value"]
            for key, item in value.items():
                if entry.message_type is None:
                    target[key] = item
                else:
                    target[key].CopyFrom(their_message(entry.message_type, item))
        elif field.message_type is None:
            target.extend(value) if field.is_repeated else setattr(message, name, value)
        elif field.is_repeated:
            target.extend(their_message(field.message_type, item) for item in value)
        elif field.message_type.full_name == TIMESTAMP:
            target.FromDatetime(value)
        else:
            target.CopyFrom(their_message(field.message_type, value))
            target.SetInParent()
    return message


def our_message(descriptor: Descriptor, data: dict[str, Any]) -> betterproto2.Message:
    """Builds a message of ours from plain data."""

    def one(field: FieldDescriptor, value: Any) -> Any:
        if field.enum_type is not None:
            return our_enums()[field.enum_type.full_name](value)
        if field.message_type is None or field.message_type.full_name == TIMESTAMP:
            return value
        return our_message(field.message_type, value)

    fields: dict[str, Any] = {}
    for name, value in data.items():
        field = descriptor.fields_by_name[name]
        if is_map(field):
            assert field.message_type is not None
            entry = field.message_type.fields_by_name["value"]
            built: Any = {key: one(entry, item) for key, item in value.items()}
        else:
            built = [one(field, item) for item in value] if field.is_repeated else one(field, value)
        fields[f"{name}_" if keyword.iskeyword(name) else name] = built
    return ours()[descriptor.full_name](**fields)


def test_every_message_of_the_protos_is_generated() -> None:
    assert set(message_names()) == {name for name in ours() if not name.startswith(OPTIONS)}


def depth_of(name: str) -> int:
    return 6 if name in JSON_MESSAGES else 3


@pytest.mark.parametrize("name", [*message_names(), *JSON_MESSAGES])
def test_binary_is_read_both_ways(name: str) -> None:
    descriptor = pool().FindMessageTypeByName(name)
    their_class, our_class = message_factory.GetMessageClass(descriptor), ours()[name]

    @RANDOM
    @given(content(descriptor, depth_of(name), strict=False))
    def check(data: dict[str, Any]) -> None:
        theirs, mine = their_message(descriptor, data), our_message(descriptor, data)
        assert their_class.FromString(bytes(mine)) == theirs
        assert our_class.parse(theirs.SerializeToString()) == mine

    check()


@pytest.mark.parametrize("name", [*(name for name in message_names() if name != "google.rpc.Status"), *JSON_MESSAGES])
def test_json_is_read_both_ways(name: str) -> None:
    # google.rpc.Status holds Any, whose JSON form exists only for types the reader knows.
    descriptor = pool().FindMessageTypeByName(name)
    their_class, our_class = message_factory.GetMessageClass(descriptor), ours()[name]

    @RANDOM
    @given(content(descriptor, depth_of(name), strict=True))
    def check(data: dict[str, Any]) -> None:
        theirs, mine = their_message(descriptor, data), our_message(descriptor, data)
        assert json_format.Parse(mine.to_json(), their_class()) == theirs
        for text in (
            json_format.MessageToJson(theirs),
            json_format.MessageToJson(theirs, preserving_proto_field_name=True),
        ):
            # Compared as binary: JSON shortens a float to the digits that tell it from its neighbours.
            assert their_class.FromString(bytes(our_class.from_json(text))) == theirs

    check()
