"""What the command line says about Temporal."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalOptions:
    """Which Temporal, and who works there.

    Attributes:
        address: `host:port`; None for what the environment says.
        queue: the task queue whose worker runs the workflow; None for a worker in this process, on its own queue.
        ui: whether a dev server shows its page.
    """

    address: str | None = None
    queue: str | None = None
    ui: bool = False
