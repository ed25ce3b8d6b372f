"""A virtual time for each execution, of a server with `frontend.WorkflowTimeSkippingEnabled`.

The server jumps over what the execution waits for, as far as it is told. While a sub-workflow runs, its parent's time
does not jump, and the sub-workflow's does.
"""

import contextlib
from typing import Any, Final

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper, TimeSkippingConfig

_MOST_JUMPS: Final = 10_000
_OVER: Final = frozenset({RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION})


class OwnTime:
    """See VirtualTime.

    Args:
        free: whether it jumps from the start, and needs not be told.
    """

    def __init__(self, client: Client, *, free: bool) -> None:
        self._free = free
        config = TimeSkippingConfig(enabled=free, max_session_skip_count=_MOST_JUMPS)
        self._skipper = TimeSkipper(client, config=config)
        self._handle: WorkflowHandle[Any, Any] | None = None
        self._began = 0.0

    @property
    def client(self) -> Client:
        """Starts executions whose time can jump."""
        return self._skipper.client

    async def attach(self, workflow_id: str) -> None:
        """Be the time of this execution from now on."""
        self._handle = self.client.get_workflow_handle(workflow_id)
        description = await self._handle.describe()
        self._began = description.start_time.timestamp()

    async def now(self) -> float:
        """Unix time in seconds."""
        assert self._handle is not None
        return (await self._skipper.get_current_time(self._handle)).timestamp()

    async def reach(self, seconds: float) -> bool:
        """Jump until so many seconds after the start; False when the execution ends before."""
        assert self._handle is not None
        try:
            ahead = self._began + seconds - await self.now()
            return ahead <= 0 or await self._skipper.fast_forward(self._handle, ahead)
        except RPCError as error:
            if error.status in _OVER:
                return False
            raise

    async def run_out(self) -> None:
        """Jump whenever there is nothing to do but to wait, until the execution ends."""
        assert self._handle is not None
        if self._free:
            with contextlib.suppress(WorkflowFailureError):
                await self._handle.result()
            return
        try:
            await self._skipper.fast_forward(self._handle, None)
        except RPCError as error:
            if error.status not in _OVER:
                raise
