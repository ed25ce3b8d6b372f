"""Runs the corpus over and over while its worker is killed, until there were enough kills; then lets all of it end."""

import asyncio
import contextlib
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_engine import Engine
from stigmer_engine.events import ProgressEvent
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.runtimes.temporal import (
    Rules,
    StartConfig,
    TemporalExecution,
    TemporalExecutions,
    TemporalWorker,
    prepare_outside,
    workflow_services,
)
from stigmer_engine.runtimes.temporal.payloads import PayloadsConfig, data_converter
from stigmer_runner.temporal_server import open_dev_server
from temporalio.client import Client

from scripts.kills.corpus import CHILD, CORPUS, Entry, document
from scripts.kills.judge import Verdict, judge
from scripts.kills.peer import Peer

_RULES: Final = Rules(heartbeat_seconds=2, history_events=120)
_LONGEST_LIFE: Final = 4.0
"""Seconds of a worker, after it is ready: about what a document of the corpus takes."""


@dataclass(kw_only=True)
class Hunt:
    """What is under way."""

    peer: Peer
    executions: TemporalExecutions
    documents: list[tuple[Entry, PreparedDocument]]
    chance: random.Random
    started: list[tuple[Entry, TemporalExecution]] = field(default_factory=list)
    kills: int = 0


async def hunt(*, kills: int, seed: int, at_once: int = 12) -> Verdict:
    """Kill so many workers.

    Args:
        seed: of the moments.
        at_once: executions that are kept under way while there are kills to come.
    """
    peer = Peer()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        async with open_dev_server() as server, peer.serving() as url, Engine() as engine:
            child = engine.load(document(CHILD, url))
            engine.documents.register(child)
            documents = [(entry, engine.load(document(entry, url))) for entry in CORPUS]
            expected = {entry.name: await _in_process(engine, entry, prepared) for entry, prepared in documents}
            services = workflow_services(engine)
            converter = data_converter(PayloadsConfig(place=place), on_text=prepare_outside(services))
            client = await Client.connect(server.address, data_converter=converter)
            executions = TemporalExecutions(client, StartConfig(rules=_RULES, reports=True))
            chance = random.Random(seed)  # noqa: S311 - chance, and no secret
            under_way = Hunt(peer=peer, executions=executions, documents=documents, chance=chance)
            feeding = asyncio.ensure_future(_feed(under_way, at_once))
            try:
                while under_way.kills < kills:
                    async with _worker(server.address, place, url) as process:
                        await asyncio.sleep(under_way.chance.uniform(0, _LONGEST_LIFE))
                        process.send_signal(signal.SIGKILL)
                        under_way.kills += 1
            finally:
                feeding.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await feeding
            try:
                async with TemporalWorker(client, engine, services, receiver=_Receiver(peer)):
                    # In this process, so that histories can be read and older runs asked for their events, too.
                    return await judge(client, under_way.started, expected, peer, kills=under_way.kills)
            finally:
                services.close()


class _Receiver:
    """Hands events to the peer without HTTP."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def deliver(self, events: Sequence[ProgressEvent], *, last: bool) -> int:
        """See EventReceiver."""
        del last
        self._peer.batches[events[0].workflow_execution_id].append([event.sequence_number for event in events])
        return events[-1].sequence_number


async def _feed(hunt: Hunt, at_once: int) -> None:
    """Start executions, the documents in turn, as others end."""
    turns: Counter[str] = Counter()
    running: list[asyncio.Future[object]] = []
    while True:
        running = [waiting for waiting in running if not waiting.done()]
        while len(running) < at_once:
            entry, prepared = min(hunt.documents, key=lambda known: turns[known[0].name])
            turns[entry.name] += 1
            execution = await hunt.executions.start(prepared)
            hunt.started.append((entry, execution))
            if entry.hears:
                for event in _events():
                    await execution.deliver(event)
            running.append(asyncio.ensure_future(execution.wait()))
        await asyncio.sleep(0.2)


async def _in_process(engine: Engine, entry: Entry, prepared: PreparedDocument) -> JsonValue:
    execution = engine.start(prepared)
    if entry.hears:
        for event in _events():
            execution.deliver(event)
    return (await execution.wait()).output


def _events() -> list[JsonObject]:
    return [
        {"specversion": "1.0", "id": kind, "source": "/kills", "type": kind, "data": kind} for kind in ("left", "right")
    ]


@contextlib.asynccontextmanager
async def _worker(address: str, place: Path, peer: str) -> AsyncIterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "scripts.kills.worker", address, str(place), peer]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: ASYNC220 - a millisecond
    try:
        assert process.stdout is not None
        line = await asyncio.to_thread(process.stdout.readline)
        assert line == b"ready\n", f"the worker did not start: {line!r}"
        yield process
    finally:
        process.kill()
        await asyncio.to_thread(process.communicate)
