"""Requests that bring only an id: execution, instance, workflow and environments come from the Stigmer service."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.json_format import MessageToDict
from grpclib.const import Status
from stigmer_proto.ai.stigmer.agentic.environment.v1 import (
    Environment,
    EnvironmentSpec,
    EnvironmentValue,
)
from stigmer_proto.ai.stigmer.agentic.executioncontext.v1 import ExecutionValue
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import (
    WorkflowTask,
)
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    ExecutionPhase,
    WorkflowExecution,
    WorkflowExecutionSpec,
    WorkflowExecutionStatus,
)
from stigmer_proto.ai.stigmer.agentic.workflowinstance.v1 import (
    WorkflowInstance,
    WorkflowInstanceSpec,
)
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceMetadata, ApiResourceReference, WorkflowTaskKind
from stigmer_proto_json import struct_from_json
from stigmer_runner.testing import RunnerProcess

from packages.runner.tests.stigmer_service import StigmerService, set_task, stigmer_service, workflow

pytestmark = pytest.mark.asyncio(loop_scope="module")
KEY = "pull-key-0815"
Start = Callable[..., RunnerProcess]
Connect = Callable[[RunnerProcess], Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_service() -> AsyncIterator[StigmerService]:
    async with stigmer_service() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pulling_runner(shared_service: StigmerService) -> AsyncIterator[RunnerProcess]:
    """One runner for all tests here; their executions have ids of their own."""
    settings = {
        "STIGMER_BACKEND_ENDPOINT": shared_service.endpoint,
        "STIGMER_API_KEY": KEY,
        "PULL_TIMEOUT_SECONDS": "5",
    }
    runner = RunnerProcess(settings)
    await asyncio.to_thread(runner.__enter__)
    yield runner
    # In a thread, because the runner's last reports are served by this loop.
    await asyncio.to_thread(runner.__exit__, None, None, None)


@pytest.fixture
def service(shared_service: StigmerService) -> StigmerService:
    shared_service.failure = None
    return shared_service


@pytest.fixture
def pulling(pulling_runner: RunnerProcess, connect: Connect) -> Any:
    return connect(pulling_runner)


async def execute(stub: Any, contract: SimpleNamespace, execution_id: str, **fields: Any) -> dict[str, Any]:
    """The output of a run pulled by id."""
    request = contract.io.WorkflowExecuteInput(workflow_execution_id=execution_id, **fields)
    events = await asyncio.to_thread(lambda: list(stub.Execute(request)))
    assert events[-1].event_type == "workflow_completed", events[-1]
    output: dict[str, Any] = MessageToDict(events[-1].payload)["output"]
    return output


async def refusal(stub: Any, contract: SimpleNamespace, execution_id: str) -> Any:
    with pytest.raises(grpc.RpcError) as caught:
        await execute(stub, contract, execution_id)
    return caught.value


async def test_a_run_by_workflow_id(service: StigmerService, pulling: Any, contract: SimpleNamespace) -> None:
    service.workflows["wfl-1"] = workflow(set_task(greeting="${ .trigger_message }", who="${ .trigger_metadata.user }"))
    service.executions["wex-1"] = WorkflowExecution(
        spec=WorkflowExecutionSpec(
            workflow_id="wfl-1", trigger_message="hello", trigger_metadata={"user": "ann"}, callback_token=b"t"
        )
    )
    assert await execute(pulling, contract, "wex-1") == {"greeting": "hello", "who": "ann"}
    # The id is known now: repeating it joins the run and pulls nothing.
    service.failure = Status.UNAVAILABLE
    assert await execute(pulling, contract, "wex-1") == {"greeting": "hello", "who": "ann"}


async def test_the_input_of_the_request_wins(service: StigmerService, pulling: Any, contract: SimpleNamespace) -> None:
    service.workflows["wfl-1"] = workflow(set_task(got="${ .x }"))
    service.executions["wex-2"] = WorkflowExecution(
        spec=WorkflowExecutionSpec(workflow_id="wfl-1", trigger_message="hello")
    )
    assert await execute(pulling, contract, "wex-2", workflow_input={"x": "y"}) == {"got": "y"}


async def test_an_input_kept_as_annotation_wins_over_the_trigger(
    service: StigmerService, pulling: Any, contract: SimpleNamespace
) -> None:
    service.workflows["wfl-1"] = workflow(set_task(got="${ .x }"))
    for number, (text, got) in enumerate((('{"x": {"deep": [1]}}', {"deep": [1]}), ("[1]", None), ("{", None))):
        service.executions[f"wex-a{number}"] = WorkflowExecution(
            metadata=ApiResourceMetadata(annotations={"stigmer.ai/input": text}),
            spec=WorkflowExecutionSpec(workflow_id="wfl-1", trigger_message="hello"),
        )
        assert await execute(pulling, contract, f"wex-a{number}") == {"got": got}


async def test_precedence_of_variables(service: StigmerService, pulling: Any, contract: SimpleNamespace) -> None:
    service.workflows["wfl-1"] = workflow(
        set_task(**{name: f"${{.env_vars.{name}}}" for name in "ABCD"}, secret="${.secrets.TOKEN}")
    )
    service.environments["staging"] = Environment(
        spec=EnvironmentSpec(
            data={
                "B": EnvironmentValue(value="environment"),
                "C": EnvironmentValue(value="environment"),
                "D": EnvironmentValue(value="environment"),
                "TOKEN": EnvironmentValue(value="", is_secret=True),
            }
        )
    )
    service.instances["win-1"] = WorkflowInstance(
        spec=WorkflowInstanceSpec(workflow_id="wfl-1", env_refs=[ApiResourceReference(slug="staging")])
    )
    service.executions["wex-3"] = WorkflowExecution(
        spec=WorkflowExecutionSpec(
            workflow_instance_id="win-1",
            runtime_env={
                "C": ExecutionValue(value="execution"),
                "D": ExecutionValue(value="execution"),
                "TOKEN": ExecutionValue(value="t0ken-value", is_secret=True),
            },
        )
    )
    output = await execute(pulling, contract, "wex-3", env_vars={"D": "request"})
    assert "t0ken-value" not in str(output)
    assert {name: output[name] for name in "ABCD"} == {
        "A": "workflow",
        "B": "environment",
        "C": "execution",
        "D": "request",
    }


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Status.UNAVAILABLE, grpc.StatusCode.UNAVAILABLE),
        (Status.UNAUTHENTICATED, grpc.StatusCode.FAILED_PRECONDITION),
        (Status.PERMISSION_DENIED, grpc.StatusCode.FAILED_PRECONDITION),
        (Status.INTERNAL, grpc.StatusCode.FAILED_PRECONDITION),
        (Status.NOT_FOUND, grpc.StatusCode.NOT_FOUND),
    ],
)
async def test_failures_of_the_service(
    service: StigmerService, pulling: Any, contract: SimpleNamespace, answer: Status, code: grpc.StatusCode
) -> None:
    service.failure = answer
    error = await refusal(pulling, contract, "wex-9")
    assert error.code() is code
    assert "wex-9" in error.details()
    assert KEY not in error.details()


async def test_what_is_missing_is_named(service: StigmerService, pulling: Any, contract: SimpleNamespace) -> None:
    service.executions["wex-a"] = WorkflowExecution(spec=WorkflowExecutionSpec(workflow_id="wfl-gone"))
    service.executions["wex-b"] = WorkflowExecution(spec=WorkflowExecutionSpec(workflow_instance_id="win-gone"))
    service.executions["wex-c"] = WorkflowExecution(spec=WorkflowExecutionSpec())
    service.executions["wex-d"] = WorkflowExecution()
    for execution_id, code, named in (
        ("wex-a", grpc.StatusCode.NOT_FOUND, "wfl-gone"),
        ("wex-b", grpc.StatusCode.NOT_FOUND, "win-gone"),
        ("wex-c", grpc.StatusCode.INVALID_ARGUMENT, "wex-c"),
        ("wex-d", grpc.StatusCode.INVALID_ARGUMENT, "wex-d"),
    ):
        error = await refusal(pulling, contract, execution_id)
        assert error.code() is code
        assert named in error.details()


async def test_a_spec_that_cannot_be_converted(
    service: StigmerService, pulling: Any, contract: SimpleNamespace
) -> None:
    broken = WorkflowTask(name="bad", kind=WorkflowTaskKind.HTTP_CALL, task_config=struct_from_json({"verb": "GET"}))
    service.workflows["wfl-1"] = workflow(broken)
    service.executions["wex-4"] = WorkflowExecution(spec=WorkflowExecutionSpec(workflow_id="wfl-1"))
    error = await refusal(pulling, contract, "wex-4")
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "verb" in error.details()


async def test_an_execution_that_has_ended_does_not_run_again(
    service: StigmerService, pulling: Any, contract: SimpleNamespace
) -> None:
    service.executions["wex-5"] = WorkflowExecution(
        spec=WorkflowExecutionSpec(workflow_id="wfl-1"),
        status=WorkflowExecutionStatus(phase=ExecutionPhase.EXECUTION_COMPLETED),
    )
    error = await refusal(pulling, contract, "wex-5")
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION


async def test_a_service_that_never_answers_is_given_up(
    start_runner: Start, connect: Connect, contract: SimpleNamespace
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        runner = await asyncio.to_thread(
            start_runner,
            STIGMER_SERVICE_ENDPOINT=f"127.0.0.1:{silent.getsockname()[1]}",
            STIGMER_SERVICE_API_KEY=KEY,
            PULL_TIMEOUT_SECONDS="1",
        )
        error = await refusal(connect(runner), contract, "wex-6")
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert "no answer" in error.details()
