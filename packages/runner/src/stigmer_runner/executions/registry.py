"""All executions that run in this process, by id."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from stigmer_dsl import JsonObject, JsonValue
from stigmer_engine import Engine, Execution, PreparedDocument, Status, WrongState, new_execution_id
from stigmer_ports.logs import get_logger
from stigmer_ports.redaction import Redactor

from stigmer_runner.config import Settings
from stigmer_runner.executions.admission import execution_id_of, not_found, pulled, same_run, secrets_apart, wrong_state
from stigmer_runner.executions.defects import close_after_defect
from stigmer_runner.executions.documents import Documents
from stigmer_runner.executions.request import DocumentSource, ExecutionRequest
from stigmer_runner.executions.run import Run
from stigmer_runner.refusals import Reason, Refused

_CUT_REASON = "the runner is shutting down"
_CUT_SECONDS = 10.0
_LAST_LINES_SECONDS = 30.0
_LOOK_SECONDS = 0.2  # a run that gets paused during the drain ends nothing, so it is looked for


log = get_logger(__name__)


class Sink(Protocol):
    """Takes the events of a run somewhere. Must return at once and must not raise."""

    def attach(self, run: Run) -> None:
        """Begin with this run, from its first event."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainReport:
    """How a shutdown ended: how many runs finished in time, and the ids of those that were cut."""

    finished: int
    cut: tuple[str, ...]


class ExecutionRegistry:
    """The executions that run in this process; `Executions` for them. Forgets finished ones within bounds."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        redactor: Redactor,
        *,
        source: DocumentSource | None = None,
        sinks: Iterable[Sink] = (),
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._redactor = redactor
        self._source = source
        self._sinks = tuple(sinks)
        self._documents = Documents(engine.load, max_bytes=settings.max_document_bytes)
        self._active: dict[str, Run] = {}
        self._finished: OrderedDict[str, Run] = OrderedDict()
        self._starting: dict[str, asyncio.Event] = {}
        self._beginning: set[str] = set()
        self._watching: set[asyncio.Task[None]] = set()
        self._draining = False

    @property
    def accepting(self) -> bool:
        """Whether new executions may start."""
        return not self._draining

    @property
    def active(self) -> tuple[Run, ...]:
        """The runs that have not ended."""
        return tuple(self._active.values())

    async def find(self, execution_id: str) -> Run:
        """The run of this id. Raises Refused when it is unknown or forgotten."""
        return self._found(execution_id)

    def _found(self, execution_id: str) -> Run:
        run = self._known(execution_id)
        if run is None:
            raise not_found(execution_id, "it never started on this runner, or it finished and was forgotten")
        return run

    async def start(self, request: ExecutionRequest) -> Run:
        """The run for this request: a new one, or the one that has the id already. Raises Refused."""
        execution_id = execution_id_of(request)
        fingerprint = request.fingerprint
        while (starting := self._starting.get(execution_id)) is not None:
            await starting.wait()
        known = self._known(execution_id)
        if known is not None:
            return same_run(known, fingerprint, request)
        self._admit()
        self._starting[execution_id] = asyncio.Event()
        try:
            return await self._launch(execution_id, fingerprint, request)
        finally:
            self._starting.pop(execution_id).set()

    def start_scheduled(
        self, document: PreparedDocument, value: JsonValue, *, env: Mapping[str, str], secrets: Mapping[str, str]
    ) -> Run:
        """A new run that nobody asked for but the document's schedule. Raises Refused."""
        self._admit()
        request = ExecutionRequest(execution_id=new_execution_id(), input=value, env=env, secrets=secrets)
        return self._begin(document, request, request.fingerprint)

    def adopt(self, execution: Execution) -> None:
        """Keep a sub-workflow too, so that it is found by its id. To be called with every execution that starts."""
        if execution.id in self._beginning or self._known(execution.id) is not None:
            return
        # The id of a sub-workflow is its parent's, and the number of the call.
        parent = self._active.get(execution.id.rpartition("/")[0])
        secrets, debug = (parent.secrets, parent.debug) if parent is not None else ((), False)
        self._redactor.learn(secrets)
        self._keep(Run(execution, execution.document, fingerprint="", secrets=secrets, debug=debug, parent=parent))

    async def cancel(self, execution_id: str, reason: str, *, force: bool = False) -> None:
        """Stop a run, waits and calls included. `force` adds nothing here: no call outlives its interruption."""
        del force
        self._cancel(execution_id, reason)

    async def terminate(self, execution_id: str, reason: str) -> None:
        """The same as `cancel`: in one process nothing ends in less time."""
        self._cancel(execution_id, reason)

    async def pause(self, execution_id: str, reason: str) -> None:
        """Hold a run before its next task."""
        self._control(execution_id, "paused", lambda run: run.execution.pause(reason))

    async def resume(self, execution_id: str, reason: str) -> None:
        """Let a paused run go on."""
        self._control(execution_id, "resumed", lambda run: run.execution.resume(reason))

    async def deliver(self, execution_id: str, event: JsonObject) -> None:
        """Hand an event to one run."""
        self._found(execution_id).execution.deliver(event)

    async def drain(self, grace_seconds: float, hurry: asyncio.Event) -> DrainReport:
        """Start nothing new, let runs finish for `grace_seconds` or until `hurry`, then cancel what is left.

        Paused runs are not waited for: nobody could resume them in time to matter.
        """
        self._draining = True
        before = {run.id for run in self.active}
        await _first_of(self._all_ended(), hurry.wait(), timeout=grace_seconds)
        late = [run for run in self.active if not run.ended]
        for run in late:
            self._cancel(run.id, _CUT_REASON)
        if self._watching:
            await asyncio.wait(self._watching, timeout=_CUT_SECONDS)
        cut = tuple(run.id for run in late)
        return DrainReport(finished=len(before - set(cut)), cut=cut)

    async def _all_ended(self) -> None:
        while any(run.status_now is not Status.PAUSED for run in self.active):
            await asyncio.wait(self._watching, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)

    def _known(self, execution_id: str) -> Run | None:
        self._forget_old()
        return self._active.get(execution_id) or self._finished.get(execution_id)

    def _admit(self) -> None:
        if self._draining:
            raise Refused(Reason.SHUTTING_DOWN, "this runner is shutting down; call another one, or this one later")
        limit = self._settings.max_concurrent_executions
        # Sub-workflows do not count: refusing one would fail a run that was admitted.
        running = sum(not run.parent_id for run in self._active.values())
        if running + len(self._starting) >= limit:
            raise Refused(
                Reason.TOO_MANY_EXECUTIONS,
                f"{limit} executions are running or paused here, which is the limit (MAX_CONCURRENT_EXECUTIONS); "
                "try again when one has ended",
                facts={"limit": str(limit)},
            )

    async def _launch(self, execution_id: str, fingerprint: str, request: ExecutionRequest) -> Run:
        field = "workflow_yaml" if request.document else "workflow_execution_id"
        if not request.document:
            request = await pulled(self._source, request)
        document = await self._documents.load(request.document, field=field)
        env, secrets = secrets_apart(request, (document.workflow.use and document.workflow.use.secrets) or ())
        # Asked again: the load may have taken long enough for a shutdown to begin.
        if self._draining:
            self._admit()
        request = replace(request, execution_id=execution_id, env=env, secrets=secrets)
        return self._begin(document, request, fingerprint)

    def _begin(self, document: PreparedDocument, request: ExecutionRequest, fingerprint: str) -> Run:
        hidden = tuple(request.secrets.values())
        self._redactor.learn(hidden)
        self._beginning.add(request.execution_id)
        try:
            execution = self._engine.start(
                document,
                execution_id=request.execution_id,
                input=request.input,
                secrets=request.secrets,
                env=request.env,
                max_timeout_seconds=request.max_timeout_seconds,
            )
        finally:
            self._beginning.discard(request.execution_id)
        return self._keep(Run(execution, document, fingerprint=fingerprint, secrets=hidden, debug=request.debug))

    def _keep(self, run: Run) -> Run:
        self._active[run.id] = run
        for sink in self._sinks:
            sink.attach(run)
        watching = asyncio.create_task(self._await_end(run), name=f"await-end {run.id}")
        self._watching.add(watching)
        watching.add_done_callback(self._watching.discard)
        return run

    def _cancel(self, execution_id: str, reason: str) -> None:
        self._control(execution_id, "cancelled", lambda run: run.execution.cancel(reason))

    def _control(self, execution_id: str, wanted: str, act: Callable[[Run], object]) -> None:
        run = self._found(execution_id)
        try:
            act(run)
        except WrongState as wrong:
            raise wrong_state(run.id, run.status_now, wanted) from wrong

    async def _await_end(self, run: Run) -> None:
        try:
            await run.execution.wait()
        except Exception as defect:
            log.exception("execution ended by a defect of the engine", execution_id=run.id)
            close_after_defect(run, defect, self._redactor)
        run.ended_at = time.monotonic()
        del self._active[run.id]
        self._finished[run.id] = run
        self._forget_old()
        # Whoever writes of the run's last events does so within moments.
        asyncio.get_running_loop().call_later(_LAST_LINES_SECONDS, self._redactor.forget, run.secrets)

    def _forget_old(self) -> None:
        oldest = time.monotonic() - self._settings.retain_finished_seconds
        while self._finished:
            run = next(iter(self._finished.values()))
            over = len(self._finished) > self._settings.retain_finished_executions
            if not over and (run.ended_at is None or run.ended_at > oldest):
                return
            del self._finished[run.id]


async def _first_of(*waits: Coroutine[object, object, object], timeout: float) -> None:
    """Return when one of the waits ends or the time is over; all are cancelled then."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
