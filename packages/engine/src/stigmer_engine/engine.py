"""The engine: loads documents and starts executions of them in this process."""

import asyncio
import secrets as random_source
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from stigmer_dsl import InvalidDocument, LoadedDocument, load
from stigmer_dsl.json_types import JsonValue

from stigmer_engine.calls.http import HttpCaller, HttpConfig
from stigmer_engine.event_log import EventLog
from stigmer_engine.expressions import Evaluator, EvaluatorConfig, LibjqChecker
from stigmer_engine.frames import Tree
from stigmer_engine.ids import new_execution_id
from stigmer_engine.interpreter.interpreter import Interpreter
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.interpreter.run import Limits
from stigmer_engine.json_text import well_formed
from stigmer_engine.runtimes.asyncio.execution import Execution
from stigmer_engine.runtimes.asyncio.runtime import AsyncioRuntime, Clock
from stigmer_engine.secrets import SecretVault
from stigmer_engine.support import find_unsupported

_DOCUMENTS_KEPT = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """Everything an engine can be told. The clock gives Unix seconds."""

    evaluator: EvaluatorConfig = field(default_factory=EvaluatorConfig)
    http: HttpConfig = field(default_factory=HttpConfig)
    limits: Limits = field(default_factory=Limits)
    clock: Clock = time.time


class Engine:
    """Loads and runs documents. Use it as `async with Engine() as engine`."""

    def __init__(self, config: EngineConfig | None = None) -> None:
        self._config = config or EngineConfig()
        self._evaluator = Evaluator(self._config.evaluator)
        self._checker = LibjqChecker(self._config.evaluator)
        self._http = HttpCaller(self._config.http)
        self._documents: OrderedDict[tuple[str, str], PreparedDocument] = OrderedDict()
        self._executions: set[Execution] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Cancel what still runs, and end connections and child processes."""
        for execution in list(self._executions):
            await execution.close()
        await self._http.close()
        self._checker.close()
        self._evaluator.close()

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

    async def load_async(self, text: str | bytes, source: str = "document") -> PreparedDocument:
        """`load` in a thread, so that a large document stops nobody else. Raises InvalidDocument."""
        return await asyncio.to_thread(self.load, text, source)

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
        values = dict(secrets or {})
        now = self._config.clock()
        tree = Tree(
            execution_id=execution_id or new_execution_id(),
            nonce=random_source.token_hex(8),
            started_at=now,
            raw_input={} if input is None else well_formed(input),
            deadline=now + max_timeout_seconds if max_timeout_seconds > 0 else None,
        )
        log = EventLog()
        runtime = AsyncioRuntime(
            evaluator=self._evaluator,
            callers={"http": self._http},
            vault=SecretVault(tree.nonce, values),
            log=log,
            clock=self._config.clock,
        )

        def interpret(tree: Tree) -> Interpreter:
            return Interpreter(
                prepared=prepared,
                runtime=runtime,
                tree=tree,
                secrets=tuple(values),
                environment=dict(env or {}),
                limits=self._config.limits,
            )

        execution = Execution(tree, log, interpret)
        self._executions.add(execution)
        execution.on_done(self._executions.discard)
        return execution

    @staticmethod
    def _prepare(loaded: LoadedDocument) -> PreparedDocument:
        problems = find_unsupported(loaded)
        if problems:
            raise InvalidDocument(problems)
        return PreparedDocument(loaded)
