"""The engine: loads documents and starts executions of them in this process."""

import asyncio
import secrets as random_source
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from types import TracebackType
from typing import Self

from stigmer_dsl import InvalidDocument, LoadedDocument, load
from stigmer_dsl.json_types import JsonValue

from stigmer_engine.bus.emit_call import EmitCaller
from stigmer_engine.bus.memory import InMemoryBus
from stigmer_engine.bus.port import EventBus
from stigmer_engine.calls.caller import Caller, GuardedCaller
from stigmer_engine.calls.callers import Callers
from stigmer_engine.calls.config import CallsConfig, HttpConfig
from stigmer_engine.capabilities import Capabilities
from stigmer_engine.documents import DocumentRegistry
from stigmer_engine.event_log import EventLog
from stigmer_engine.execution import Execution
from stigmer_engine.expressions import Evaluator, EvaluatorConfig, LibjqChecker
from stigmer_engine.frames import Tree
from stigmer_engine.ids import new_execution_id
from stigmer_engine.interpreter.interpreter import Interpreter
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.interpreter.run import Limits
from stigmer_engine.json_text import well_formed
from stigmer_engine.lifecycle_events import LifecycleConfig, LifecycleSink
from stigmer_engine.processes import ProcessConfig, Processes
from stigmer_engine.runtimes.asyncio.children import Children, Family
from stigmer_engine.runtimes.asyncio.runtime import AsyncioRuntime, Clock, Interceptor
from stigmer_engine.schedule import Schedule, ScheduleConfig, StartInstance
from stigmer_engine.schedule.schedule_run import schedule_run
from stigmer_engine.secrets import SecretVault
from stigmer_engine.support import find_unsupported

_DOCUMENTS_KEPT = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """Everything an engine can be told. The clock gives Unix seconds; the interceptor stands around every call.

    Attributes:
        bus: where emitted events go, and events for listeners come from; without one, the executions of this engine
            get each other's.
        lifecycle: where the lifecycle events of the specification go, if anywhere.
        schedule: the time zone of cron expressions, and what schedules remember.
        processes: what `run: shell` and `run: script` may do; they are off.
        activities: whether `call: activity` is taken; only where the interceptor answers such calls.
        agents: who performs `call: agent` (arguments: see `executors.agent_call`); without one, it is not taken.
        max_child_depth: how deep sub-workflows may run sub-workflows.
        max_children: sub-workflows below one execution in all, however deep.
        on_start: called with every execution, sub-workflows included, before it does anything.
    """

    evaluator: EvaluatorConfig = field(default_factory=EvaluatorConfig)
    http: HttpConfig = field(default_factory=HttpConfig)
    calls: CallsConfig = field(default_factory=CallsConfig)
    limits: Limits = field(default_factory=Limits)
    clock: Clock = time.time
    interceptor: Interceptor | None = None
    bus: EventBus | None = None
    lifecycle: LifecycleConfig | None = None
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    processes: ProcessConfig = field(default_factory=ProcessConfig)
    activities: bool = False
    agents: Caller | None = None
    max_child_depth: int = 16
    max_children: int = 10_000
    on_start: Callable[[Execution], object] = lambda _execution: None


class Engine:
    """Loads and runs documents. Use it as `async with Engine() as engine`.

    Args:
        evaluator, checker: to share between engines; whoever made them closes them.
    """

    def __init__(
        self,
        config: EngineConfig | None = None,
        *,
        evaluator: Evaluator | None = None,
        checker: LibjqChecker | None = None,
    ) -> None:
        self._config = config or EngineConfig()
        self._evaluator = evaluator or Evaluator(self._config.evaluator)
        self._checker = checker or LibjqChecker(self._config.evaluator)
        self._owned = [own for own, given in ((self._checker, checker), (self._evaluator, evaluator)) if given is None]
        self._callers = Callers(
            self._config.calls, self._config.http, load=self._load_supported, clock=self._config.clock
        )
        self._processes = Processes(self._config.processes)
        self._documents: OrderedDict[tuple[str, str], PreparedDocument] = OrderedDict()
        self._executions: set[Execution] = set()
        self._schedules: list[Schedule] = []
        self.documents = DocumentRegistry()
        self.bus: EventBus = self._config.bus or InMemoryBus()
        self._lifecycle = LifecycleSink(self._config.lifecycle) if self._config.lifecycle else None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Cancel what still runs, and end connections and child processes."""
        for schedule in self._schedules:
            schedule.stop()
            await schedule.wait_stopped()
        for execution in list(self._executions):
            await execution.close()
        if self._lifecycle is not None:
            await self._lifecycle.close()
        await self._processes.close()
        await self._callers.close()
        for own in self._owned:
            own.close()

    @property
    def callers(self) -> Mapping[str, Caller]:
        """Who performs the calls, by kind."""
        agents = self._config.agents
        own: dict[str, Caller] = {} if agents is None else {"agent": GuardedCaller("agent", agents)}
        return {**self._callers.by_kind, **self._processes.by_kind, "emit": EmitCaller(self.bus), **own}

    @property
    def config(self) -> EngineConfig:
        """What it was told."""
        return self._config

    def load(self, text: str | bytes, source: str = "document") -> PreparedDocument:
        """A document ready to run; loading the same text again is free.

        Blocks while expressions compile; on an event loop prefer `load_async`.

        Raises:
            InvalidDocument: with every problem, unsupported constructs included.
        """
        if isinstance(text, bytes):
            loaded = load(text, source=source, checker=self._checker)
            return self._prepare(loaded)
        key = (text, source)
        prepared = self._documents.get(key)
        if prepared is None:
            prepared = self._prepare(load(text, source=source, checker=self._checker))
            self._documents[key] = prepared
            if len(self._documents) > _DOCUMENTS_KEPT:
                self._documents.popitem(last=False)
        return prepared

    def load_to_interpret(self, text: str) -> PreparedDocument:
        """A document whose calls others perform: what only this engine may not do, is no reason to refuse it.

        Raises:
            InvalidDocument: as `load` does.
        """
        anywhere = replace(
            self._config.processes, allow_shell=True, allow_script=True, node=self._config.processes.node or "node"
        )
        every = {known.name: True for known in fields(Capabilities) if known.type in (bool, "bool")}
        loaded = load(text, checker=self._checker)
        problems = find_unsupported(loaded, Capabilities(processes=anywhere, **every))
        if problems:
            raise InvalidDocument(problems)
        return PreparedDocument(loaded, lambda text, names: self._checker.check(text, names) is None)

    async def load_async(self, text: str | bytes, source: str = "document") -> PreparedDocument:
        """`load` in a thread, so that a large document stops nobody else. Raises InvalidDocument."""
        return await asyncio.to_thread(self.load, text, source)

    def schedule(
        self,
        document: PreparedDocument | LoadedDocument,
        *,
        input: JsonValue = None,  # noqa: A002 - the field's own name
        secrets: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        max_timeout_seconds: float = 0,
        on_start: Callable[[Execution], object] = lambda _execution: None,
        start: StartInstance | None = None,
    ) -> Schedule:
        """Start executions of a document whenever its `schedule` says, until the result's `stop()` or this engine ends.

        Args:
            input: of the executions that the clock starts; those that events start get the array of the events.
            secrets, env, max_timeout_seconds: for each execution, as in `start`.
            on_start: called with each execution, before it does anything.
            start: starts each execution in place of this engine's `start`, given the events or null; its Fault is a
                start that did not happen.

        Raises:
            ValueError: the document has no `schedule`.
            InvalidDocument: a construct that this engine does not run (only for a `LoadedDocument`).
        """
        prepared = self._prepare(document) if isinstance(document, LoadedDocument) else document
        if prepared.workflow.schedule is None:
            raise ValueError(f"the document {prepared.name} has no `schedule`")

        def start_here(value: JsonValue) -> Execution:
            execution = self.start(
                prepared,
                input=input if value is None else value,
                secrets=secrets,
                env=env,
                max_timeout_seconds=max_timeout_seconds,
            )
            on_start(execution)
            return execution

        schedule = Schedule(
            run=schedule_run(
                prepared,
                evaluator=self._evaluator,
                clock=self._config.clock,
                secrets=secrets or {},
                env=env or {},
                limits=self._config.limits,
            ),
            start=start or start_here,
            bus=self.bus,
            clock=self._config.clock,
            config=self._config.schedule,
        )
        self._schedules = [known for known in self._schedules if known.active]
        self._schedules.append(schedule)
        return schedule

    def start(
        self,
        document: PreparedDocument | LoadedDocument,
        *,
        execution_id: str | None = None,
        input: JsonValue = None,  # noqa: A002 - the field's own name
        secrets: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        max_timeout_seconds: float = 0,
    ) -> Execution:
        """Start an execution on the running event loop; it goes on by itself.

        Args:
            execution_id: minted when not given.
            input: the workflow's raw input; null becomes an empty object.
            secrets: values by name; the workflow sees `$secrets.NAME` as a placeholder.
            env: plain values, readable as `$runtime.metadata.env.NAME`.
            max_timeout_seconds: ends the run with a `timeout` error, beside the document's own timeout; 0 for none.

        Raises:
            InvalidDocument: a construct that this engine does not run (only for a `LoadedDocument`).
        """
        prepared = self._prepare(document) if isinstance(document, LoadedDocument) else document
        return self._start(
            prepared,
            execution_id=execution_id or new_execution_id(),
            input=input,
            secrets=dict(secrets or {}),
            env=dict(env or {}),
            nonce=random_source.token_hex(8),
            max_timeout_seconds=max_timeout_seconds,
            levels=self._config.max_child_depth,
            family=Family(self._config.max_children),
            inherited=False,
        )

    def _start(
        self,
        prepared: PreparedDocument,
        *,
        execution_id: str,
        input: JsonValue,  # noqa: A002 - the field's own name
        secrets: dict[str, str],
        env: dict[str, str],
        nonce: str,
        max_timeout_seconds: float = 0,
        levels: int,
        family: Family,
        inherited: bool,
    ) -> Execution:
        now = self._config.clock()
        tree = Tree(
            execution_id=execution_id,
            nonce=nonce,
            started_at=now,
            raw_input={} if input is None else well_formed(input),
            deadline=now + max_timeout_seconds if max_timeout_seconds > 0 else None,
        )
        self._callers.prepare(prepared.calls)
        log = EventLog()
        children = Children(
            self.documents,
            lambda child, request: self._start(
                child,
                execution_id=request.id,
                input=request.input,
                secrets=secrets,
                env=env,
                # Placeholders of secrets pass between parent and child, and must mean the same in both.
                nonce=nonce,
                levels=levels - 1,
                family=family,
                inherited=inherited or bool(secrets) or bool(prepared.calls),
            ),
            levels=levels,
            family=family,
        )
        runtime = AsyncioRuntime(
            evaluator=self._evaluator,
            callers=self.callers,
            vault=SecretVault(tree.nonce, secrets),
            log=log,
            children=children,
            clock=self._config.clock,
            interceptor=self._config.interceptor,
        )

        def interpret(tree: Tree) -> Interpreter:
            return Interpreter(
                prepared=prepared,
                runtime=runtime,
                tree=tree,
                secrets=tuple(secrets),
                environment=env,
                limits=self._config.limits,
                inherited=inherited,
            )

        execution = Execution(tree, log, interpret)
        self._config.on_start(execution)
        self._executions.add(execution)
        execution.on_done(self._executions.discard)
        execution.on_done(lambda _execution: children.close())
        if prepared.may_listen:
            stop = self.bus.subscribe(execution.deliver)
            execution.on_done(lambda _execution: stop())
        if self._lifecycle is not None:
            self._lifecycle.follow(prepared, log)
        return execution

    def _load_supported(self, text: str, source: str) -> LoadedDocument:
        loaded = load(text, source=source, checker=self._checker)
        self._prepare(loaded)
        return loaded

    def _prepare(self, loaded: LoadedDocument) -> PreparedDocument:
        config = self._config
        allowed = Capabilities(
            processes=config.processes, activities=config.activities, agents=config.agents is not None
        )
        problems = find_unsupported(loaded, allowed)
        if problems:
            raise InvalidDocument(problems)
        return PreparedDocument(loaded, lambda text, names: self._checker.check(text, names) is None)
