"""The evaluator: a small pool of child processes, a budget for each evaluation, and jq's complaints as faults.

A quick answer (the rule: tens of microseconds) is waited for in place, which costs no turn of the event loop;
only a slow one is awaited, so that no expression can stop other executions.
"""

import asyncio
import os
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from stigmer_dsl.json_types import JsonValue

from stigmer_engine.expressions.process import Reply, Worker, WorkerDied
from stigmer_engine.expressions.program import Program, encode_arguments
from stigmer_engine.expressions.worker import FAILURE
from stigmer_engine.faults import Fault, fault
from stigmer_engine.json_text import read_json

# The budget is processor time; on a crowded machine the wall clock may run this much longer, and for a first
# evaluation includes the start of the child.
_WALL_FACTOR: Final = 10
_START_SECONDS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatorConfig:
    """Bounds of an evaluation.

    Attributes:
        budget_seconds: processor time after which an evaluation is ended.
        memory_bytes: address space of a child process.
        processes: children at most; they start when first needed.
        patience_seconds: how long an answer is waited for before the event loop gets its turn; None waits to the
            end and never yields, for loops whose clock is not the wall's.
    """

    budget_seconds: float = 1.0
    memory_bytes: int = 512 * 1024 * 1024
    processes: int = max(2, min(4, os.cpu_count() or 2))
    patience_seconds: float | None = 0.002


class BudgetSpent(Fault):
    """The `expression` fault of an evaluation that took too much time or memory; on another machine it may end well."""


class Evaluator:
    """Evaluates programs in child processes. Close it (or use `async with`) to end them.

    `exchanged` counts the bytes that went to the children and came back: the same for the same evaluations.
    """

    def __init__(self, config: EvaluatorConfig | None = None) -> None:
        self.exchanged = 0
        self._config = config or EvaluatorConfig()
        self._idle: list[Worker] = []
        self._running = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the idle children; those at work end when their evaluation does."""
        self._closed = True
        while self._idle:
            self._idle.pop().kill()

    async def evaluate(self, program: Program, arguments: list[JsonValue], *, plain: bool = True) -> JsonValue:
        """The program's value on `[., now, variable...]`.

        Args:
            plain: whether plain expressions are answered without jq, and not only lookups.

        Raises:
            Fault: `expression`, when jq fails, or the budget of time or memory is spent.
        """
        if program.constant:
            return program.place([])
        found = program.answer(arguments, plain=plain)
        if found is not None:
            return program.place(found)
        encoded = encode_arguments(arguments)
        reply = await self._exchange(program, encoded)
        self.exchanged += len(encoded) + len(reply.body)
        if reply.status == FAILURE:
            raise await self._explain(program, arguments, reply, plain=plain)
        try:
            results = read_json(reply.body)
        except ValueError as error:
            sources = _shorten("; ".join(leaf.source for leaf in program.leaves))
            raise fault("expression", "Unusable result of an expression", f"{error}: {sources}") from None
        assert isinstance(results, list)
        return program.place(results)

    async def _exchange(self, program: Program, arguments: bytes) -> Reply:
        if self._running >= self._config.processes:
            await self._turn()
        worker = self._checkout()
        self._running += 1
        wall = self._config.budget_seconds * _WALL_FACTOR + _START_SECONDS
        patience = self._config.patience_seconds
        try:
            worker.send(program, arguments)
            reply = worker.wait(wall if patience is None else patience)
            if reply is None and patience is not None:
                reply = await worker.wait_async(wall)
        except WorkerDied as died:
            worker.kill()
            raise _spent(program, self._config, out_of_time=died.out_of_time) from None
        except BaseException:
            worker.kill()
            raise
        else:
            if reply is None:
                worker.kill()
                raise _spent(program, self._config, out_of_time=True)
            self._checkin(worker)
            return reply
        finally:
            self._release()

    async def _explain(self, program: Program, arguments: list[JsonValue], reply: Reply, *, plain: bool) -> Fault:
        """A fault that names the expression at fault, found by evaluating each on its own."""
        if len(program.leaves) > 1:
            for index in range(len(program.leaves)):
                try:
                    await self.evaluate(program.alone(index), arguments, plain=plain)
                except Fault as alone:
                    return alone
        said = reply.body.decode(errors="replace").strip().removeprefix("jq: error: ").splitlines()
        source = _shorten(program.leaves[0].source)
        return fault("expression", "Expression failed", f"{said[0] if said else 'jq gave no reason'} in: {source}")

    async def _turn(self) -> None:
        while self._running >= self._config.processes:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._queue.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._wake()
                raise

    def _release(self) -> None:
        self._running -= 1
        self._wake()

    def _wake(self) -> None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def _checkout(self) -> Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
            worker.kill()
        return Worker(budget_seconds=self._config.budget_seconds, memory_bytes=self._config.memory_bytes)

    def _checkin(self, worker: Worker) -> None:
        if self._closed:
            worker.kill()
        else:
            self._idle.append(worker)


def _spent(program: Program, config: EvaluatorConfig, *, out_of_time: bool) -> Fault:
    what = f"{config.budget_seconds:g} s of time" if out_of_time else f"{config.memory_bytes >> 20} MiB of memory"
    sources = _shorten("; ".join(leaf.source for leaf in program.leaves))
    detail = f"the evaluation spent its {what}: {sources}"
    return BudgetSpent(fault("expression", "Expression over budget", detail).error)


def _shorten(text: str, limit: int = 200) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 3] + "..."
