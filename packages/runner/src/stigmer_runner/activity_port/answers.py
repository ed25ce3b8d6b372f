"""Completes activities `ExecuteWorkflow` when their execution has ended."""

import base64
from dataclasses import dataclass
from typing import Final

from stigmer_dsl import JsonObject
from stigmer_engine import Snapshot, Status
from stigmer_engine.snapshot_json import snapshot_from_json
from temporalio.api.common.v1 import Payload
from temporalio.client import AsyncActivityCancelledError, AsyncActivityHandle, Client
from temporalio.common import RawValue
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError

from stigmer_runner.activity_port.encodings import Encoding, write
from stigmer_runner.activity_port.status_message import status_message

# Temporal takes 2 MB in a message.
_MOST_BYTES: Final = 1_900_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An activity that waits for an execution, and how it wants the answer.

    `coded` tells whether the caller has our payload codec.
    """

    task_token: bytes
    encoding: Encoding
    coded: bool

    def to_token(self) -> str:
        """The text that is left with the execution."""
        how = f"{self.encoding.name}.{'coded' if self.coded else 'plain'}"
        return f"{base64.b64encode(self.task_token).decode()}.{how}"

    @classmethod
    def from_token(cls, token: str) -> "Waiting":
        """The inverse of `to_token`."""
        task_token, encoding, coded = token.split(".")
        return cls(task_token=base64.b64decode(task_token), encoding=Encoding[encoding], coded=coded == "coded")


class TooLarge(Exception):
    """The status does not fit into a payload of Temporal."""


def answer(snapshot: Snapshot, waiting: Waiting) -> Payload:
    """The final status in the caller's encoding; without inputs and outputs of tasks when it would be too large.

    Raises:
        TooLarge: it is too large even so.
    """
    payload = write(status_message(snapshot), waiting.encoding)
    if waiting.coded or len(payload.data) <= _MOST_BYTES:
        return payload
    payload = write(status_message(snapshot, values=False), waiting.encoding)
    if len(payload.data) > _MOST_BYTES:
        raise TooLarge
    return payload


class ActivityAnswers:
    """The `Attendant` of a runner's worker."""

    def __init__(self, client: Client) -> None:
        self._client = client
        # Whoever calls without our codec could not read what it encodes.
        self._plain = Client(client.service_client, namespace=client.namespace, data_converter=DataConverter.default)

    def handle(self, waiting: Waiting) -> AsyncActivityHandle:
        """The activity on Temporal."""
        client = self._client if waiting.coded else self._plain
        return client.get_async_activity_handle(task_token=waiting.task_token)

    async def complete(self, token: str, snapshot: JsonObject) -> None:
        """See `Attendant`: every outcome is an answer; an activity that is being cancelled ends as cancelled."""
        await self.give(Waiting.from_token(token), snapshot_from_json(snapshot))

    async def give(self, waiting: Waiting, snapshot: Snapshot) -> None:
        """Complete an activity with the final state of its execution. Raises RPCError."""
        handle = self.handle(waiting)
        if snapshot.status is Status.CANCELLED:
            try:
                await handle.heartbeat()
            except AsyncActivityCancelledError:
                await handle.report_cancellation()
                return
        try:
            payload = answer(snapshot, waiting)
        except TooLarge:
            await handle.fail(too_large(snapshot))
            return
        await handle.complete(RawValue(payload))


def too_large(snapshot: Snapshot) -> ApplicationError:
    """The failure of an activity whose answer nobody could carry."""
    return ApplicationError(
        f"execution {snapshot.execution_id!r} is {snapshot.status}, but its status is larger than Temporal takes; read "
        "it from the status URL, or call with the payload codec of this runner",
        type="stigmer/too-large",
        non_retryable=True,
    )
