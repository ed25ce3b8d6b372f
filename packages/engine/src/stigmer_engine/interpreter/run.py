"""One run under way: its tree, its services to the executors, and the rules of draining.

Draining: no new call starts, pure steps and timers go on, and when no call is in flight the tree is serialised in
one synchronous step. Coroutines hold nothing that the tree does not, so after that they are simply cancelled.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models import TaskBase

from stigmer_engine.events import TERMINAL_EVENTS, EventError, EventType, ProgressEvent, Status
from stigmer_engine.expressions import Program, expression_program
from stigmer_engine.faults import Fault, WorkflowError, fault
from stigmer_engine.frames import (
    UNSET,
    BranchFrame,
    CallFrame,
    DoFrame,
    InboxEvent,
    TaskFrame,
    Tree,
    Unset,
    encode_tree,
    open_listeners,
    open_tasks,
)
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.port import CallRequest, ChildRequest, Runtime
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.interpreter.receipts import Receipt, ignore
from stigmer_engine.interpreter.scope import Scope, TaskView, moment
from stigmer_engine.interpreter.telling import Telling
from stigmer_engine.secret_mask import SecretMask
from stigmer_engine.secrets import SecretNames, placeholder

_SWEEP_AT_LEAST: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what one run may do.

    Attributes:
        max_steps: tasks gone through, so that a document that jumps in circles ends in an error.
        breathe_every: steps of pure work after which everything else gets a turn.
        max_inbox: events kept for listeners; when there are more (by an eighth), the oldest are dropped.
        max_consumed: events that one listener may consume before its end, as it keeps them all for its output.
        max_told_value_bytes: of the JSON of one value in a progress event; a larger one is left out of it.
        max_told_bytes: of all values in the progress events of the run. The event that ends it tells everything.
    """

    max_steps: int = 250_000
    breathe_every: int = 50
    max_inbox: int = 10_000
    max_consumed: int = 100_000
    max_told_value_bytes: int = 64 * 1024
    max_told_bytes: int = 32 * 1024 * 1024


class Executor(Protocol):
    """Runs the body of one task kind on its frame, whose `input` is set; the same code enters and re-enters."""

    def __call__(self, run: "Run", task: TaskBase, frame: TaskFrame, scope: Scope) -> Awaitable[Outcome]:
        """The body's raw output, and the directive it chose. Raises Fault."""
        ...


class Run:
    """The state and services of one run; belongs to one interpreter."""

    def __init__(
        self,
        *,
        prepared: PreparedDocument,
        runtime: Runtime,
        tree: Tree,
        executors: Mapping[type, Executor],
        body: Executor,
        secrets: SecretNames,
        environment: Mapping[str, str],
        limits: Limits,
    ) -> None:
        self.prepared = prepared
        self.runtime = runtime
        self.tree = tree
        self.frozen: JsonObject | None = None
        self.export_lock = asyncio.Lock()
        self.on_freeze: Callable[[], object] = lambda: None
        self.body = body
        self._executors = executors
        self._secrets = secrets
        self.telling = Telling(
            tree,
            value_bytes=limits.max_told_value_bytes,
            all_bytes=limits.max_told_bytes,
            mask=SecretMask(tree.nonce) if secrets.exposed or prepared.calls else None,
        )
        self._environment = environment
        self._limits = limits
        self._in_flight = 0
        self._cancelled = False
        self._calls_open = asyncio.Event()
        self._calls_open.set()
        self.arrived = asyncio.Event()
        self.dropped = 0
        self.on_receipt: Callable[[int, Receipt], object] = ignore
        self._sweep_at = max(2 * len(tree.inbox), _SWEEP_AT_LEAST)

    # --- draining -----------------------------------------------------------------------------------------------

    @property
    def draining(self) -> bool:
        """Whether calls are being held back."""
        return not self._calls_open.is_set()

    def drain(self) -> None:
        """Hold new calls back; freeze as soon as none is in flight."""
        self._calls_open.clear()
        asyncio.get_running_loop().call_soon(self._freeze_when_quiet)

    def never_freeze(self) -> None:
        """Let a drain go on holding calls, but not end in a freeze: the run is being cancelled."""
        self._cancelled = True

    def stop_draining(self) -> None:
        """Take a drain back that has not frozen the tree yet."""
        self._calls_open.set()

    def _freeze_when_quiet(self) -> None:
        if self.draining and not self._cancelled and self._in_flight == 0 and self.frozen is None:
            self.frozen = encode_tree(self.tree)
            self.on_freeze()

    async def gate(self, reference: str) -> None:
        """Pass the boundary before a task: the place where a drain takes hold even of pure work.

        Raises:
            Fault: `runtime`, when the run has gone through too many tasks.
        """
        self._freeze_when_quiet()
        if self.frozen is not None:
            await asyncio.Event().wait()
        self.tree.steps += 1
        if self.tree.steps > self._limits.max_steps:
            detail = f"the run went through {self._limits.max_steps} tasks; is a `then` jumping in circles?"
            raise fault("runtime", "Too many steps", detail).at(reference)
        if self.tree.steps % self._limits.breathe_every == 0:
            await self.runtime.breathe()

    @property
    def exhausted(self) -> bool:
        """Whether the run has gone through all the tasks that it may: whatever it begins now, fails."""
        return self.tree.steps > self._limits.max_steps

    # --- side effects -------------------------------------------------------------------------------------------

    async def call(self, kind: str, frame: CallFrame, reference: str) -> JsonValue:
        """Perform a call, unless draining: then it is held until the drain is over, in this process or another.

        Raises:
            Fault: what the call raised.
        """
        # Looked at again after each wait: a drain taken back may be asked for anew before the waiter has its turn.
        while self._holding():
            await (asyncio.Event() if self.frozen is not None else self._calls_open).wait()
        self._in_flight += 1
        try:
            return await self.runtime.call(
                CallRequest(kind=kind, id=frame.id, reference=reference, arguments=frame.arguments)
            )
        finally:
            self._in_flight -= 1
            if self.draining:
                # Later than this step, so that the result is in its frame when the tree freezes.
                asyncio.get_running_loop().call_soon(self._freeze_when_quiet)

    async def start_child(self, request: ChildRequest) -> None:
        """Start a sub-workflow, unless draining: then it starts when the drain is over.

        Raises:
            Fault: what keeps it from starting.
        """
        await self._calls_open.wait()
        await self.runtime.start_child(request)

    async def child(self, request: ChildRequest) -> JsonValue:
        """The output of a sub-workflow; not a call in flight: a drain leaves it running, and finds it again.

        Raises:
            Fault: the sub-workflow's.
        """
        try:
            await self.start_child(request)
            return await self.runtime.await_child(request)
        except asyncio.CancelledError:
            if self.frozen is None:
                self.runtime.cancel_child(request)
            raise

    def deliver(self, event: JsonObject) -> int:
        """Take an event in, and give it a number; whoever listens is woken. Between two steps, never inside one.

        Not for a frozen tree: the event belongs to the interpreter that goes on from there.
        """
        assert self.frozen is None
        tree = self.tree
        tree.arrivals += 1
        tree.inbox.append(InboxEvent(number=tree.arrivals, event=event))
        if len(tree.inbox) >= self._sweep_at:
            self.sweep()
        arrived, self.arrived = self.arrived, asyncio.Event()
        arrived.set()
        return tree.arrivals

    def receipt(self, number: int, task: str, output: JsonValue | Unset = UNSET, *, settled: bool) -> None:
        """Tell what became of an event. A frozen tree says nothing: the one that goes on from there will."""
        if self.frozen is None:
            told = output if output is UNSET else self.telling.value(output)
            self.on_receipt(number, Receipt(task=task, settled=settled, output=told))

    def sweep(self) -> None:
        """Take out of the inbox what no listener can want any more, and the oldest when it holds too much.

        Called when the inbox has doubled, so that an event costs the same however many there are.
        """
        tree, limit = self.tree, self._limits.max_inbox
        passed = min((listener.cursor for listener in open_listeners(tree)), default=tree.arrivals)
        tree.inbox = [entry for entry in tree.inbox if not entry.consumed or entry.number > passed]
        excess = len(tree.inbox) - limit
        if excess > 0:
            for entry in tree.inbox[:excess]:
                self.receipt(entry.number, "", settled=True)
            del tree.inbox[:excess]
            self.dropped += excess
        self._sweep_at = max(2 * len(tree.inbox), _SWEEP_AT_LEAST)
        if self._sweep_at > limit:
            self._sweep_at = limit + max(limit // 8, 1)

    @property
    def environment(self) -> Mapping[str, str]:
        """The plain values of `$runtime.metadata.env`."""
        return self._environment

    @property
    def limits(self) -> Limits:
        """The bounds of this run."""
        return self._limits

    def _holding(self) -> bool:
        return self.draining or self.frozen is not None

    def next_call_id(self) -> str:
        """An idempotency key for a new call."""
        self.tree.calls += 1
        return f"{self.tree.execution_id}/{self.tree.calls}"

    async def sleep_until(self, time: float, why: str) -> None:
        """Sleep until a Unix time; `why` is one line for people."""
        remaining = time - self.runtime.now()
        if remaining > 0:
            await self.runtime.sleep(remaining, why)

    def placeholder(self, name: str) -> str:
        """What stands for a value that only the runtime knows."""
        return placeholder(self.tree.nonce, name)

    def has_secrets(self, value: JsonValue) -> bool:
        """Whether there is a placeholder in the value, whole or in part."""
        return SecretMask(self.tree.nonce).finds(value)

    # --- evaluation ---------------------------------------------------------------------------------------------

    def executor(self, task: TaskBase) -> Executor:
        """The executor of the task's kind. Raises Fault `configuration` when there is none."""
        executor = self._executors.get(type(task))
        if executor is None:
            raise fault("configuration", f"{type(task).__name__} is not supported by this runner")
        return executor

    async def expression(self, slot: str, text: str, dot: JsonValue, scope: Scope) -> JsonValue:
        """The value of an expression-only field (`if`, `when`, `in`, ...)."""
        program = self.prepared.program(_place(scope), slot, lambda: expression_program(text, scope.names))
        return await self.evaluate(program, dot, scope)

    async def template(self, slot: str, template: JsonValue, dot: JsonValue, scope: Scope) -> JsonValue:
        """The value of a data position, in which `${ }` marks expressions."""
        prepared = self.prepared
        program = prepared.program(_place(scope), slot, lambda: prepared.template_program(template, scope.names))
        return await self.evaluate(program, dot, scope)

    async def transform(self, slot: str, template: JsonValue, dot: JsonValue, scope: Scope) -> JsonValue:
        """The value of `from` and `as`: bare jq when it is text, a template when it is an object."""
        if isinstance(template, str):
            return await self.expression(slot, template, dot, scope)
        return await self.template(slot, template, dot, scope)

    async def evaluate(self, program: Program, dot: JsonValue, scope: Scope) -> JsonValue:
        """The value of a program on `.` and the variables of the scope.

        Raises:
            Fault: `expression`; `authorization` for a secret that nobody gave.
        """
        if program.constant:
            return program.place([])
        self._secrets.permit(program.secrets)
        now = scope.task.started_at if scope.task else self.tree.started_at
        arguments: list[JsonValue] = [dot if program.reads_input else None, now]
        arguments.extend(self._argument(name, scope) for name in program.variables)
        return await self.runtime.evaluate(program, arguments)

    def _argument(self, name: str, scope: Scope) -> JsonValue:
        if name in scope.bindings:
            return scope.bindings[name]
        task = scope.task
        match name:
            case "context":
                return self.tree.context
            case "authorization":
                return scope.authorization or (task.authorization if task else None)
            case "secrets":
                return self._secrets.placeholders
            case "input" if task is not None:
                return None if task.input is UNSET else task.input
            case "output" if task is not None:
                return None if task.output is UNSET else task.output
            case "task" if task is not None:
                return self._describe(task)
            case "workflow":
                return {
                    "id": self.tree.execution_id,
                    "definition": self.prepared.raw,
                    "input": self.tree.raw_input,
                    "startedAt": moment(self.tree.started_at),
                }
            case "runtime":
                env: JsonObject = dict(self._environment)
                return {"name": "stigmer", "version": "0.1.0", "metadata": {"env": env}}
            case _:
                return None

    def _describe(self, task: TaskView) -> JsonObject:
        described: JsonObject = {
            "name": task.name,
            "reference": task.reference,
            "definition": self.prepared.definition(task.reference, task.task),
            "input": task.raw,
            "startedAt": moment(task.started_at),
        }
        if task.raw_output is not UNSET:
            described["output"] = task.raw_output
        return described

    # --- events -------------------------------------------------------------------------------------------------

    def report(
        self,
        event_type: EventType,
        status: Status,
        message: str,
        *,
        task: TaskFrame | None = None,
        payload: JsonObject | None = None,
        error: WorkflowError | None = None,
        attempt: int = 1,
    ) -> None:
        """Append the next event, unless the tree is frozen: what happens after that, happens elsewhere."""
        if self.frozen is not None:
            return
        self.tree.sequence += 1
        telling = self.telling
        if error is not None:
            error, message = telling.error(error), telling.text(message)
        if event_type not in TERMINAL_EVENTS:
            message = telling.short(message)
            payload = telling.payload(payload) if payload is not None else None
        elif payload is not None:
            payload = telling.whole(payload)
        ended = event_type in (EventType.TASK_COMPLETED, EventType.TASK_SKIPPED, EventType.WORKFLOW_COMPLETED)
        self.runtime.publish(
            ProgressEvent(
                workflow_execution_id=self.tree.execution_id,
                event_type=event_type,
                workflow_name=self.prepared.name,
                task_name=task.name if task else "",
                status=status,
                message=message,
                timestamp_ms=int(self.runtime.now() * 1000),
                payload=payload,
                error=self._event_error(error, whole=event_type in TERMINAL_EVENTS) if error else None,
                sequence_number=self.tree.sequence,
                task_progress=100 if ended else 0,
                task_reference=task.reference if task else "",
                attempt=attempt if task else 0,
            )
        )

    def _event_error(self, error: WorkflowError, *, whole: bool) -> EventError:
        texts = (error.sentence, error.type, error.instance)
        message, kind, instance = texts if whole else map(self.telling.short, texts)
        return EventError(code=error.code, message=message, type=kind, status=error.status, instance=instance)

    def abandon(self, holder: DoFrame | BranchFrame | None) -> None:
        """Report the open tasks below `holder` as cancelled, innermost first, and close the frame it holds."""
        for task in open_tasks(holder):
            self.report_cancelled(task)
        if holder is not None and self.frozen is None:
            holder.child = None

    def report_cancelled(self, task: TaskFrame) -> None:
        """Report one open task as cancelled."""
        self.report(EventType.TASK_FAILED, Status.CANCELLED, f"Task {task.name} cancelled", task=task)


def _place(scope: Scope) -> str:
    return scope.task.reference if scope.task else ""


async def within(run: Run, deadline: float | None, what: str, body: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """Await the body until an absolute time.

    Raises:
        Fault: `timeout`, when the time is over. A deadline that passed before (found on re-entry) counts before the
            body gets a turn.
    """
    if deadline is None:
        return await body()
    remaining = deadline - run.runtime.now()
    expired = fault("timeout", f"{what} timed out")
    if remaining <= 0:
        raise expired
    try:
        async with asyncio.timeout(remaining) as limit:
            return await body()
    except TimeoutError:
        if limit.expired():
            raise expired from None
        raise


__all__ = ["Executor", "Fault", "Limits", "Run", "within"]
