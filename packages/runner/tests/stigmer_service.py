"""A Stigmer service that answers queries by id, for tests of runners that pull."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.server import Server
from stigmer_proto.ai.stigmer.agentic.environment.v1 import (
    Environment,
    EnvironmentQueryControllerBase,
    EnvironmentSpec,
    EnvironmentValue,
)
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import (
    Workflow,
    WorkflowDocument,
    WorkflowId,
    WorkflowQueryControllerBase,
    WorkflowSpec,
    WorkflowTask,
)
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    WorkflowExecution,
    WorkflowExecutionId,
    WorkflowExecutionQueryControllerBase,
)
from stigmer_proto.ai.stigmer.agentic.workflowinstance.v1 import (
    WorkflowInstance,
    WorkflowInstanceId,
    WorkflowInstanceQueryControllerBase,
)
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import (
    ReportProgressResponse,
    WorkflowProgressEvent,
    WorkflowProgressServiceBase,
)
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceReference, WorkflowTaskKind
from stigmer_proto_json import struct_from_json


def workflow(*tasks: WorkflowTask) -> Workflow:
    document = WorkflowDocument(dsl="1.0.0", namespace="test", name="pulled", version="1.0.0")
    variables = EnvironmentSpec(
        data={
            "A": EnvironmentValue(value="workflow"),
            "B": EnvironmentValue(value="workflow"),
            "C": EnvironmentValue(value="workflow"),
            "D": EnvironmentValue(value="workflow"),
        }
    )
    return Workflow(spec=WorkflowSpec(document=document, tasks=list(tasks), env_spec=variables))


def set_task(**variables: str) -> WorkflowTask:
    return WorkflowTask(
        name="show", kind=WorkflowTaskKind.SET, task_config=struct_from_json({"variables": dict(variables)})
    )


class StigmerService:
    """The query services over dictionaries; checks the key; may refuse everything."""

    def __init__(self) -> None:
        self.executions: dict[str, WorkflowExecution] = {}
        self.instances: dict[str, WorkflowInstance] = {}
        self.workflows: dict[str, Workflow] = {}
        self.environments: dict[str, Environment] = {}
        self.failure: Status | None = None
        self.endpoint = ""
        self.reported: list[WorkflowProgressEvent] = []

    def answer(self, found: Any) -> Any:
        if self.failure is not None:
            raise GRPCError(self.failure, "said by the test")
        if found is None:
            raise GRPCError(Status.NOT_FOUND)
        return found

    def services(self) -> list[Any]:
        service = self

        class Executions(WorkflowExecutionQueryControllerBase):
            async def get(self, message: WorkflowExecutionId) -> WorkflowExecution:
                found: WorkflowExecution = service.answer(service.executions.get(message.value))
                return found

        class Instances(WorkflowInstanceQueryControllerBase):
            async def get(self, message: WorkflowInstanceId) -> WorkflowInstance:
                found: WorkflowInstance = service.answer(service.instances.get(message.value))
                return found

        class Workflows(WorkflowQueryControllerBase):
            async def get(self, message: WorkflowId) -> Workflow:
                found: Workflow = service.answer(service.workflows.get(message.value))
                return found

        class Environments(EnvironmentQueryControllerBase):
            async def get_by_reference(self, message: ApiResourceReference) -> Environment:
                found: Environment = service.answer(service.environments.get(message.slug))
                return found

        class Progress(WorkflowProgressServiceBase):
            async def report_progress(self, message: WorkflowProgressEvent) -> ReportProgressResponse:
                service.reported.append(message)
                return ReportProgressResponse(success=True)

        return [Executions(), Instances(), Workflows(), Environments(), Progress()]


@asynccontextmanager
async def stigmer_service() -> AsyncIterator[StigmerService]:
    """The service on a free port."""
    stigmer = StigmerService()
    listener = socket.create_server(("127.0.0.1", 0))
    stigmer.endpoint = f"127.0.0.1:{listener.getsockname()[1]}"
    server = Server(stigmer.services())
    await server.start(sock=listener)
    yield stigmer
    server.close()
    await server.wait_closed()
