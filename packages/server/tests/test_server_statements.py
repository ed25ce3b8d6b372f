"""How many statements a call costs: as many for a hundred as for one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import ListWorkflowExecutionsRequest
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import (
    ListWorkflowRunnersRequest,
    WorkflowRunner,
    WorkflowRunnerSpec,
)
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceMetadata, ApiResourceOwnerScope
from stigmer_server.access.caller import SERVER

from packages.server.tests.http_server import HttpServer, http_server


@contextmanager
def statements() -> Iterator[list[str]]:
    """The reads of any database of this process meanwhile, those of the outbox left out."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("SELECT") and "outbox" not in statement:
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def begun(server: HttpServer, workflow_id: str, runs: int) -> None:
    for _ in range(runs):
        run = await server.start(workflow_id)
        await server.report(run, "workflow_started")
        await server.run_task(run, "/do/0/price", {"total": 14})


async def test_a_page_of_runs_under_way(tmp_path: Path) -> None:
    async with http_server(tmp_path, stigmer_runner_check_seconds=3600) as server:
        workflow_id, costs = await server.register(), []
        for runs in (1, 7):
            await begun(server, workflow_id, runs)
            with statements() as seen:
                page = await server.application.executions.page(ListWorkflowExecutionsRequest())
            costs.append(len(seen))
            assert [len(entry.status.tasks) for entry in page.entries if entry.status] == [1] * len(page.entries)
        assert costs[0] == costs[1] <= 3


async def test_runners_with_their_health(tmp_path: Path) -> None:
    async with http_server(tmp_path, stigmer_runner_check_seconds=3600) as server:
        runners, costs = server.application.runners, []
        runners.on_change = lambda: None  # no health check comes in between
        for number in range(6):
            metadata = ApiResourceMetadata(name=f"r{number}", owner_scope=ApiResourceOwnerScope.platform)
            spec = WorkflowRunnerSpec(type="grpc", endpoint="grpc://127.0.0.1:1")
            made = await runners.create(WorkflowRunner(metadata=metadata, spec=spec), SERVER)
            assert made.metadata is not None
            with statements() as seen:
                registered = await runners.registered()
                found = await runners.find(made.metadata.id)
                page = await runners.page(ListWorkflowRunnersRequest())
            assert found in registered
            assert len(registered) == len(page.entries) == number + 1
            costs.append(len(seen))
        assert len(set(costs)) == 1
        assert await runners.find("wrn-none") is None
