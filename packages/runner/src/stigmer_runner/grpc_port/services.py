"""The calls as grpclib handlers, under every service name and spelling: key checked, size bounded."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import betterproto2
from grpclib.const import Cardinality, Handler
from grpclib.server import Stream
from stigmer_ports.grpc_port.names import ServedService
from stigmer_ports.grpc_port.open_calls import OpenCalls
from stigmer_ports.grpc_port.receiving import authorization, receive
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import (
    CancelExecutionRequest,
    PauseExecutionRequest,
    ResumeExecutionRequest,
    WorkflowExecuteInput,
    WorkflowExecuteResponse,
    WorkflowProgressEvent,
)
from stigmer_proto.google.protobuf import Empty

from stigmer_runner.authentication import Authentication
from stigmer_runner.grpc_port.aliases import SERVICES
from stigmer_runner.grpc_port.calls import ExecutionCalls

_Q = TypeVar("_Q", bound=betterproto2.Message)
_A = TypeVar("_A", bound=betterproto2.Message)


class ExecutionServices:
    """Makes the handlers."""

    def __init__(self, authentication: Authentication, open_calls: OpenCalls, *, max_message_bytes: int) -> None:
        self._authentication = authentication
        self._open = open_calls
        self._max_message_bytes = max_message_bytes

    def of(self, calls: ExecutionCalls) -> list[ServedService]:
        """One service for each name, canonical first."""
        handlers = {
            "Execute": self._streaming("Execute", WorkflowExecuteInput, WorkflowProgressEvent, calls.execute),
            "ExecuteAsync": self._unary(
                "ExecuteAsync", WorkflowExecuteInput, WorkflowExecuteResponse, calls.execute_async
            ),
            "CancelExecution": self._unary("CancelExecution", CancelExecutionRequest, Empty, calls.cancel_execution),
            "PauseExecution": self._unary("PauseExecution", PauseExecutionRequest, Empty, calls.pause_execution),
            "ResumeExecution": self._unary("ResumeExecution", ResumeExecutionRequest, Empty, calls.resume_execution),
        }
        return [ServedService(name, handlers) for name in SERVICES]

    def _unary(self, method: str, request: type[_Q], reply: type[_A], call: Callable[[_Q], Awaitable[_A]]) -> Handler:
        async def serve(stream: "Stream[_Q, _A]") -> None:
            async with self._request(stream, method, request) as message:
                await stream.send_message(await call(message))

        return Handler(serve, Cardinality.UNARY_UNARY, request, reply)

    def _streaming(
        self,
        method: str,
        request: type[_Q],
        reply: type[_A],
        call: Callable[[_Q, Callable[[_A], Awaitable[None]]], Awaitable[None]],
    ) -> Handler:
        async def serve(stream: "Stream[_Q, _A]") -> None:
            async with self._request(stream, method, request) as message:
                await call(message, stream.send_message)

        return Handler(serve, Cardinality.UNARY_STREAM, request, reply)

    @asynccontextmanager
    async def _request(self, stream: "Stream[_Q, _A]", method: str, kind: type[_Q]) -> AsyncIterator[_Q]:
        async with self._open.answering(method):
            self._authentication.check(authorization(stream))
            yield await receive(stream, kind, max_bytes=self._max_message_bytes, variable="MAX_MESSAGE_BYTES")
