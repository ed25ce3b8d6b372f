"""How much memory a process has, by Linux."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_SAMPLE_SECONDS: Final = 0.25
_KIB_IN_MIB: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Resident memory in MiB once so many executions were done."""

    done: int
    resident: float


@dataclass(slots=True)
class Memory:
    """Samples in their order, and the most the process ever had, in MiB."""

    samples: list[Sample] = field(default_factory=list)
    peak: float = 0.0

    def at(self, done: int) -> float:
        """Resident memory when `done` executions were done: the first sample from then on, or the last."""
        return next((sample.resident for sample in self.samples if sample.done >= done), self.samples[-1].resident)


@asynccontextmanager
async def watched_memory(pid: int, done: Callable[[], int]) -> AsyncIterator[Memory]:
    """Samples of the process while the block runs. Nothing once the process is gone."""
    memory = Memory()
    watching = asyncio.create_task(_watch(pid, done, memory))
    try:
        yield memory
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
        _sample(pid, done(), memory)


async def _watch(pid: int, done: Callable[[], int], memory: Memory) -> None:
    # The system tells nobody when a process takes memory, so it is looked at again and again.
    while _sample(pid, done(), memory):  # noqa: ASYNC110
        await asyncio.sleep(_SAMPLE_SECONDS)


def _sample(pid: int, done: int, memory: Memory) -> bool:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return False
    told = dict(line.split(":", 1) for line in lines)
    memory.samples.append(Sample(done=done, resident=_mib(told["VmRSS"])))
    memory.peak = max(memory.peak, _mib(told["VmHWM"]))
    return True


def _mib(told: str) -> float:
    return int(told.split()[0]) / _KIB_IN_MIB


def processor_seconds(pid: int) -> float:
    """Seconds of processor time that the process has used so far, its own and the system's."""
    # The name of the program may hold spaces; behind its closing parenthesis fields 14 and 15 are the 12th and 13th.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
