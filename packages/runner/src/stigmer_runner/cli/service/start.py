"""`stigmer start`: a run of a workflow."""

import json
import sys

import click
from stigmer_dsl import JsonValue
from stigmer_proto.ai.stigmer.agentic.executioncontext.v1 import ExecutionValue
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import Workflow
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import WorkflowExecution, WorkflowExecutionSpec
from stigmer_proto.ai.stigmer.commons.apiresource import ApiResourceMetadata, ApiResourceOwnerScope

from stigmer_runner.cli.exit_codes import ExitCode, UsageFailure
from stigmer_runner.cli.inputs import parse_input, parse_pairs
from stigmer_runner.cli.service.access import ServiceAccess, with_service
from stigmer_runner.cli.service.client import ServiceClient, ask
from stigmer_runner.cli.service.completing import complete_workflow
from stigmer_runner.cli.service.ending import end_of
from stigmer_runner.cli.service.lookup import find_workflow
from stigmer_runner.cli.service.printing import print_json
from stigmer_runner.cli.service.shapes import INPUT_ANNOTATION, execution_json
from stigmer_runner.cli.service.watching import NoPicture, picture, watch


@click.command("start")
@click.argument("workflow", metavar="NAME|ID", shell_complete=complete_workflow)
@click.option("--input", "input_text", metavar="JSON|@FILE|-", help="Input, as JSON or YAML.")
@click.option("--env", "env_pairs", metavar="K=V", multiple=True, help="A variable of the run; repeatable.")
@click.option("--secret", "secret_pairs", metavar="K=V", multiple=True, help="A secret of the run; repeatable.")
@click.option("--tag", "tags", multiple=True, help="A tag to find it by; repeatable.")
@click.option("--org", default="", help="Organization that owns workflow and run; default: nobody.")
@click.option("--wait", is_flag=True, help="Wait for its end, and print its output.")
@click.option("--watch", "look", is_flag=True, help="Show it on standard error until its end, and print its output.")
@click.option("--json", "as_json", is_flag=True, help="Print the run as a JSON object.")
@with_service
def command(
    workflow: str,
    input_text: str | None,
    env_pairs: tuple[str, ...],
    secret_pairs: tuple[str, ...],
    tags: tuple[str, ...],
    org: str,
    *,
    access: ServiceAccess,
    wait: bool,
    look: bool,
    as_json: bool,
) -> int:
    """Start a run of a workflow and print its id.

    Ctrl-C ends the waiting, and leaves the run alone.

    Exit codes: 0 started, or completed; 1 faulted; 2 the service refused; 130 cancelled.
    """
    given = _object(parse_input(input_text))
    values = {name: ExecutionValue(value=value) for name, value in parse_pairs("--env", env_pairs).items()}
    secrets = parse_pairs("--secret", secret_pairs)
    values |= {name: ExecutionValue(value=value, is_secret=True) for name, value in secrets.items()}

    async def start(client: ServiceClient) -> WorkflowExecution:
        found = await find_workflow(client, workflow, org)
        request = _request(found, values, tags, org)
        if given is not None:
            assert request.metadata is not None
            request.metadata.annotations[INPUT_ANNOTATION] = given
        run = await client.call(lambda: client.execution_commands.create(request))
        assert run.metadata is not None
        if not (wait or look):
            return run
        print(run.metadata.id, file=sys.stderr, flush=True)
        return await watch(client, run.metadata.id, picture() if look else NoPicture())

    run = ask(access, start)
    if wait or look:
        return end_of(run, as_json=as_json)
    if as_json:
        print_json(execution_json(run))
    else:
        print(run.metadata.id if run.metadata else "")
    return ExitCode.OK


def _object(value: JsonValue) -> str | None:
    """The JSON text of the input, which the contract wants to be an object."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise UsageFailure("The input must be a JSON object.")
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _request(
    workflow: Workflow, values: dict[str, ExecutionValue], tags: tuple[str, ...], org: str
) -> WorkflowExecution:
    assert workflow.metadata is not None
    scope = ApiResourceOwnerScope.organization if org else ApiResourceOwnerScope.identity_account
    return WorkflowExecution(
        api_version="agentic.stigmer.ai/v1",
        kind="WorkflowExecution",
        metadata=ApiResourceMetadata(name=workflow.metadata.name, org=org, owner_scope=scope, tags=list(tags)),
        spec=WorkflowExecutionSpec(workflow_id=workflow.metadata.id, runtime_env=values),
    )
