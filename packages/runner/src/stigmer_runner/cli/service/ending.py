"""What a command prints and gives back when the run it waited for has ended."""

import sys

from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import WorkflowExecution

from stigmer_runner.cli.exit_codes import ExitCode
from stigmer_runner.cli.service.printing import print_json
from stigmer_runner.cli.service.shapes import execution_json, output_of, phase_name
from stigmer_runner.terminal_text import printable


def end_of(execution: WorkflowExecution, *, as_json: bool) -> int:
    """Print the output, or with `as_json` the whole run; 0 completed, 1 failed, 130 cancelled."""
    phase = phase_name(execution)
    if as_json:
        print_json(execution_json(execution))
    elif phase == "completed":
        print_json(output_of(execution))
    elif phase == "cancelled":
        print("Cancelled.", file=sys.stderr)
    else:
        print(_why(execution), file=sys.stderr)
    return {"completed": ExitCode.OK, "cancelled": ExitCode.CANCELLED}.get(phase, ExitCode.FAULTED)


def _why(execution: WorkflowExecution) -> str:
    """The error of a run, behind the task that it comes from."""
    if execution.status is None:
        return ""
    error = execution.status.error
    # The task that failed first is inside of those that failed with it.
    at_fault = [task.task_id for task in execution.status.tasks if task.error and task.error == error]
    return printable(f"{max(at_fault, key=len)}: {error}" if at_fault else error)
