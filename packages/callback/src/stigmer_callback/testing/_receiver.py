"""A receiver of progress events that records them and misbehaves on demand."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from types import TracebackType
from typing import Final, Self

from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError
from grpclib.server import Stream
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ReportProgressResponse, WorkflowProgressEvent

from stigmer_callback.testing._conduct import Conduct, Manner
from stigmer_callback.testing._server import GARBAGE, CuttableServer

REPORT_PROGRESS: Final = "/ai.stigmer.agentic.workflowrunner.v1.WorkflowProgressService/ReportProgress"


class RecordingReceiver:
    """A real gRPC server on a free port of 127.0.0.1 that records every event it accepts.

    It checks the Bearer token when `api_key` is given, and speaks TLS when `ssl_context` is given. By default it
    accepts; `refuse`, `reject`, `hang` and `answer_garbage` change that for one execution or all, for some calls or
    from now on; `vanish` and `reappear` take the whole server away and back. The conduct set last wins.
    """

    def __init__(self, *, api_key: str | None = None, ssl_context: ssl.SSLContext | None = None) -> None:
        self._api_key = api_key
        self._ssl_context = ssl_context
        self._events: list[WorkflowProgressEvent] = []
        self._calls = 0
        self._conducts: list[Conduct] = []
        self._changed = asyncio.Condition()
        self._server: CuttableServer | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        await self.reappear()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.vanish()

    @property
    def endpoint(self) -> str:
        """`host:port` for a `CallbackConfig`."""
        return f"127.0.0.1:{self._port}"

    @property
    def events(self) -> tuple[WorkflowProgressEvent, ...]:
        """The accepted events in order of arrival, repeats included."""
        return tuple(self._events)

    @property
    def calls(self) -> int:
        """The number of calls with the right token, whatever became of them."""
        return self._calls

    def events_of(self, execution_id: str) -> tuple[WorkflowProgressEvent, ...]:
        """The accepted events of one execution in order of arrival, repeated sequence numbers left out."""
        first = {
            event.sequence_number: event
            for event in reversed(self._events)
            if event.workflow_execution_id == execution_id
        }
        return tuple(event for event in self._events if first.get(event.sequence_number) is event)

    async def wait_for_events(self, count: int) -> tuple[WorkflowProgressEvent, ...]:
        """Wait until `count` events are accepted, and return all."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._events) >= count)
        return self.events

    async def wait_for_calls(self, count: int) -> None:
        """Wait until `count` calls have come in."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._calls >= count)

    def accept(self) -> None:
        """Accept everything again."""
        self._conducts.clear()

    def refuse(
        self,
        status: Status = Status.UNAVAILABLE,
        message: str = "refused by the test",
        *,
        execution_id: str | None = None,
        times: int | None = None,
    ) -> None:
        """Answer with a gRPC error status."""
        self._conducts.append(
            Conduct(manner=Manner.REFUSE, status=status, message=message, execution_id=execution_id, times=times)
        )

    def reject(self, *, execution_id: str | None = None, times: int | None = None) -> None:
        """Answer `success = false`."""
        self._conducts.append(Conduct(manner=Manner.REJECT, execution_id=execution_id, times=times))

    def hang(self, *, execution_id: str | None = None, times: int | None = None) -> None:
        """Take calls and never answer them."""
        self._conducts.append(Conduct(manner=Manner.HANG, execution_id=execution_id, times=times))

    def answer_garbage(self, *, execution_id: str | None = None, times: int | None = None) -> None:
        """Answer with bytes that are no protobuf message."""
        self._conducts.append(Conduct(manner=Manner.GARBAGE, execution_id=execution_id, times=times))

    async def vanish(self) -> None:
        """Cut all connections, calls under way included, and listen no more."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            server.cut()
            await server.wait_closed()

    async def reappear(self) -> None:
        """Listen again on the same port. The records stay."""
        if self._server is not None:
            return
        # With the protocol named: asyncio turns Nagle's algorithm off only where it is, and without that every answer
        # waits 40 ms for an acknowledgement.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        self._server = CuttableServer(self)
        await self._server.start(sock=listener, ssl=self._ssl_context, backlog=1024)

    def __mapping__(self) -> dict[str, Handler]:
        """Return the routes, as grpclib asks of a service."""
        return {
            REPORT_PROGRESS: Handler(
                self._report_progress, Cardinality.UNARY_UNARY, WorkflowProgressEvent, ReportProgressResponse
            )
        }

    async def _report_progress(self, stream: Stream[WorkflowProgressEvent, ReportProgressResponse | bytes]) -> None:
        if not self._trusts(stream):
            raise GRPCError(Status.UNAUTHENTICATED, "the bearer token is missing or wrong")
        event = await stream.recv_message()
        if event is None:
            raise GRPCError(Status.INVALID_ARGUMENT, "the call carries no event")
        conduct = self._conduct_for(event)
        async with self._changed:
            self._calls += 1
            if conduct.manner is Manner.ACCEPT:
                self._events.append(event)
            self._changed.notify_all()
        match conduct.manner:
            case Manner.REFUSE:
                raise GRPCError(conduct.status, conduct.message)
            case Manner.HANG:
                await asyncio.get_running_loop().create_future()
            case Manner.GARBAGE:
                await stream.send_message(GARBAGE)
            case _:
                await stream.send_message(ReportProgressResponse(success=conduct.manner is Manner.ACCEPT))

    def _trusts(self, stream: Stream[WorkflowProgressEvent, ReportProgressResponse | bytes]) -> bool:
        if self._api_key is None:
            return True
        return stream.metadata is not None and stream.metadata.get("authorization") == f"Bearer {self._api_key}"

    def _conduct_for(self, event: WorkflowProgressEvent) -> Conduct:
        for conduct in reversed(self._conducts):
            if conduct.claims(event.workflow_execution_id):
                return conduct
        return Conduct(manner=Manner.ACCEPT)
