"""Runs executions by calling a registered runner over gRPC. The runner pulls what it needs and reports back."""

from collections.abc import Awaitable, Callable
from typing import Final

from grpclib.const import Status
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import SendSignalRequest
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import (
    CancelExecutionRequest,
    PauseExecutionRequest,
    ResumeExecutionRequest,
    WorkflowExecuteInput,
    WorkflowExecutionServiceStub,
    WorkflowRunnerHealthState,
)
from stigmer_proto_json import struct_from_json

from stigmer_server.executions.run_input import input_of
from stigmer_server.orchestration.runner_calls import Reached, RunnerCallFailed, RunnerCalls
from stigmer_server.refusals import Reason, Refused
from stigmer_server.resources.runners import RegisteredRunner, WorkflowRunners
from stigmer_server.store.database import Database
from stigmer_server.store.executions import StoredExecution, assign_runner

_HEALTHY: Final = WorkflowRunnerHealthState.HEALTHY
_FULL: Final = frozenset({Status.RESOURCE_EXHAUSTED, Status.UNAVAILABLE})


class DirectOrchestrator:
    """Chooses a healthy runner of the wanted type for each execution, in turn, and stays with it.

    Which runner has an execution is stored before it is called. It is forgotten again only when the runner surely does
    not have it: an execution is never with two runners.
    """

    def __init__(self, database: Database, runners: WorkflowRunners, calls: RunnerCalls, *, runner_type: str) -> None:
        self._database = database
        self._runners = runners
        self._calls = calls
        self._runner_type = runner_type
        self._turn = 0

    async def start(self, execution: StoredExecution) -> None:
        """As `Orchestrator.start`."""
        runner = await self._chosen(execution)
        if not await self._assign(execution.id, runner.id):
            return  # ended or deleted meanwhile
        given = input_of(execution.execution)
        request = WorkflowExecuteInput(
            workflow_execution_id=execution.id, workflow_input=struct_from_json(given) if given is not None else None
        )
        try:
            await self._calls.call(runner.spec.endpoint, lambda stub: stub.execute_async(request))
        except RunnerCallFailed as failed:
            if failed.reached is not Reached.UNKNOWN:
                await self._assign(execution.id, "")
            raise _start_refused(failed) from None

    async def cancel(self, execution_id: str, runner_id: str, reason: str, *, force: bool) -> bool:
        """As `Orchestrator.cancel`."""
        runner = await self._registered(runner_id)
        if runner is None:
            return False
        request = CancelExecutionRequest(execution_id=execution_id, reason=reason, force=force)
        try:
            await self._calls.call(runner.spec.endpoint, lambda stub: stub.cancel_execution(request))
        except RunnerCallFailed as failed:
            if failed.status in (Status.NOT_FOUND, Status.FAILED_PRECONDITION):
                return failed.status is Status.FAILED_PRECONDITION  # it has ended; its last event is on its way
            raise Refused(Reason.RUNNER_UNAVAILABLE, str(failed)) from None
        return True

    async def pause(self, execution: StoredExecution, reason: str) -> None:
        """As `Orchestrator.pause`."""
        request = PauseExecutionRequest(execution_id=execution.id, reason=reason)
        await self._control(execution, lambda stub: stub.pause_execution(request))

    async def resume(self, execution: StoredExecution) -> None:
        """As `Orchestrator.resume`."""
        request = ResumeExecutionRequest(execution_id=execution.id)
        await self._control(execution, lambda stub: stub.resume_execution(request))

    async def signal(self, execution: StoredExecution, request: SendSignalRequest) -> None:
        """As `Orchestrator.signal`: the contract has no call that hands a signal to a runner (decision 0923)."""
        runner = await self._registered(execution.runner_id)
        where = f" of the runner at {runner.spec.endpoint}" if runner is not None else " of its runner"
        raise Refused(
            Reason.NOT_SUPPORTED,
            f"signal {request.signal_name!r} cannot be handed to execution {execution.id!r}: runners that are called "
            f"directly have no call for signals. Post a CloudEvent to /api/v1/events on the HTTP port{where}; every "
            "run there that listens for it gets it, so let the workflow correlate. Or let the server orchestrate with "
            "Temporal (STIGMER_ORCHESTRATION=temporal), which has signals",
            facts={"signal_name": request.signal_name},
        )

    async def _control(
        self, execution: StoredExecution, call: Callable[[WorkflowExecutionServiceStub], Awaitable[object]]
    ) -> None:
        runner = await self._registered(execution.runner_id)
        if runner is None:
            raise Refused(Reason.RUNNER_UNAVAILABLE, f"the runner of execution {execution.id!r} is not registered")
        try:
            await self._calls.call(runner.spec.endpoint, call)
        except RunnerCallFailed as failed:
            raise _control_refused(failed) from None

    async def _chosen(self, execution: StoredExecution) -> RegisteredRunner:
        if execution.runner_id:
            runner = await self._registered(execution.runner_id)
            if runner is not None:
                return runner  # it may have the execution already; to it, starting again is a repeat
        fitting = [
            runner
            for runner in await self._runners.registered()
            if self._runner_type in ("", runner.spec.type) and runner.state == _HEALTHY
        ]
        if not fitting:
            wanted = f" of type {self._runner_type!r}" if self._runner_type else ""
            raise Refused(Reason.RUNNER_UNAVAILABLE, f"no healthy runner{wanted} is registered")
        self._turn += 1
        return fitting[self._turn % len(fitting)]

    async def _registered(self, runner_id: str) -> RegisteredRunner | None:
        return await self._runners.find(runner_id) if runner_id else None

    async def _assign(self, execution_id: str, runner_id: str) -> bool:
        return await self._database.write(lambda transaction: assign_runner(transaction, execution_id, runner_id))


def _start_refused(failed: RunnerCallFailed) -> Refused:
    if failed.status is Status.INVALID_ARGUMENT:
        return Refused(Reason.INVALID_SPEC, str(failed))
    if failed.status in _FULL:
        return Refused(Reason.TRY_AGAIN, str(failed))
    return Refused(Reason.RUNNER_UNAVAILABLE, str(failed))


def _control_refused(failed: RunnerCallFailed) -> Refused:
    match failed.status:
        case Status.FAILED_PRECONDITION:
            return Refused(Reason.WRONG_STATE, str(failed))
        case Status.UNIMPLEMENTED:
            return Refused(Reason.NOT_SUPPORTED, str(failed))
        case _:
            return Refused(Reason.RUNNER_UNAVAILABLE, str(failed))
