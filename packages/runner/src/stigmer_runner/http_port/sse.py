"""Events as Server-Sent Events (WHATWG HTML, section 9.2)."""

import asyncio
import json
from collections.abc import AsyncIterator

from stigmer_engine import ProgressEvent

from stigmer_runner.refusals import Refused

KEEP_ALIVE_SECONDS = 15.0


async def event_stream(
    events: AsyncIterator[ProgressEvent], keep_alive: float = KEEP_ALIVE_SECONDS
) -> AsyncIterator[str]:
    """Yield every event, and a comment after each `keep_alive` seconds of silence.

    Ends with the events. The client's next `Last-Event-ID` is the sequence number of the last one it saw.
    """
    upcoming = asyncio.ensure_future(anext(events, None))
    try:
        while True:
            # The pending read survives the silence: cancelling it would close the generator.
            done, _ = await asyncio.wait({upcoming}, timeout=keep_alive)
            if not done:
                yield ": still here\n\n"
                continue
            try:
                event = upcoming.result()
            except Refused as refused:
                # The answer has begun, so its status stays. An EventSource connects again; a comment tells people why.
                yield f": {refused.reason}: {' '.join(refused.message.split())}\n\n"
                return
            if event is None:
                return
            yield _frame(event)
            upcoming = asyncio.ensure_future(anext(events, None))
    finally:
        upcoming.cancel()


def _frame(event: ProgressEvent) -> str:
    data = json.dumps(event.to_json(), ensure_ascii=False, separators=(",", ":"))
    return f"id: {event.sequence_number}\nevent: {event.event_type}\ndata: {data}\n\n"
