"""Services and methods from descriptors, in a pool of their own: two workflows may mean different files by one name."""

from typing import Final

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError, Message
from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.faults import fault

_SHOWN: Final = 20


class Services:
    """The services of one FileDescriptorSet."""

    def __init__(self, data: bytes) -> None:
        self._pool = descriptor_pool.DescriptorPool()
        self._methods: dict[str, dict[str, MethodDescriptor]] = {}
        try:
            files = descriptor_pb2.FileDescriptorSet.FromString(data).file
            for file in files:
                self._pool.Add(file)
            for file in files:
                for service in self._pool.FindFileByName(file.name).services_by_name.values():
                    self._methods[service.full_name] = dict(service.methods_by_name)
        except (DecodeError, TypeError, ValueError, KeyError) as error:
            raise fault("configuration", "The description of the service cannot be used", str(error)) from None

    def method(self, service: str, name: str) -> "Method":
        """A method by the full name of its service. Raises Fault `configuration` when it cannot be called."""
        methods = self._methods.get(service)
        if methods is None:
            shown = ", ".join(sorted(self._methods)[:_SHOWN]) or "none"
            raise fault("configuration", f"There is no service {service!r}", f"the proto has {shown}")
        descriptor = methods.get(name)
        if descriptor is None:
            shown = ", ".join(sorted(methods)[:_SHOWN])
            raise fault("configuration", f"The service {service} has no method {name!r}", f"it has {shown}")
        if descriptor.client_streaming:
            hint = "call a method that takes one message"
            raise fault("configuration", f"{service}/{name} takes a stream, which is not supported", hint)
        return Method(descriptor, self._pool)


class Method:
    """One method: its path, its messages, and their JSON form (protobuf's JSON mapping)."""

    def __init__(self, descriptor: MethodDescriptor, pool: descriptor_pool.DescriptorPool) -> None:
        self.path = f"/{descriptor.containing_service.full_name}/{descriptor.name}"
        self.streams = bool(descriptor.server_streaming)
        self.output: type[Message] = message_factory.GetMessageClass(descriptor.output_type)
        self._input: type[Message] = message_factory.GetMessageClass(descriptor.input_type)
        self._pool = pool

    def request(self, arguments: JsonValue) -> Message:
        """The request message. Raises Fault `configuration` for members that do not fit it."""
        message = self._input()
        value: JsonObject = arguments if isinstance(arguments, dict) else {}
        try:
            json_format.ParseDict(value, message, descriptor_pool=self._pool)
        except (json_format.ParseError, TypeError, ValueError) as error:
            raise fault("configuration", f"The arguments do not fit {self.path}", str(error)) from None
        return message

    def to_json(self, message: Message) -> JsonObject:
        """The message as JSON: lowerCamelCase names; fields without presence are there even when they are empty."""
        value: JsonObject = json_format.MessageToDict(
            message, always_print_fields_with_no_presence=True, descriptor_pool=self._pool
        )
        return value
