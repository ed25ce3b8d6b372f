"""`stigmer delete`: removes a workflow or an execution."""

import click
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import WorkflowId
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceId

from stigmer_runner.cli.exit_codes import ExitCode
from stigmer_runner.cli.service.access import ServiceAccess, with_service
from stigmer_runner.cli.service.client import ServiceClient, ask
from stigmer_runner.cli.service.completing import complete_resource
from stigmer_runner.cli.service.lookup import find_workflow
from stigmer_runner.cli.service.printing import print_json


@click.command("delete")
@click.argument("kind", type=click.Choice(["workflow", "execution"]))
@click.argument("name", metavar="NAME|ID", shell_complete=complete_resource)
@click.option("--org", default="", help="Organization that owns the workflow.")
@click.option("--json", "as_json", is_flag=True, help="Print what was removed as a JSON object.")
@with_service
def command(kind: str, name: str, org: str, *, access: ServiceAccess, as_json: bool) -> int:
    """Remove a workflow that nothing uses, or an execution; one that runs is stopped.

    Exit codes: 0 done, 2 the service refused.
    """

    async def remove(client: ServiceClient) -> str:
        if kind == "execution":
            await client.call(lambda: client.execution_commands.delete(ApiResourceId(value=name)))
            return name
        found = await find_workflow(client, name, org)
        workflow_id = found.metadata.id if found.metadata else ""
        await client.call(lambda: client.workflow_commands.delete(WorkflowId(value=workflow_id)))
        return workflow_id

    removed = ask(access, remove)
    if as_json:
        print_json({"kind": kind, "id": removed})
    else:
        print(f"{kind} {removed} removed")
    return ExitCode.OK
