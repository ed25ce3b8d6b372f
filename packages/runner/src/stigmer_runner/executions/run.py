"""One execution as the runner keeps it."""

from collections.abc import AsyncIterator

from stigmer_engine import EventLog, Execution, PreparedDocument, ProgressEvent, Status

from stigmer_runner.executions.port import ExecutionState

_ENDED = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})


class Run:
    """An execution of the engine, plus what the ports need to know about it.

    `ended_at` is on the monotonic clock, None while the run is active.
    `parent_id` is the id of the run whose sub-workflow this is, else empty.
    """

    def __init__(
        self,
        execution: Execution,
        document: PreparedDocument,
        *,
        fingerprint: str,
        secrets: tuple[str, ...],
        debug: bool,
        parent: "Run | None" = None,
    ) -> None:
        self.execution = execution
        self.fingerprint = fingerprint
        self.secrets = secrets
        self.debug = debug
        self.parent_id = parent.id if parent is not None else ""
        self.workflow_name = document.name
        self.top_level_tasks = len(document.workflow.do)
        self.ended_at: float | None = None

    @property
    def id(self) -> str:
        """The execution id."""
        return self.execution.id

    @property
    def log(self) -> EventLog:
        """The event log every port and sink reads."""
        return self.execution.log

    @property
    def temporal_workflow_id(self) -> str:
        """None: it runs in this process."""
        return ""

    @property
    def status_now(self) -> Status:
        """The state of the run now."""
        return self.execution.status

    @property
    def ended(self) -> bool:
        """Whether nothing can happen to the run any more."""
        return self.status_now in _ENDED

    async def status(self) -> Status:
        """See `KnownExecution`."""
        return self.status_now

    async def state(self) -> ExecutionState:
        """See `KnownExecution`."""
        return ExecutionState(
            snapshot=self.execution.snapshot, top_level_tasks=self.top_level_tasks, parent_id=self.parent_id
        )

    def follow(self, after: int = 0) -> AsyncIterator[ProgressEvent]:
        """See `KnownExecution`."""
        return self.log.follow(after)
