"""Keeps an event within the size that receivers accept."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent

_KEPT_CHARACTERS: Final = 8_000


def fit(event: WorkflowProgressEvent, max_bytes: int) -> tuple[WorkflowProgressEvent, int]:
    """Return `event` and its size in bytes on the wire, without its payload when it is larger than `max_bytes`.

    An event that is still too large has its texts cut. Where something is missing, `message` says so. Raises whatever
    the encoder raises for an event that cannot be encoded.
    """
    size = len(bytes(event))
    if size <= max_bytes:
        return event, size
    note = f" [event of {size} bytes is over the limit of {max_bytes}: shortened]"
    smaller = replace(event, payload=None, message=event.message + note)
    if len(bytes(smaller)) > max_bytes:
        error = smaller.error and replace(
            smaller.error,
            message=smaller.error.message[:_KEPT_CHARACTERS],
            stack_trace=smaller.error.stack_trace[:_KEPT_CHARACTERS],
        )
        smaller = replace(smaller, message=event.message[:_KEPT_CHARACTERS] + note, error=error)
    return smaller, len(bytes(smaller))
