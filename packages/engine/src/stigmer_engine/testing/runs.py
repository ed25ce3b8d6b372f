"""Runs of documents on one engine, and a record of everything they left behind."""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from stigmer_dsl.json_types import JsonValue

from stigmer_engine.engine import Engine, EngineConfig
from stigmer_engine.runtimes.asyncio import Execution, Result


@dataclass
class Runs:
    """Runs documents one after the other on one engine.

    `log` gives the log lines so far. `reenter` may be called by a peer: the run then freezes as soon as no call is in
    flight, and goes on from text.
    """

    engine: Engine
    log: Callable[[], str] = str
    execution: Execution | None = None
    traces: list[str] = field(default_factory=list)

    def reenter(self) -> None:
        """Freeze the run at the next boundary, and go on."""
        if self.execution is not None:
            self.execution.reenter()

    async def result(
        self,
        text: str,
        input: JsonValue = None,  # noqa: A002
        *,
        secrets: Mapping[str, str] | None = None,
        drained: bool = False,
    ) -> Result:
        """How the run ended. With `drained` it is entered anew after each event."""
        document = "document: {dsl: '1.0.3', namespace: tests, name: calling, version: '1.0.0'}\n" + text
        prepared = await self.engine.load_async(document)
        execution = self.execution = self.engine.start(prepared, input=input, secrets=secrets)
        async for event in execution.log.follow():
            self.traces.append(json.dumps(event.to_json()))
            if drained:
                execution.reenter()
        result = await execution.wait()
        self.traces.append(str(result))
        return result

    async def output(
        self,
        text: str,
        input: JsonValue = None,  # noqa: A002
        *,
        secrets: Mapping[str, str] | None = None,
        drained: bool = False,
    ) -> JsonValue:
        """The output of a run that must complete."""
        result = await self.result(text, input, secrets=secrets, drained=drained)
        assert result.error is None, result.error
        return result.output

    async def error(
        self,
        text: str,
        input: JsonValue = None,  # noqa: A002
        *,
        secrets: Mapping[str, str] | None = None,
    ) -> tuple[str, int, str]:
        """Short type, status, and the sentence of the error."""
        result = await self.result(text, input, secrets=secrets)
        assert result.error is not None, result.output
        return result.error.type.rpartition("/")[2], result.error.status, result.error.sentence

    def assert_kept(self, *secrets: str) -> None:
        """None of these is in any event, result, error or log line."""
        everything = "\n".join([*self.traces, self.log()])
        assert self.traces
        for secret in secrets:
            assert secret not in everything


class OpenRuns(Protocol):
    """Opens an engine to run documents on."""

    def __call__(self, config: EngineConfig | None = None) -> AbstractAsyncContextManager[Runs]:
        """The runs of a new engine."""
        ...


class ServeHttp(Protocol):
    """Serves an application over HTTP on a free port; with a certificate over TLS."""

    def __call__(self, app: object, certificate: object = None) -> AbstractAsyncContextManager[str]:
        """The base URL."""
        ...
