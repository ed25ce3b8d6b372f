"""Asks every registered runner, again and again, whether it takes work."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from stigmer_ports.logs import get_logger
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowRunnerHealthState

from stigmer_server.orchestration.runner_calls import RunnerCalls
from stigmer_server.refusals import Refused
from stigmer_server.resources.runners import RegisteredRunner, WorkflowRunners

log = get_logger(__name__)

_HEALTHY: Final = WorkflowRunnerHealthState.HEALTHY


class HealthChecks:
    """Checks runners by the gRPC health protocol and stores what it finds. An async context manager.

    `on_recovery` is called when a runner takes work that did not before.
    """

    def __init__(
        self, runners: WorkflowRunners, calls: RunnerCalls, *, seconds: float, on_recovery: Callable[[], None]
    ) -> None:
        self._runners = runners
        self._calls = calls
        self._seconds = seconds
        self._on_recovery = on_recovery
        self._now = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="health checks")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def check_soon(self) -> None:
        """A runner was registered or changed."""
        self._now.set()

    async def _run(self) -> None:
        while True:
            self._now.clear()
            try:
                registered = await self._runners.registered()
                self._calls.keep(runner.spec.endpoint for runner in registered)
                await asyncio.gather(*(self._check(runner) for runner in registered))
            except Refused:
                pass  # the store is away, which it tells itself
            except Exception:
                log.exception("health checks failed; they go on")
            try:
                async with asyncio.timeout(self._seconds):
                    await self._now.wait()
            except TimeoutError:
                pass

    async def _check(self, runner: RegisteredRunner) -> None:
        health = await self._calls.health(runner.spec.endpoint)
        await self._runners.note_health(runner.id, health)
        if health.state != runner.state:
            log.info("runner changed its health", runner_id=runner.id, state=health.state.name, cause=health.message)
            if health.state == _HEALTHY:
                self._on_recovery()
