"""Events as Server-Sent Events (WHATWG HTML, section 9.2)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent

from stigmer_server.http_port.event_json import event_text
from stigmer_server.http_port.stopping import Stopping
from stigmer_server.refusals import Refused

KEEP_ALIVE_SECONDS: Final = 15.0


async def event_stream(
    events: AsyncIterator[WorkflowProgressEvent], stopping: Stopping, keep_alive: float = KEEP_ALIVE_SECONDS
) -> AsyncIterator[str]:
    """Yield every event, and a comment after each `keep_alive` seconds of silence.

    Ends after the terminal event with `event: end`, or without it when the server stops: the client then comes back
    with the `id` of the last event it saw.
    """
    yield "retry: 1000\n\n"
    upcoming: asyncio.Future[WorkflowProgressEvent | None] = asyncio.ensure_future(_next(events))
    try:
        while True:
            # The pending read survives the silence: cancelling it would close the generator.
            await stopping.first_of(upcoming, keep_alive)
            if stopping.requested:
                return
            if not upcoming.done():
                yield ": still here\n\n"
                continue
            try:
                event = upcoming.result()
            except Refused:
                # Deleted meanwhile. The answer has begun, so it can only end; who comes back is told.
                return
            if event is None:
                yield "event: end\ndata: {}\n\n"
                return
            yield f"id: {event.sequence_number}\nevent: {_name(event.event_type)}\ndata: {event_text(event)}\n\n"
            upcoming = asyncio.ensure_future(_next(events))
    finally:
        upcoming.cancel()


async def _next(events: AsyncIterator[WorkflowProgressEvent]) -> WorkflowProgressEvent | None:
    return await anext(events, None)


def _name(event_type: str) -> str:
    """Runners choose the type; a line break in it would be another field of the stream."""
    return "".join(character for character in event_type if character.isprintable()) or "message"
