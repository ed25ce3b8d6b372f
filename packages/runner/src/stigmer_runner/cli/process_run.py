"""A run in this process: `--runtime process`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stigmer_engine import Engine, Execution, PreparedDocument, ProgressEvent, Result

from stigmer_runner.agent_calls.open import open_agents
from stigmer_runner.cli.running import RunOptions
from stigmer_runner.document_folder import register_folder
from stigmer_runner.engine_config import open_engine


class ProcessRun:
    """An execution of an engine here."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    def follow(self) -> AsyncIterator[ProgressEvent]:
        """See StartedRun."""
        return self._execution.log.follow()

    async def wait(self) -> Result:
        """See StartedRun."""
        return await self._execution.wait()

    def stop(self, reason: str, times: int) -> str | None:
        """See StartedRun. The first time cancels it at once."""
        if times > 1 or self._execution.done:
            return None
        self._execution.cancel(reason)
        return "cancelling the workflow; once more ends it at once."


@asynccontextmanager
async def start_in_process(options: RunOptions) -> AsyncIterator[ProcessRun]:
    """The workflow, started on an engine for itself.

    Raises InvalidDocument, and ConfigError for DOCUMENTS_DIR.
    """

    def hand_in_events(execution: Execution) -> None:
        # Sub-workflows too: an execution gets only what is published after its start.
        for event in options.incoming:
            execution.deliver(event)

    async with (
        open_agents(options.settings.stigmer_service) as agents,
        open_engine(options.settings, on_start=hand_in_events, agents=agents) as engine,
    ):
        document = await load_documents(engine, options)
        execution = engine.start(document, input=options.input, env=options.env, secrets=options.secrets)
        yield ProcessRun(execution)


async def load_documents(engine: Engine, options: RunOptions) -> PreparedDocument:
    """The document to run; it and the others are registered for `run: workflow`.

    Raises InvalidDocument, and ConfigError for DOCUMENTS_DIR.
    """
    await register_folder(options.settings, engine)
    for name, text in options.others.items():
        engine.documents.register(await engine.load_async(text, source=name))
    document = await engine.load_async(options.document, source=options.source)
    engine.documents.register(document)
    return document
