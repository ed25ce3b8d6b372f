"""The calls as grpclib handlers, under every service name and spelling."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

import betterproto2
from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError, StreamTerminatedError
from grpclib.server import Stream
from stigmer_ports.logs import get_logger
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
from stigmer_runner.grpc_port.aliases import SERVICES, paths
from stigmer_runner.grpc_port.calls import ExecutionCalls
from stigmer_runner.grpc_port.receiving import receive
from stigmer_runner.grpc_port.status_details import grpc_error
from stigmer_runner.refusals import Refused

_Q = TypeVar("_Q", bound=betterproto2.Message)
_A = TypeVar("_A", bound=betterproto2.Message)


class NamedService:
    """One service name over the shared handlers; what grpclib calls a servable."""

    def __init__(self, name: str, handlers: Mapping[str, Handler]) -> None:
        self._mapping = {path: handlers[method] for path, method in paths(name)}

    def __mapping__(self) -> Mapping[str, Handler]:
        return self._mapping


class ExecutionServices:
    """Makes the handlers: key checked, size bounded, refusals and defects turned into statuses."""

    def __init__(self, calls: ExecutionCalls, authentication: Authentication, *, max_message_bytes: int) -> None:
        self._calls = calls
        self._authentication = authentication
        self._max_message_bytes = max_message_bytes
        self._log = get_logger(__name__)
        self._open = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def settle(self, seconds: float) -> None:
        """Wait until no call is open; give up after `seconds`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()

    def services(self) -> list[NamedService]:
        """One service for each name of the alias table, canonical first."""
        calls = self._calls
        handlers = {
            "Execute": self._streaming(WorkflowExecuteInput, WorkflowProgressEvent, calls.execute),
            "ExecuteAsync": self._unary(WorkflowExecuteInput, WorkflowExecuteResponse, calls.execute_async),
            "CancelExecution": self._unary(CancelExecutionRequest, Empty, calls.cancel_execution),
            "PauseExecution": self._unary(PauseExecutionRequest, Empty, calls.pause_execution),
            "ResumeExecution": self._unary(ResumeExecutionRequest, Empty, calls.resume_execution),
        }
        return [NamedService(name, handlers) for name in SERVICES]

    def _unary(self, request: type[_Q], reply: type[_A], call: Callable[[_Q], Awaitable[_A]]) -> Handler:
        async def serve(stream: "Stream[_Q, _A]") -> None:
            async with self._request(stream, request) as message:
                await stream.send_message(await call(message))

        return Handler(serve, Cardinality.UNARY_UNARY, request, reply)

    def _streaming(
        self,
        request: type[_Q],
        reply: type[_A],
        call: Callable[[_Q, Callable[[_A], Awaitable[None]]], Awaitable[None]],
    ) -> Handler:
        async def serve(stream: "Stream[_Q, _A]") -> None:
            async with self._request(stream, request) as message:
                await call(message, stream.send_message)

        return Handler(serve, Cardinality.UNARY_STREAM, request, reply)

    @asynccontextmanager
    async def _request(self, stream: "Stream[_Q, _A]", kind: type[_Q]) -> AsyncIterator[_Q]:
        self._open += 1
        self._idle.clear()
        try:
            self._authenticate(stream)
            yield await receive(stream, kind, max_bytes=self._max_message_bytes)
        except Refused as refused:
            self._log.info("request refused", reason=refused.reason, message=refused.message)
            raise grpc_error(refused) from None
        except (GRPCError, StreamTerminatedError):
            raise
        except Exception:
            reference = secrets.token_hex(4)
            self._log.exception("request failed", reference=reference)
            raise GRPCError(
                Status.INTERNAL, f"a defect of the runner; its log tells more under the reference {reference}"
            ) from None
        finally:
            self._open -= 1
            if not self._open:
                self._idle.set()

    def _authenticate(self, stream: "Stream[_Q, _A]") -> None:
        header = stream.metadata.get("authorization") if stream.metadata else None
        self._authentication.check(header if isinstance(header, str) else None)
