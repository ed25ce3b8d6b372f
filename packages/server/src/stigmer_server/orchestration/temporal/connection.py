"""The connection to Temporal, and the worker of the invoking workflows; both come when Temporal does."""

import asyncio
from types import TracebackType
from typing import Final, Self

from stigmer_ports.logs import get_logger
from stigmer_ports.temporal_logs import forward_native_logs
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from stigmer_server.config import Settings
from stigmer_server.orchestration.temporal.invoke_workflow import InvokeWorkflow
from stigmer_server.orchestration.temporal.recovery import update_activity
from stigmer_server.refusals import Reason, Refused
from stigmer_server.store.database import Database

log = get_logger(__name__)

_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 10.0


class TemporalConnection:
    """Connects in the background, and again while that fails. An async context manager.

    The worker takes workflow tasks alone: an activity poller here would take calls that are a runner's (seed 004).
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._client: Client | None = None
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._run(), name="temporal")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    @property
    def client(self) -> Client:
        """The client. Raises Refused (RUNNER_UNAVAILABLE) while Temporal cannot be reached."""
        if self._client is None:
            raise Refused(
                Reason.RUNNER_UNAVAILABLE,
                f"Temporal at {self._settings.temporal_service_address} cannot be reached yet",
            )
        return self._client

    async def _run(self) -> None:
        client = await self._connected()
        worker = Worker(
            client,
            task_queue=self._settings.temporal_workflow_execution_stigmer_task_queue,
            workflows=[InvokeWorkflow],
            activities=[update_activity(self._database)],
            no_remote_activities=True,
            workflow_runner=SandboxedWorkflowRunner(
                restrictions=SandboxRestrictions.default.with_passthrough_modules("stigmer_server")
            ),
        )
        async with worker:
            self._client = client
            log.info("Temporal connected", address=self._settings.temporal_service_address)
            await asyncio.Event().wait()

    async def _connected(self) -> Client:
        forward_native_logs()
        settings, wait = self._settings, _FIRST_WAIT
        key = settings.temporal_api_key
        while True:
            try:
                return await Client.connect(
                    settings.temporal_service_address,
                    namespace=settings.temporal_namespace,
                    api_key=key.get_secret_value() if key is not None else None,
                    tls=settings.temporal_tls,
                )
            except RuntimeError as error:
                if wait >= _LONGEST_WAIT or wait == _FIRST_WAIT:
                    log.warning("Temporal cannot be reached; trying again", cause=str(error))
                await asyncio.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT)
