"""Bounds of agent calls; the call as a whole is bounded by the task."""

from dataclasses import dataclass, field

from stigmer_callback import Backoff


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCallConfig:
    """All times in seconds.

    Attributes:
        rpc_seconds: for one request to the service.
        patience_seconds: how long the service may be away in one go, before the call fails.
        look_seconds: between two looks at a run whose stream says nothing, as a stream may have died in silence.
        backoff: waits between tries.
    """

    rpc_seconds: float = 10.0
    patience_seconds: float = 300.0
    look_seconds: float = 30.0
    backoff: Backoff = field(default_factory=Backoff)
