"""What a subscriber may see of one execution, across all connections it needs for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from .run_events import RunEvent

_PENDING: Final = 1
_RUNNING: Final = 2
COMPLETED: Final = 3
"""`ExecutionPhase` on the wire."""
_TASK_COMPLETED: Final = 3
"""`WorkflowTaskStatus` on the wire."""


@dataclass(slots=True)
class EventsSeen:
    """Every event once and in order: behind a reconnection it goes on where it stopped."""

    run: str
    expected: Sequence[RunEvent]
    last: int = 0
    wrong: list[str] = field(default_factory=list)

    def saw(self, sequence: int, kind: str, reference: str) -> None:
        """The next event came."""
        if sequence != self.last + 1:
            self.wrong.append(f"{self.run}: event {sequence} came behind {self.last}")
        elif sequence > len(self.expected):
            self.wrong.append(f"{self.run}: event {sequence} is none of the run")
        else:
            due = self.expected[sequence - 1]
            if (kind, reference) != (due.kind, due.reference):
                self.wrong.append(f"{self.run}: event {sequence} is {kind} {reference}, not {due.kind} {due.reference}")
        self.last = sequence

    def ended(self) -> None:
        """The stream said that nothing follows."""
        if self.last != len(self.expected):
            self.wrong.append(f"{self.run}: the stream ended behind event {self.last} of {len(self.expected)}")


@dataclass(slots=True)
class SnapshotsSeen:
    """Each snapshot stands where the one before stood, or further; the last one is the end of the run."""

    run: str
    tasks: Sequence[str]
    progress: tuple[int, int] = (0, 0)
    names: tuple[str, ...] = ()
    wrong: list[str] = field(default_factory=list)

    def saw(self, phase: int, tasks: Sequence[tuple[str, int]]) -> None:
        """The next snapshot came: its phase, and name and status of each task."""
        if self.progress[0] >= COMPLETED:
            self.wrong.append(f"{self.run}: a snapshot came behind the terminal one")
        done = sum(2 if status == _TASK_COMPLETED else 1 for _, status in tasks)
        if (phase, done) < self.progress or done < self.progress[1]:
            self.wrong.append(f"{self.run}: progress {(phase, done)} came behind {self.progress}")
        self.progress = (phase, done)
        self.names = tuple(name for name, _ in tasks)
        if self.names != tuple(self.tasks[: len(tasks)]):
            self.wrong.append(f"{self.run}: its tasks are {self.names}")

    def reconnected(self) -> None:
        """A new stream begins, which may show the newest snapshot once more, were it the terminal one."""
        self.progress = (min(self.progress[0], _RUNNING), self.progress[1])

    def ended(self) -> None:
        """The stream ended without an error."""
        if self.progress != (COMPLETED, 2 * len(self.tasks)):
            self.wrong.append(f"{self.run}: the stream ended at progress {self.progress}")
