"""The flag of payloads that are stored whatever their size, because many executions share them."""

from typing import Final

from temporalio.api.common.v1 import Payload

CLAIM: Final = "stigmer-claim"
ALWAYS: Final = b"always"


def is_always(payload: Payload) -> bool:
    """Whether the payload carries the flag. Metadata only: what the data says never counts."""
    return payload.metadata.get(CLAIM) == ALWAYS
