"""The executions as the ports see them, wherever they run: in this process, or on Temporal."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from stigmer_dsl import JsonObject
from stigmer_engine import ProgressEvent, Snapshot, Status

from stigmer_runner.executions.request import ExecutionRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionState:
    """How an execution stands. `parent_id` is that of the execution whose sub-workflow it is, else empty."""

    snapshot: Snapshot
    top_level_tasks: int
    parent_id: str = ""


class KnownExecution(Protocol):
    """One execution, running or ended."""

    @property
    def id(self) -> str:
        """The execution id."""
        ...

    @property
    def temporal_workflow_id(self) -> str:
        """Its workflow id on Temporal; empty in this process."""
        ...

    async def status(self) -> Status:
        """The state now, without its details; of one that has just started, `pending` or `running`. Raises Refused."""
        ...

    async def state(self) -> ExecutionState:
        """The state now. Raises Refused."""
        ...

    def follow(self, after: int = 0) -> AsyncIterator[ProgressEvent]:
        """Every event with a sequence number above `after`, past and future; ends after the terminal event.

        Raises Refused.
        """
        ...


class Executions(Protocol):
    """Starts executions, finds them by id, and controls them.

    An id names one execution: starting it again finds the one that is there, running or ended. A control call that
    asks for the state already reached is a success. Everything raises Refused.
    """

    @property
    def accepting(self) -> bool:
        """Whether new executions may start."""
        ...

    async def start(self, request: ExecutionRequest) -> KnownExecution:
        """The execution of this request: a new one, or the one that has the id already."""
        ...

    async def find(self, execution_id: str) -> KnownExecution:
        """The execution of this id."""
        ...

    async def cancel(self, execution_id: str, reason: str, *, force: bool = False) -> None:
        """End it as cancelled. Calls under way may finish first where that outlives this process; not with `force`."""
        ...

    async def terminate(self, execution_id: str, reason: str) -> None:
        """End it without giving it a turn."""
        ...

    async def pause(self, execution_id: str, reason: str) -> None:
        """Hold it before its next task."""
        ...

    async def resume(self, execution_id: str, reason: str) -> None:
        """Let a paused one go on."""
        ...

    async def deliver(self, execution_id: str, event: JsonObject) -> None:
        """Hand a CloudEvent to one execution; one that has ended drops it."""
        ...
