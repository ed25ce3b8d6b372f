"""`stigmer get`: one workflow or execution."""

import click
from stigmer_dsl import JsonObject
from stigmer_proto.ai.stigmer.agentic.workflowinstance.v1 import WorkflowInstanceId
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowRunnerId

from stigmer_runner.cli.exit_codes import ExitCode, UsageFailure
from stigmer_runner.cli.outputs import print_output
from stigmer_runner.cli.service.access import ServiceAccess, with_service
from stigmer_runner.cli.service.client import ServiceClient, ask
from stigmer_runner.cli.service.completing import complete_resource
from stigmer_runner.cli.service.lookup import find_execution, find_workflow
from stigmer_runner.cli.service.printing import print_json
from stigmer_runner.cli.service.shapes import execution_json, resource_json


@click.command("get")
@click.argument("kind", type=click.Choice(["workflow", "execution", "instance", "runner"]))
@click.argument("name", metavar="NAME|ID", shell_complete=complete_resource)
@click.option("--org", default="", help="Organization that owns a workflow.")
@click.option("--document", is_flag=True, help="Of a workflow: its document in YAML, and nothing else.")
@click.option("--json", "as_json", is_flag=True, help="As JSON; default: YAML.")
@with_service
def command(kind: str, name: str, org: str, *, access: ServiceAccess, document: bool, as_json: bool) -> int:
    """Print a workflow, an execution, an instance or a runner. Values of secrets are empty.

    Exit codes: 0 done, 2 the service refused.
    """
    if document:
        if kind != "workflow":
            raise UsageFailure("--document prints workflows only.")
        print(ask(access, lambda client: _document(client, name, org)), end="")
        return ExitCode.OK
    found = ask(access, lambda client: _find(client, kind, name, org))
    if as_json:
        print_json(found)
    else:
        print_output(found, "yaml")
    return ExitCode.OK


async def _find(client: ServiceClient, kind: str, name: str, org: str) -> JsonObject:
    match kind:
        case "workflow":
            return resource_json(await find_workflow(client, name, org))
        case "execution":
            return execution_json(await find_execution(client, name))
        case "instance":
            return resource_json(await client.call(lambda: client.instances.get(WorkflowInstanceId(value=name))))
        case _:
            return resource_json(await client.call(lambda: client.runners.get(WorkflowRunnerId(value=name))))


async def _document(client: ServiceClient, name: str, org: str) -> str:
    workflow = await find_workflow(client, name, org)
    validation = workflow.status.serverless_workflow_validation if workflow.status else None
    return validation.yaml if validation is not None else ""
