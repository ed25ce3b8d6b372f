"""One virtual time for all executions, of Temporal's test server: it jumps when nobody has anything to do.

There parents and sub-workflows wait in the same time. Perform one case after the other.
"""

import contextlib
from typing import Any

from google.protobuf.empty_pb2 import Empty
from temporalio.api.testservice.v1 import LockTimeSkippingRequest, SleepRequest, UnlockTimeSkippingRequest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle


class SharedTime:
    """See VirtualTime."""

    def __init__(self, client: Client, *, free: bool) -> None:
        del free
        self.client = client
        self._handle: WorkflowHandle[Any, Any] | None = None
        self._began = 0.0

    async def attach(self, workflow_id: str) -> None:
        """Be the time of this execution from now on."""
        self._handle = self.client.get_workflow_handle(workflow_id)
        self._began = await self.now()

    async def now(self) -> float:
        """Unix time in seconds."""
        response = await self.client.test_service.get_current_time(Empty())
        return response.time.ToMicroseconds() / 1e6

    async def reach(self, seconds: float) -> bool:
        """Jump until so many seconds after the start; False when the execution ends before."""
        assert self._handle is not None
        request = SleepRequest()
        request.duration.FromMicroseconds(max(0, round((self._began + seconds - await self.now()) * 1e6)))
        await self.client.test_service.unlock_time_skipping_with_sleep(request)
        return (await self._handle.describe()).close_time is None

    async def run_out(self) -> None:
        """Jump whenever there is nothing to do but to wait, until the execution ends."""
        assert self._handle is not None
        await self.client.test_service.unlock_time_skipping(UnlockTimeSkippingRequest())
        try:
            with contextlib.suppress(WorkflowFailureError):
                await self._handle.result()
        finally:
            await self.client.test_service.lock_time_skipping(LockTimeSkippingRequest())
