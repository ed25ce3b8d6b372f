"""The contract's `WorkflowExecuteInput` as a request to start, whichever port it came through."""

from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowExecuteInput
from stigmer_proto_json import StructError, json_from_struct

from stigmer_runner.executions import ExecutionRequest
from stigmer_runner.refusals import Reason, Refused


def execution_request(message: WorkflowExecuteInput) -> ExecutionRequest:
    """The request. Raises Refused, with the field that is wrong."""
    config = message.config
    timeout = config.max_timeout_seconds if config else 0
    if timeout < 0:
        raise Refused(
            Reason.INVALID_REQUEST,
            f"config.max_timeout_seconds must be 0 (no limit) or more, not {timeout}",
            field="config.max_timeout_seconds",
        )
    try:
        workflow_input = json_from_struct(message.workflow_input)
    except StructError as error:
        raise Refused(Reason.INVALID_REQUEST, f"workflow_input: {error}", field="workflow_input") from None
    return ExecutionRequest(
        execution_id=message.workflow_execution_id,
        document=message.workflow_yaml,
        input=workflow_input,
        env=dict(message.env_vars),
        max_timeout_seconds=timeout,
        debug=config.debug_enabled if config else False,
    )
