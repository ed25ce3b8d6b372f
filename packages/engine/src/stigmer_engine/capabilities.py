"""What an engine can do beyond the language itself; decides which documents it takes."""

from dataclasses import dataclass, field

from stigmer_engine.processes import ProcessConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a runtime, and its operator, let documents do.

    Attributes:
        processes: which processes may be started; none, when not given.
        activities: whether there is somebody to perform `call: activity`, as on Temporal.
        agents: whether there is somebody to perform `call: agent`, as where a Stigmer service is configured.
    """

    processes: ProcessConfig = field(default_factory=ProcessConfig)
    activities: bool = False
    agents: bool = False
