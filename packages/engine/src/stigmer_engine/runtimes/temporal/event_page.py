"""Answers to whoever reads the events of a run: as many at a time as a query may carry."""

import json
from typing import Final

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.event_log import EventLog

_PAGE_BYTES: Final = 1_500_000
"""Temporal refuses an answer of more than 2 MB."""


def event_page(log: EventLog, *, after: int, most: int, previous: str | None) -> JsonObject:
    """The events with a sequence number above `after`, at most `most`, as many as there are in this run's log.

    `first` is the sequence number before the first event of this run: earlier ones are known to the run `previous`, and
    those before it. One event at least, if there is one, however large it is.
    """
    events: list[JsonValue] = []
    size = 0
    for event in log.since(after)[:most]:
        shown = event.to_json()
        size += len(json.dumps(shown, ensure_ascii=False))
        if events and size > _PAGE_BYTES:
            break
        events.append(shown)
    return {"first": log.after, "previous": previous, "latest": log.size, "closed": log.closed, "events": events}
