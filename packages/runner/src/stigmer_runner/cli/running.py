"""Runs one workflow to its end, with signals, events and live progress."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from stigmer_dsl import JsonObject, JsonValue
from stigmer_engine import Execution, Result

from stigmer_runner.cli.event_lines import EventLines
from stigmer_runner.cli.live import LiveProgress
from stigmer_runner.config import EngineSettings
from stigmer_runner.document_folder import register_folder
from stigmer_runner.engine_config import open_engine
from stigmer_runner.redaction import Redactor

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What to run and with what. Secrets do not show in the repr.

    Attributes:
        others: documents that `run: workflow` finds, by the names of their files.
    """

    document: bytes
    source: str
    input: JsonValue = field(repr=False)
    env: Mapping[str, str] = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)
    events_file: str | None = None
    settings: EngineSettings = field(default_factory=EngineSettings)
    others: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    incoming: tuple[JsonObject, ...] = field(default=(), repr=False)


async def run_workflow(options: RunOptions, redactor: Redactor) -> Result | None:
    """The result, or None when a second signal ended the run before it could be cancelled in order.

    Raises InvalidDocument, ConfigError for DOCUMENTS_DIR, and UsageFailure when the events file cannot be written.
    """

    def hand_in_events(execution: Execution) -> None:
        # Sub-workflows too: an execution gets only what is published after its start.
        for event in options.incoming:
            execution.deliver(event)

    running = asyncio.current_task()
    assert running is not None
    with contextlib.ExitStack() as stack:
        lines = stack.enter_context(EventLines(options.events_file, redactor)) if options.events_file else None
        async with open_engine(options.settings, on_start=hand_in_events) as engine:
            await register_folder(options.settings, engine)
            for name, text in options.others.items():
                engine.documents.register(await engine.load_async(text, source=name))
            document = await engine.load_async(options.document, source=options.source)
            engine.documents.register(document)
            execution = engine.start(document, input=options.input, env=options.env, secrets=options.secrets)
            live = stack.enter_context(LiveProgress(redactor, wanted=lines is None or options.events_file != "-"))
            try:
                with _cancelled_by_signals(execution, running):
                    async for event in execution.log.follow():
                        live.show(event)
                        if lines is not None:
                            lines.write(event)
                    return await execution.wait()
            except asyncio.CancelledError:
                return None


@contextlib.contextmanager
def _cancelled_by_signals(execution: Execution, running: "asyncio.Task[object]") -> Iterator[None]:
    """The first SIGINT or SIGTERM cancels the workflow; the second one stops waiting for it."""
    loop = asyncio.get_running_loop()
    seen: list[signal.Signals] = []

    def on_signal(number: signal.Signals) -> None:
        seen.append(number)
        if len(seen) > 1 or execution.done:
            running.cancel()
            return
        print(f"{number.name}: cancelling the workflow; once more ends it at once.", file=sys.stderr)
        execution.cancel(f"{number.name} received")

    for number in _SIGNALS:
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
