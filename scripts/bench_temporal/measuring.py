"""Both kinds of executions on one server, in turns."""

import asyncio
import statistics
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from stigmer_dsl.json_types import JsonValue
from stigmer_engine import Engine, PreparedDocument
from stigmer_engine.runtimes.temporal import TemporalExecutions
from temporalio.client import Client

from .documents import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One way to do it: how long an execution takes in seconds, the events of its history, and its bytes."""

    seconds: float
    events: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Ours against the one by hand."""

    step: Step
    ours: Side
    by_hand: Side

    @property
    def ratio(self) -> float:
        """Our time over the other one's."""
        return self.ours.seconds / self.by_hand.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """Short workflows a second: ours, and those by hand."""

    workflows: int
    ours: float
    by_hand: float


class Contestants:
    """Starts either kind of execution and waits for its end."""

    def __init__(
        self, client: Client, plain: Client, engine: Engine, executions: TemporalExecutions, queue: str
    ) -> None:
        self._client = client
        self._plain = plain
        self._engine = engine
        self._executions = executions
        self._queue = queue

    def document(self, step: Step) -> PreparedDocument:
        """The document of a step, ready to run."""
        return self._engine.load(step.document)

    async def ours(self, step: Step) -> tuple[JsonValue, str]:
        """The result of the document, and the id of its workflow."""
        execution = await self._executions.start(self.document(step), input=step.input)
        result = await execution.wait()
        assert result.error is None, result.error
        return result.output, execution.workflow_id

    async def by_hand(self, step: Step) -> tuple[JsonValue, str]:
        """The result of the workflow by hand, and its id."""
        handle = await self._plain.start_workflow(step.by_hand, step.input, id=uuid.uuid4().hex, task_queue=self._queue)
        result: JsonValue = await handle.result()
        return result, handle.id

    async def compare(self, step: Step, repeat: int) -> Comparison:
        """Medians over `repeat` turns, after one that is not counted.

        Raises:
            ValueError: the results differ, so they are not the same job.
        """
        (mine, _), (theirs, _) = await self.ours(step), await self.by_hand(step)
        if _bare(mine) != _bare(theirs):
            raise ValueError(f"{step.name}: {mine} is not {theirs}")
        times: tuple[list[float], list[float]] = ([], [])
        ids = ["", ""]
        for _ in range(repeat):
            for number, run in enumerate((self.ours, self.by_hand)):
                begin = time.perf_counter()
                _, ids[number] = await run(step)
                times[number].append(time.perf_counter() - begin)
        sides = [await self._side(name, seconds) for name, seconds in zip(ids, times, strict=True)]
        return Comparison(step=step, ours=sides[0], by_hand=sides[1])

    async def throughput(self, step: Step, workflows: int, at_once: int) -> Throughput:
        """How many are started and finished in a second, `at_once` at a time; the better of two turns."""
        rates: tuple[list[float], list[float]] = ([], [])
        for _ in range(2):
            for number, run in enumerate((self.ours, self.by_hand)):
                rates[number].append(workflows / await _all(run, step, workflows, at_once))
        return Throughput(workflows=workflows, ours=max(rates[0]), by_hand=max(rates[1]))

    async def _side(self, workflow: str, times: list[float]) -> Side:
        history = await self._client.get_workflow_handle(workflow).fetch_history()
        size = sum(event.ByteSize() for event in history.events)
        return Side(seconds=statistics.median(times), events=len(history.events), bytes=size)


async def _all(run: Callable[[Step], Awaitable[object]], step: Step, workflows: int, at_once: int) -> float:
    turns = asyncio.Semaphore(at_once)

    async def one() -> None:
        async with turns:
            await run(step)

    begin = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(workflows)))
    return time.perf_counter() - begin


def _bare(value: JsonValue) -> JsonValue:
    """The value without what `set` carries along and a workflow by hand does not."""
    return {"total": value["total"]} if isinstance(value, dict) and "total" in value else value
