"""A client that shares no code with the server: grpcio with generated stubs."""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf.json_format import ParseDict

from packages.server.tests.grpcio_contract import Contract

AGENTIC = "ai.stigmer.agentic"
WORKFLOW_COMMAND = f"{AGENTIC}.workflow.v1.WorkflowCommandController"
WORKFLOW_QUERY = f"{AGENTIC}.workflow.v1.WorkflowQueryController"
INSTANCE_COMMAND = f"{AGENTIC}.workflowinstance.v1.WorkflowInstanceCommandController"
INSTANCE_QUERY = f"{AGENTIC}.workflowinstance.v1.WorkflowInstanceQueryController"
EXECUTION_COMMAND = f"{AGENTIC}.workflowexecution.v1.WorkflowExecutionCommandController"
EXECUTION_QUERY = f"{AGENTIC}.workflowexecution.v1.WorkflowExecutionQueryController"
ENVIRONMENT_COMMAND = f"{AGENTIC}.environment.v1.EnvironmentCommandController"
ENVIRONMENT_QUERY = f"{AGENTIC}.environment.v1.EnvironmentQueryController"
CONTEXT_COMMAND = f"{AGENTIC}.executioncontext.v1.ExecutionContextCommandController"
CONTEXT_QUERY = f"{AGENTIC}.executioncontext.v1.ExecutionContextQueryController"
RUNNER_COMMAND = f"{AGENTIC}.workflowrunner.v1.WorkflowRunnerCommandController"
RUNNER_QUERY = f"{AGENTIC}.workflowrunner.v1.WorkflowRunnerQueryController"
PROGRESS = f"{AGENTIC}.workflowrunner.v1.WorkflowProgressService"


class Peer:
    """Calls by service, method and a request in JSON (protojson names). A context manager.

    With the certificate of an `authority` it speaks TLS.
    """

    def __init__(self, contract: Contract, target: str, key: str, *, authority: bytes | None = None) -> None:
        self.contract = contract
        any_size = [("grpc.max_receive_message_length", -1)]
        self.channel = (
            grpc.insecure_channel(target, any_size)
            if authority is None
            else grpc.secure_channel(target, grpc.ssl_channel_credentials(authority), any_size)
        )
        self._metadata = (("authorization", f"Bearer {key}"),) if key else ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.channel.close()

    def call(self, service: str, method: str, request: Mapping[str, Any]) -> Any:
        """The answer. Raises grpc.RpcError."""
        stub = self.contract.stubs[service](self.channel)
        return getattr(stub, method)(self._message(service, method, request), metadata=self._metadata, timeout=300)

    def later(self, service: str, method: str, request: Mapping[str, Any]) -> Any:
        """A future of the answer."""
        stub = self.contract.stubs[service](self.channel)
        message = self._message(service, method, request)
        return getattr(stub, method).future(message, metadata=self._metadata, timeout=300)

    def stream(self, service: str, method: str, request: Mapping[str, Any]) -> Iterator[Any]:
        """The answers of a stream."""
        stub = self.contract.stubs[service](self.channel)
        answers: Iterator[Any] = getattr(stub, method)(
            self._message(service, method, request), metadata=self._metadata, timeout=300
        )
        return answers

    def refusal(self, service: str, method: str, request: Mapping[str, Any]) -> tuple[str, str]:
        """Name of the status and message of a call that must be refused."""
        try:
            streams = self.contract.services[service].methods_by_name[method].server_streaming
            answer = list(self.stream(service, method, request)) if streams else self.call(service, method, request)
        except grpc.RpcError as error:
            return error.code().name, error.details() or ""
        raise AssertionError(f"{method} was not refused: {answer}")

    def _message(self, service: str, method: str, request: Mapping[str, Any]) -> Any:
        return ParseDict(dict(request), self.contract.request(service, method)())
