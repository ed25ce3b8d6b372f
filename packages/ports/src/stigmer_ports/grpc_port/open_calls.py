"""The calls that a gRPC port is answering."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError

from stigmer_ports.grpc_port.status_details import RefusalStatuses
from stigmer_ports.logs import get_logger
from stigmer_ports.refusals import Refusal

log = get_logger(__name__)


class OpenCalls:
    """Knows how many calls are open, and what those are told that fail."""

    def __init__(self, service: str, statuses: RefusalStatuses[Any], *, quiet: Collection[str] = ()) -> None:
        """No call is open yet.

        Args:
            service: its name in the sentence about a defect.
            statuses: how refusals are told.
            quiet: reasons that are no news, logged for those alone who look for a defect.
        """
        self._service = service
        self._statuses = statuses
        self._quiet = quiet
        self._open = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def settle(self, seconds: float) -> None:
        """Wait until no call is open; give up after `seconds`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()

    @asynccontextmanager
    async def answering(self, method: str) -> AsyncIterator[None]:
        """Around the work of a call. Raises GRPCError in place of a refusal or a defect."""
        self._open += 1
        self._idle.clear()
        try:
            yield
        except Refusal as refusal:
            tell = log.debug if refusal.reason in self._quiet else log.info
            tell("request refused", method=method, reason=refusal.reason, message=refusal.message)
            raise self._statuses.error(refusal) from None
        except (GRPCError, StreamTerminatedError):
            raise
        except Exception:
            reference = secrets.token_hex(4)
            log.exception("request failed", method=method, reference=reference)
            raise GRPCError(
                Status.INTERNAL,
                f"a defect of the {self._service}; its log tells more under the reference {reference}",
            ) from None
        finally:
            self._open -= 1
            if not self._open:
                self._idle.set()
