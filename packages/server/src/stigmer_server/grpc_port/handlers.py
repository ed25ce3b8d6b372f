"""Methods as grpclib handlers: key checked, size bounded, refusals and defects turned into statuses."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError, StreamTerminatedError
from grpclib.server import Stream
from stigmer_ports.logs import get_logger

from stigmer_server.access import Authentication, Caller
from stigmer_server.grpc_port.aliases import paths
from stigmer_server.grpc_port.methods import Method, Service, Streaming
from stigmer_server.grpc_port.receiving import receive
from stigmer_server.grpc_port.status_details import grpc_error
from stigmer_server.refusals import Reason, Refused

log = get_logger(__name__)

# The answer that keeps a runner waiting is no news in a log that has one line for each of them.
_QUIET = frozenset({Reason.EVENTS_MISSING, Reason.TRY_AGAIN, Reason.TOO_MANY_REQUESTS})


class ServedService:
    """What grpclib calls a servable: handlers by path, every spelling among them."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers

    def __mapping__(self) -> Mapping[str, Handler]:
        return self._handlers


class Handlers:
    """Makes the handlers, and knows how many calls are open."""

    def __init__(self, authentication: Authentication, *, max_message_bytes: int) -> None:
        self._authentication = authentication
        self._max_message_bytes = max_message_bytes
        self._open = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def served(self, service: Service) -> ServedService:
        """The service under every spelling of its methods."""
        handlers = {}
        for method in service.methods:
            handler = self._handler(method)
            handlers.update(dict.fromkeys(paths(service.name, method.name), handler))
        return ServedService(handlers)

    async def settle(self, seconds: float) -> None:
        """Wait until no call is open; give up after `seconds`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()

    def _handler(self, method: Method) -> Handler:
        async def serve(stream: "Stream[Any, Any]") -> None:
            async with self._request(stream, method) as (message, caller):
                if isinstance(method, Streaming):
                    async with contextlib.aclosing(method.call(message, caller)) as answers:  # type: ignore[type-var]
                        async for answer in answers:
                            await stream.send_message(answer)
                else:
                    await stream.send_message(await method.call(message, caller))

        cardinality = Cardinality.UNARY_STREAM if isinstance(method, Streaming) else Cardinality.UNARY_UNARY
        return Handler(serve, cardinality, method.request, method.reply)

    @asynccontextmanager
    async def _request(self, stream: "Stream[Any, Any]", method: Method) -> AsyncIterator[tuple[Any, Caller]]:
        self._open += 1
        self._idle.clear()
        try:
            header = stream.metadata.get("authorization") if stream.metadata else None
            given = header if isinstance(header, str) else None
            caller = await self._authentication.check(given, _address(stream))
            caller.require(*method.roles)
            yield await receive(stream, method.request, max_bytes=self._max_message_bytes), caller
        except Refused as refused:
            tell = log.debug if refused.reason in _QUIET else log.info
            tell("request refused", method=method.name, reason=refused.reason, message=refused.message)
            raise grpc_error(refused) from None
        except (GRPCError, StreamTerminatedError):
            raise
        except Exception:
            reference = secrets.token_hex(4)
            log.exception("request failed", method=method.name, reference=reference)
            raise GRPCError(
                Status.INTERNAL, f"a defect of the server; its log tells more under the reference {reference}"
            ) from None
        finally:
            self._open -= 1
            if not self._open:
                self._idle.set()


def _address(stream: "Stream[Any, Any]") -> str:
    peer = stream.peer.addr() if stream.peer is not None else None
    return peer[0] if peer else ""
