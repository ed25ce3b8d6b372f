"""An engine on the jumping clock, and events to feed it with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.engine import Engine, EngineConfig
from stigmer_engine.expressions import EvaluatorConfig
from stigmer_engine.testing.virtual_time import virtual_clock


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
