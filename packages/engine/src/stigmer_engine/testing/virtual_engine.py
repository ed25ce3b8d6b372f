"""Whole documents run on virtual time, from text to result, with nothing replaced but the clock and the network."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx
from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.calls.config import HttpConfig
from stigmer_engine.engine import Engine, EngineConfig
from stigmer_engine.events import ProgressEvent
from stigmer_engine.expressions import EvaluatorConfig
from stigmer_engine.interpreter.run import Limits
from stigmer_engine.runtimes.asyncio import Result
from stigmer_engine.testing.virtual_time import run_virtual, virtual_clock

_DOCUMENT: JsonObject = {"dsl": "1.0.0", "namespace": "test", "name": "test", "version": "0.1.0"}
HEADER = f"document: {json.dumps(_DOCUMENT)}\n"


def virtual_config(*, transport: httpx.AsyncBaseTransport | None = None, limits: Limits | None = None) -> EngineConfig:
    """A configuration for an engine inside `run_virtual`."""
    return EngineConfig(
        evaluator=EvaluatorConfig(patience_seconds=None),
        http=HttpConfig(transport=transport),
        limits=limits or Limits(),
        clock=virtual_clock,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRun:
    """A finished run: its result, its events, and how long it took in virtual seconds."""

    result: Result
    events: tuple[ProgressEvent, ...]
    seconds: float

    @property
    def output(self) -> JsonValue:
        """The output of a run that must have completed."""
        assert self.result.error is None, self.result.error
        return self.result.output

    @property
    def error(self) -> JsonObject:
        """The error object of a run that must have failed."""
        assert self.result.error is not None, self.result.output
        return self.result.error.to_json()


def run_document(
    body: str | JsonObject,
    *,
    input: JsonValue = None,  # noqa: A002 - the field's own name
    secrets: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    limits: Limits | None = None,
    max_timeout_seconds: float = 0,
) -> DocumentRun:
    """Load and run a document on virtual time.

    Args:
        body: YAML text, or an object, without the `document` header, which is added.

    Raises:
        InvalidDocument: with every problem of the document.
    """

    text = HEADER + body if isinstance(body, str) else json.dumps({"document": _DOCUMENT, **body})

    async def run() -> DocumentRun:
        async with Engine(virtual_config(transport=transport, limits=limits)) as engine:
            began = virtual_clock()
            execution = engine.start(
                engine.load(text),
                input=input,
                secrets=secrets,
                env=env,
                max_timeout_seconds=max_timeout_seconds,
            )
            result = await execution.wait()
            return DocumentRun(result=result, events=execution.log.events, seconds=virtual_clock() - began)

    return run_virtual(run())


@asynccontextmanager
async def virtual_engine(config: EngineConfig | None = None) -> AsyncIterator[Engine]:
    """An engine on the running `VirtualClockLoop`, with the configuration's evaluator and clock replaced."""
    settled = replace(
        config or EngineConfig(), evaluator=EvaluatorConfig(patience_seconds=None, processes=1), clock=virtual_clock
    )
    async with Engine(settled) as engine:
        yield engine


def sample_event(kind: str, data: JsonValue = None, **attributes: JsonValue) -> JsonObject:
    """A CloudEvent of a type; `id`, `source` and any other attribute as given."""
    return {"specversion": "1.0", "id": "1", "source": "/tests", "type": kind, "data": data, **attributes}
