"""How activities that wait for the end of an execution get it."""

import base64
from typing import Protocol

from stigmer_dsl.json_types import JsonObject
from temporalio.client import Client


class Attendant(Protocol):
    """Completes activities that left a token with an execution."""

    async def complete(self, token: str, snapshot: JsonObject) -> None:
        """Complete the activity of a token with what it is to get for the final snapshot.

        The execution keeps a token as it is: it may hold more than the task token. Raises RPCError.
        """
        ...


class SnapshotAttendant:
    """Gives the snapshot itself; tokens are task tokens in base64."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def complete(self, token: str, snapshot: JsonObject) -> None:
        """See `Attendant`."""
        await self._client.get_async_activity_handle(task_token=base64.b64decode(token)).complete(snapshot)
