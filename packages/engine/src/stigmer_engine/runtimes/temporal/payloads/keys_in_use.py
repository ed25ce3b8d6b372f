"""Which blobs the open executions of a namespace refer to."""

from collections.abc import Iterator

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from stigmer_engine.runtimes.temporal.payloads.problems import AlteredBlob
from stigmer_engine.runtimes.temporal.payloads.reference import is_reference, read_reference


async def keys_in_use(client: Client) -> frozenset[str]:
    """The keys of all blobs that the histories of running executions name, whatever their workflow type.

    Reads every such history, so it is for a sweep, not for each minute. Raises RPCError.
    """
    keys: set[str] = set()
    async for execution in client.list_workflows("ExecutionStatus = 'Running'"):
        handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
        try:
            async for event in handle.fetch_history_events():
                keys.update(keys_in(event))
        except RPCError as error:
            # It ended, and its history is gone, since it was listed.
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
    return frozenset(keys)


def keys_in(message: Message) -> Iterator[str]:
    """The keys of all claim checks in the payloads of a message, such as an event of a history."""
    if isinstance(message, Payload):
        if is_reference(message):
            try:
                yield read_reference(message).sha256
            except AlteredBlob:
                return
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            items = value.values() if field.message_type.fields_by_name["value"].message_type is not None else ()
        elif isinstance(value, Message):
            items = (value,)
        else:
            items = value
        for item in items:
            yield from keys_in(item)
