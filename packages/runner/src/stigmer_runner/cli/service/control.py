"""`stigmer cancel`, `terminate`, `pause` and `resume`: control of one run."""

from collections.abc import Callable, Coroutine

import click
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    CancelWorkflowExecutionRequest,
    PauseWorkflowExecutionRequest,
    ResumeWorkflowExecutionRequest,
    TerminateWorkflowExecutionRequest,
    WorkflowExecution,
)

from stigmer_runner.cli.exit_codes import ExitCode
from stigmer_runner.cli.service.access import ServiceAccess, with_service
from stigmer_runner.cli.service.client import ServiceClient, ask
from stigmer_runner.cli.service.completing import complete_execution
from stigmer_runner.cli.service.printing import print_json
from stigmer_runner.cli.service.shapes import execution_json, phase_name

_run = click.argument("execution", metavar="ID", shell_complete=complete_execution)
_reason = click.option("--reason", default="", help="Why; kept with the run.")
_json = click.option("--json", "as_json", is_flag=True, help="Print the run as a JSON object.")


@click.command("cancel")
@_run
@_reason
@_json
@with_service
def cancel(execution: str, reason: str, *, access: ServiceAccess, as_json: bool) -> int:
    """Stop a run in order; it may take a while until it has stopped. Exit codes: 0 done, 2 the service refused."""
    request = CancelWorkflowExecutionRequest(id=execution, reason=reason)
    return _ordered(access, lambda client: client.execution_commands.cancel(request), "cancelled", as_json=as_json)


@click.command("terminate")
@_run
@_reason
@_json
@with_service
def terminate(execution: str, reason: str, *, access: ServiceAccess, as_json: bool) -> int:
    """End a run at once, without its own clean-up. Exit codes: 0 done, 2 the service refused."""
    request = TerminateWorkflowExecutionRequest(id=execution, reason=reason)
    return _ordered(access, lambda client: client.execution_commands.terminate(request), "cancelled", as_json=as_json)


@click.command("pause")
@_run
@_reason
@_json
@with_service
def pause(execution: str, reason: str, *, access: ServiceAccess, as_json: bool) -> int:
    """Hold a run before its next task. Exit codes: 0 done, 2 the service refused."""
    request = PauseWorkflowExecutionRequest(id=execution, reason=reason)
    return _ordered(access, lambda client: client.execution_commands.pause(request), "paused", as_json=as_json)


@click.command("resume")
@_run
@_json
@with_service
def resume(execution: str, *, access: ServiceAccess, as_json: bool) -> int:
    """Go on with a paused run. Exit codes: 0 done, 2 the service refused."""
    request = ResumeWorkflowExecutionRequest(id=execution)
    return _ordered(access, lambda client: client.execution_commands.resume(request), "running", as_json=as_json)


def _ordered(
    access: ServiceAccess,
    order: Callable[[ServiceClient], Coroutine[None, None, WorkflowExecution]],
    becomes: str,
    *,
    as_json: bool,
) -> int:
    async def work(client: ServiceClient) -> WorkflowExecution:
        return await client.call(lambda: order(client))

    run = ask(access, work)
    if as_json:
        print_json(execution_json(run))
    else:
        phase = phase_name(run)
        coming = "" if phase == becomes else f", will be {becomes}"
        print(f"{run.metadata.id if run.metadata else ''} {phase}{coming}")
    return ExitCode.OK
