"""A running runner, and a grpcio client of the contract compiled by grpcio-tools."""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType, SimpleNamespace

import grpc
import pytest
from grpc_tools import protoc
from stigmer_runner.testing import RunnerProcess

REPOSITORY = Path(__file__).parents[3]
PACKAGE = "ai/stigmer/agentic/workflowrunner/v1"


@pytest.fixture(scope="session")
def contract(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """`io`, `progress` and `service` of the contract as grpcio-tools generates them."""
    target = tmp_path_factory.mktemp("grpcio")
    files = [f"{PACKAGE}/{name}.proto" for name in ("io", "progress", "service")] + ["buf/validate/validate.proto"]
    include = Path(str(importlib.import_module("grpc_tools").__file__)).parent / "_proto"
    arguments = ["protoc", f"-I{REPOSITORY / 'proto'}", f"-I{include}", f"--python_out={target}"]
    assert protoc.main([*arguments, f"--grpc_python_out={target}", *files]) == 0
    sys.path.insert(0, str(target))
    module = PACKAGE.replace("/", ".")

    def load(name: str) -> ModuleType:
        return importlib.import_module(f"{module}.{name}")

    return SimpleNamespace(io=load("io_pb2"), progress=load("progress_pb2"), service=load("service_pb2_grpc"))


@pytest.fixture
def start_runner() -> Iterator[Callable[..., RunnerProcess]]:
    """Starts runners with settings given as keyword arguments; they end with the test."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(RunnerProcess(settings))


@pytest.fixture(scope="session")
def runner() -> Iterator[RunnerProcess]:
    """One runner with default settings, shared by the tests that leave nothing behind but executions."""
    with RunnerProcess() as process:
        yield process


@pytest.fixture
def connect(contract: SimpleNamespace) -> Iterator[Callable[[RunnerProcess], object]]:
    """Makes grpcio stubs of a runner's service."""
    with ExitStack() as stack:

        def make(process: RunnerProcess) -> object:
            channel = stack.enter_context(grpc.insecure_channel(process.grpc_target))
            return contract.service.WorkflowExecutionServiceStub(channel)

        yield make


@pytest.fixture
def stub(runner: RunnerProcess, connect: Callable[[RunnerProcess], object]) -> object:
    """A grpcio stub of the shared runner."""
    return connect(runner)
