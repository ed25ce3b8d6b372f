"""Execution, instance, workflow and environments, put together into one request to run."""

import json
from dataclasses import dataclass, replace
from typing import Protocol

from stigmer_converter import ConversionError, convert
from stigmer_dsl import JsonObject
from stigmer_proto.ai.stigmer.agentic.workflow.v1 import Workflow, WorkflowSpec
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import (
    ExecutionPhase,
    WorkflowExecution,
    WorkflowExecutionSpec,
)
from stigmer_proto.ai.stigmer.agentic.workflowinstance.v1 import WorkflowInstance

from stigmer_runner.executions import ExecutionRequest
from stigmer_runner.pulling.query_client import QueryClient
from stigmer_runner.refusals import Reason, Refused

_INPUT_ANNOTATION = "stigmer.ai/input"
_ENDED = {
    ExecutionPhase.EXECUTION_COMPLETED: "completed",
    ExecutionPhase.EXECUTION_FAILED: "failed",
    ExecutionPhase.EXECUTION_CANCELLED: "cancelled",
}


class _Value(Protocol):
    value: str
    is_secret: bool


@dataclass(frozen=True, slots=True)
class _Variables:
    """Environment and secrets; a later layer replaces a name of an earlier one, whichever of the two it was."""

    env: dict[str, str]
    secrets: dict[str, str]

    def add(self, layer: "dict[str, _Value]") -> None:
        for name, given in layer.items():
            # The service shows secrets without their value; nothing there is no value to run with.
            if given.is_secret and not given.value:
                continue
            self.env.pop(name, None)
            self.secrets.pop(name, None)
            (self.secrets if given.is_secret else self.env)[name] = given.value


class StigmerSource:
    """Completes a request by id. Precedence of variables, strongest first: the request's own, the execution's
    `runtime_env`, the environments of the instance (later ones win), the workflow's `env_spec`."""

    def __init__(self, client: QueryClient) -> None:
        self._client = client

    async def complete(self, request: ExecutionRequest) -> ExecutionRequest:
        """The request with document, input, environment and secrets. Raises Refused."""
        execution = await self._client.execution(request.execution_id)
        spec = _runnable(execution, request.execution_id)
        instance = await self._client.instance(spec.workflow_instance_id) if spec.workflow_instance_id else None
        workflow = await self._client.workflow(_workflow_id(spec, instance, request.execution_id))
        workflow_spec = _spec(workflow)
        variables = await self._variables(workflow_spec, instance, spec)
        return replace(
            request,
            document=_document(workflow_spec),
            input=request.input or _annotated(execution) or _trigger(spec),
            env={**variables.env, **request.env},
            secrets={name: value for name, value in variables.secrets.items() if name not in request.env},
        )

    async def _variables(
        self, workflow: WorkflowSpec, instance: WorkflowInstance | None, spec: WorkflowExecutionSpec
    ) -> _Variables:
        variables = _Variables({}, {})
        if workflow.env_spec is not None:
            variables.add(dict(workflow.env_spec.data))
        for reference in instance.spec.env_refs if instance and instance.spec else ():
            environment = await self._client.environment(reference)
            if environment.spec is not None:
                variables.add(dict(environment.spec.data))
        variables.add(dict(spec.runtime_env))
        return variables


def _runnable(execution: WorkflowExecution, execution_id: str) -> WorkflowExecutionSpec:
    ended = _ENDED.get(execution.status.phase) if execution.status else None
    if ended:
        raise Refused(
            Reason.WRONG_STATE,
            f"execution {execution_id!r} has {ended} already; create a new execution to run it again",
        )
    if execution.spec is None:
        raise Refused(Reason.INVALID_SPEC, f"execution {execution_id!r} has no spec on the Stigmer service")
    return execution.spec


def _workflow_id(spec: WorkflowExecutionSpec, instance: WorkflowInstance | None, execution_id: str) -> str:
    workflow_id = (instance.spec.workflow_id if instance and instance.spec else "") or spec.workflow_id
    if not workflow_id:
        raise Refused(
            Reason.INVALID_SPEC, f"execution {execution_id!r} names neither a workflow nor an instance that names one"
        )
    return workflow_id


def _spec(workflow: Workflow) -> WorkflowSpec:
    if workflow.spec is None:
        raise Refused(Reason.INVALID_SPEC, "the workflow has no spec on the Stigmer service")
    return workflow.spec


def _document(spec: WorkflowSpec) -> str:
    try:
        return convert(spec).yaml
    except ConversionError as error:
        findings = "; ".join(str(problem) for problem in error.problems)
        raise Refused(
            Reason.INVALID_SPEC,
            f"the workflow's spec cannot become a document: {findings}",
            field="workflow_execution_id",
        ) from None


def _annotated(execution: WorkflowExecution) -> JsonObject | None:
    """The input that our own service keeps in an annotation, because an execution has no field for it."""
    annotations = execution.metadata.annotations if execution.metadata else {}
    try:
        value = json.loads(annotations.get(_INPUT_ANNOTATION, "null"))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _trigger(spec: WorkflowExecutionSpec) -> JsonObject:
    """The workflow input when the request brings none: what triggered the execution, under the contract's names."""
    trigger: JsonObject = {}
    if spec.trigger_message:
        trigger["trigger_message"] = spec.trigger_message
    if spec.trigger_metadata:
        trigger["trigger_metadata"] = dict(spec.trigger_metadata)
    return trigger
