"""The contract as grpcio-tools generates it, by the names of its services."""

import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import ServiceDescriptor
from grpc_tools import protoc

_PROTO = Path(__file__).parents[3] / "proto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """Generated stubs and messages of every service in `packages`."""

    stubs: dict[str, Any]
    services: dict[str, ServiceDescriptor]

    def request(self, service: str, method: str) -> Any:
        """The class of a method's request."""
        return message_factory.GetMessageClass(self.services[service].methods_by_name[method].input_type)

    def message(self, name: str) -> Any:
        """The class of a message by its full name."""
        return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(name))

    def methods_of_the_server(self) -> Iterator[tuple[str, str]]:
        """Every service and method that the Stigmer service answers: all but those of runners and agents."""
        for name, service in self.services.items():
            if not any(part in name for part in (".agent.", ".agentexecution.", "WorkflowExecutionService")):
                yield from ((name, method) for method in service.methods_by_name)


def compile_contract(target: Path) -> Contract:
    """Compile every proto of the contract into `target` and import it."""
    files = sorted(
        str(path.relative_to(_PROTO)) for folder in ("ai", "buf") for path in (_PROTO / folder).rglob("*.proto")
    )
    include = Path(str(importlib.import_module("grpc_tools").__file__)).parent / "_proto"
    arguments = ["protoc", f"-I{_PROTO}", f"-I{include}", f"--python_out={target}", f"--grpc_python_out={target}"]
    assert protoc.main([*arguments, *files]) == 0
    sys.path.insert(0, str(target))
    stubs, services = {}, {}
    for file in files:
        module = file.removesuffix(".proto").replace("/", ".")
        importlib.import_module(f"{module}_pb2")
        generated = importlib.import_module(f"{module}_pb2_grpc")
        for name, service in descriptor_pool.Default().FindFileByName(file).services_by_name.items():
            stubs[service.full_name] = getattr(generated, f"{name}Stub")
            services[service.full_name] = service
    return Contract(stubs=stubs, services=services)
