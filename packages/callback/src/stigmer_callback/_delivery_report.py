"""What became of the events of a reporter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """Counts of events; `offered == delivered + rejected + dropped + undelivered`.

    - `delivered`: the endpoint took them.
    - `rejected`: the endpoint refused them for good, or they could not be encoded.
    - `dropped`: the buffer was full, or they were offered after `close`.
    - `undelivered`: still in the buffer; `undelivered_by_execution` tells how many for each execution id.
    """

    offered: int
    delivered: int
    rejected: int
    dropped: int
    undelivered: int
    undelivered_by_execution: Mapping[str, int]

    @property
    def complete(self) -> bool:
        """Whether every offered event was delivered."""
        return self.delivered == self.offered
