"""`stigmer list`: workflows or executions."""

import asyncio

import click
from stigmer_dsl import JsonObject
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import ExecutionPhase as Phase
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    ListWorkflowExecutionsByWorkflowRequest,
    ListWorkflowExecutionsRequest,
    WorkflowExecution,
    WorkflowExecutionList,
)

from stigmer_runner.cli.exit_codes import ExitCode, UsageFailure
from stigmer_runner.cli.service.access import ServiceAccess, with_service
from stigmer_runner.cli.service.client import ServiceClient, ask
from stigmer_runner.cli.service.completing import complete_workflow
from stigmer_runner.cli.service.http_client import HttpClient
from stigmer_runner.cli.service.lookup import find_workflow
from stigmer_runner.cli.service.printing import print_json, print_table
from stigmer_runner.cli.service.shapes import PHASES, execution_json, phase_name

_PAGE = 100
_EXECUTION_COLUMNS = ("id", "name", "phase", "created_at", "tags", "error")
_WORKFLOW_COLUMNS = ("name", "version", "tasks", "org", "id", "description")


@click.command("list")
@click.argument("kind", type=click.Choice(["executions", "workflows"]), default="executions")
@click.option("--phase", type=click.Choice(list(PHASES)), help="Only executions in this phase.")
@click.option("--tag", "tags", multiple=True, help="Only executions with this tag; repeatable, all must be there.")
@click.option("--workflow", metavar="NAME|ID", shell_complete=complete_workflow, help="Only executions of a workflow.")
@click.option("--org", default="", help="Organization that owns the workflow of --workflow.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@with_service
def command(
    kind: str,
    phase: str | None,
    tags: tuple[str, ...],
    workflow: str | None,
    org: str,
    limit: int,
    *,
    access: ServiceAccess,
    as_json: bool,
) -> int:
    """List executions (the default) or workflows, the last created first.

    Exit codes: 0 done, 2 the service refused.
    """
    if kind == "workflows":
        if phase or tags or workflow:
            raise UsageFailure("--phase, --tag and --workflow choose executions, not workflows.")
        rows, columns = asyncio.run(_workflows(access, limit)), _WORKFLOW_COLUMNS
    else:
        chosen = Chosen(phase, tags, workflow, org)
        found = ask(access, lambda client: chosen.find(client, limit))
        rows, columns = [execution_json(execution, details=False) for execution in found], _EXECUTION_COLUMNS
    if as_json:
        print_json(rows)
    else:
        print_table(rows, columns)
    return ExitCode.OK


class Chosen:
    """The executions that somebody wants to see."""

    def __init__(self, phase: str | None, tags: tuple[str, ...], workflow: str | None, org: str) -> None:
        self._phase = phase
        self._tags = tags
        self._workflow = workflow
        self._org = org

    async def find(self, client: ServiceClient, limit: int) -> list[WorkflowExecution]:
        """At most so many. Raises ServiceFailure."""
        found: list[WorkflowExecution] = []
        workflow_id = await self._workflow_id(client)
        page = 0
        while True:
            answer = await self._page(client, workflow_id, page)
            # The contract's list of one workflow knows no other filter.
            found += [execution for execution in answer.entries if not workflow_id or self._fits(execution)]
            page += 1
            if len(found) >= limit or page >= answer.total_pages:
                return found[:limit]

    async def _workflow_id(self, client: ServiceClient) -> str:
        if self._workflow is None:
            return ""
        found = await find_workflow(client, self._workflow, self._org)
        return found.metadata.id if found.metadata else ""

    async def _page(self, client: ServiceClient, workflow_id: str, page: int) -> WorkflowExecutionList:
        if workflow_id:
            by_workflow = ListWorkflowExecutionsByWorkflowRequest(
                workflow_id=workflow_id, page_size=_PAGE, page_token=str(page)
            )
            return await client.call(lambda: client.executions.list_by_workflow(by_workflow))
        phase = PHASES[self._phase] if self._phase else Phase.EXECUTION_PHASE_UNSPECIFIED
        request = ListWorkflowExecutionsRequest(
            page_size=_PAGE, page_token=str(page), phase=phase, tags=list(self._tags)
        )
        return await client.call(lambda: client.executions.list(request))

    def _fits(self, execution: WorkflowExecution) -> bool:
        known = set(execution.metadata.tags) if execution.metadata else set()
        return known.issuperset(self._tags) and self._phase in (None, phase_name(execution))


async def _workflows(access: ServiceAccess, limit: int) -> list[JsonObject]:
    rows: list[JsonObject] = []
    async with HttpClient(access) as http:
        page = 0
        while True:
            size = str(min(limit, _PAGE))
            answer = await http.get("/api/v1/workflows", {"page": str(page), "size": size})
            rows += [_workflow_row(entry) for entry in answer["entries"]]
            page += 1
            if len(rows) >= limit or page >= answer["total_pages"]:
                return rows[:limit]


def _workflow_row(entry: JsonObject) -> JsonObject:
    metadata, spec = entry.get("metadata", {}), entry.get("spec", {})
    return {
        "id": metadata.get("id", ""),
        "name": metadata.get("slug") or metadata.get("name", ""),
        "org": metadata.get("org"),
        "version": spec.get("document", {}).get("version", ""),
        "description": spec.get("description", ""),
        "tasks": entry.get("task_count", 0),
        "tags": metadata.get("tags", []),
    }
