"""The interpreter: runs one document from a tree, new or half-way, to its end or until it is drained."""

import asyncio
from collections.abc import Mapping

from stigmer_dsl.json_types import JsonValue

from stigmer_engine.events import EventType, Status
from stigmer_engine.executors.extension import run_extended
from stigmer_engine.executors.registry import EXECUTORS
from stigmer_engine.executors.task_list import run_list
from stigmer_engine.faults import Fault
from stigmer_engine.frames import UNSET, DoFrame, Tree
from stigmer_engine.interpreter.lifecycle import timeout_seconds
from stigmer_engine.interpreter.outcome import Cancelled, Completed, Ending, Faulted, Frozen, Outcome
from stigmer_engine.interpreter.port import Runtime
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.interpreter.run import Limits, Run, within
from stigmer_engine.interpreter.schemas import validate
from stigmer_engine.interpreter.scope import Scope
from stigmer_engine.secrets import SecretNames


class Interpreter:
    """Runs a tree once. For a drained tree make another interpreter, here or in another process.

    Args:
        secrets: names of the secrets of this execution; their values are the runtime's business.
        environment: plain values, readable as `$runtime.metadata.env`.
        inherited: whether the input may hold placeholders, as that of a sub-workflow.
    """

    def __init__(
        self,
        *,
        prepared: PreparedDocument,
        runtime: Runtime,
        tree: Tree,
        secrets: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        inherited: bool = False,
    ) -> None:
        self._run = Run(
            prepared=prepared,
            runtime=runtime,
            tree=tree,
            executors=EXECUTORS,
            body=run_extended,
            secrets=SecretNames(tree.nonce, secrets, inherited=inherited),
            environment=environment or {},
            limits=limits or Limits(),
        )
        self._main: asyncio.Future[Ending] | None = None
        self._cancel_reason: str | None = None

    @property
    def run_state(self) -> Run:
        """The run, for reports made while nothing is interpreted (paused, resumed)."""
        return self._run

    def drain(self) -> None:
        """Ask for a freeze at the first moment at which no call is in flight; `run` then returns `Frozen`."""
        self._run.drain()

    def stop_draining(self) -> None:
        """Take `drain` back, if it is not too late."""
        self._run.stop_draining()

    def cancel(self, reason: str) -> None:
        """Interrupt waits and calls and end the run as cancelled. Has no effect on a run that has ended."""
        if self._cancel_reason is None:
            self._cancel_reason = reason
            self._run.never_freeze()
            if self._main is not None:
                self._main.cancel()

    async def run(self) -> Ending:
        """Run to the end.

        Returns:
            How the run ended. Faults do not leave this method; a defect of the engine does.
        """
        main = self._main = asyncio.ensure_future(self._interpret())
        self._run.on_freeze = main.cancel
        if self._cancel_reason is not None:
            main.cancel()
        try:
            return await main
        except asyncio.CancelledError:
            if self._run.frozen is not None:
                return Frozen(self._run.frozen)
            if self._cancel_reason is None:
                # Cancelled by the owner of this coroutine, not by the user.
                main.cancel()
                raise
            return self.abandon(self._cancel_reason)

    def abandon(self, reason: str) -> Cancelled:
        """End a run that is not being interpreted: report its open tasks and itself as cancelled."""
        run = self._run
        run.abandon(run.tree.root)
        message = f"Workflow cancelled: {reason}" if reason else "Workflow cancelled"
        run.report(EventType.WORKFLOW_CANCELLED, Status.CANCELLED, message)
        return Cancelled(reason)

    async def _interpret(self) -> Ending:
        run = self._run
        try:
            await self._open()
            tree = run.tree
            outcome = await within(run, tree.deadline, "The workflow", self._tasks)
            output = await self._transform_output(outcome)
        except Fault as error:
            run.abandon(run.tree.root)
            message = f"Workflow failed: {error.error.sentence}"
            run.report(EventType.WORKFLOW_FAILED, Status.FAILED, message, error=error.error)
            return Faulted(error.error, run.telling.error(error.error))
        run.report(EventType.WORKFLOW_COMPLETED, Status.COMPLETED, "Workflow completed", payload={"output": output})
        return Completed(output, run.telling.value(output))

    async def _open(self) -> None:
        """Validate and transform the workflow's input, once."""
        run, tree, workflow = self._run, self._run.tree, self._run.prepared.workflow
        if tree.phase == "new":
            run.report(EventType.WORKFLOW_STARTED, Status.RUNNING, "Workflow started")
            run.report(EventType.WORKFLOW_VALIDATING, Status.RUNNING, "Validating the workflow's input")
            tree.phase = "validating"
        if tree.phase == "validating":
            value = tree.raw_input
            if workflow.input is not None:
                await validate(run, "", "input", workflow.input.schema_, value, Scope())
                if workflow.input.from_ is not None:
                    value = await run.transform("input.from", workflow.input.from_, value, Scope())
            if workflow.timeout is not None:
                ends = tree.started_at + await timeout_seconds(run, workflow.timeout, tree.raw_input, Scope())
                tree.deadline = ends if tree.deadline is None else min(tree.deadline, ends)
            tree.input, tree.root, tree.phase = value, DoFrame(value=value), "running"
            run.report(EventType.WORKFLOW_VALIDATED, Status.RUNNING, "Workflow validated")

    async def _tasks(self) -> Outcome:
        run, tree = self._run, self._run.tree
        if tree.output is UNSET:
            assert tree.root is not None
            outcome = await run_list(run, run.prepared.workflow.do, "/do", tree.root, Scope())
            tree.output = outcome.value
        return Outcome(tree.output)

    async def _transform_output(self, outcome: Outcome) -> JsonValue:
        run, output = self._run, self._run.prepared.workflow.output
        value = outcome.value
        if output is not None:
            if output.as_ is not None:
                value = await run.transform("output.as", output.as_, value, Scope())
            await validate(run, "", "output", output.schema_, value, Scope())
        return value
