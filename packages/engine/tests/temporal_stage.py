"""A worker on a real Temporal dev server, for tests of long lives: start executions, and read what history holds."""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from stigmer_engine import Engine, EngineConfig
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.runtimes.temporal import (
    EventReceiver,
    LifecycleReceiver,
    Rules,
    StartConfig,
    TemporalExecution,
    TemporalExecutions,
    TemporalWorker,
    WorkerConfig,
    prepare_outside,
    workflow_services,
)
from stigmer_engine.runtimes.temporal.payloads import PayloadsConfig, SecretStore, data_converter
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

HEAD = "document: {dsl: '1.0.3', namespace: tests, name: NAME, version: '1.0.0'}\n"


@dataclass(frozen=True)
class Stage:
    """What a test works with."""

    client: Client
    engine: Engine
    executions: TemporalExecutions
    payloads: PayloadsConfig

    def load(self, text: str, name: str = "document") -> PreparedDocument:
        """A document without its head, ready to run."""
        return self.engine.load(HEAD.replace("NAME", name) + text)

    def with_rules(self, rules: Rules, *, reports: bool = False) -> TemporalExecutions:
        """Starts executions by other rules."""
        return TemporalExecutions(self.client, StartConfig(rules=rules, reports=reports))

    async def histories(self, execution: TemporalExecution) -> list[list[HistoryEvent]]:
        """The events of every run of an execution, oldest run first. Payloads are as the server has them."""
        found: list[list[HistoryEvent]] = []
        run: str | None = None
        while True:
            handle = self.client.get_workflow_handle(execution.workflow_id, run_id=run)
            events = [event async for event in handle.fetch_history_events()]
            found.insert(0, events)
            run = events[0].workflow_execution_started_event_attributes.continued_execution_run_id
            if not run:
                return found

    def blobs(self) -> int:
        """How many payloads lie in the store."""
        assert isinstance(self.payloads.place, Path)
        return sum(1 for file in self.payloads.place.rglob("*") if file.is_file() and len(file.name) == 64)


def kinds(history: list[HistoryEvent]) -> Counter[str]:
    """How many events of each kind, by short names such as `ACTIVITY_TASK_SCHEDULED`."""
    return Counter(EventType.Name(event.event_type).removeprefix("EVENT_TYPE_") for event in history)


@contextlib.asynccontextmanager
async def open_stage(
    address: str,
    place: Path,
    *,
    config: EngineConfig | None = None,
    payloads: PayloadsConfig | None = None,
    worker: WorkerConfig | None = None,
    secrets: SecretStore | None = None,
    receiver: EventReceiver | None = None,
    lifecycle: LifecycleReceiver | None = None,
) -> AsyncIterator[Stage]:
    """A worker for the time of the context, with its payloads in the folder `place`."""
    kept = payloads or PayloadsConfig(place=place)
    async with Engine(config) as engine:
        services = workflow_services(engine)
        converter = data_converter(kept, on_text=prepare_outside(services))
        client = await Client.connect(address, data_converter=converter)
        try:
            async with TemporalWorker(
                client, engine, services, worker, secrets=secrets, receiver=receiver, lifecycle=lifecycle
            ):
                yield Stage(client, engine, TemporalExecutions(client, vault=secrets), kept)
        finally:
            services.close()
