"""A worker to be killed: `python -m scripts.kills.worker ADDRESS FOLDER PEER`. Prints `ready` when it works."""

import asyncio
import logging
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import httpx
from stigmer_engine import Engine
from stigmer_engine.events import ProgressEvent
from stigmer_engine.runtimes.temporal import TemporalWorker, WorkerConfig, prepare_outside, workflow_services
from stigmer_engine.runtimes.temporal.payloads import PayloadsConfig, data_converter
from temporalio.client import Client

from scripts.kills.corpus import CHILD, document


class Callbacks:
    """Posts events to the peer."""

    def __init__(self, client: httpx.AsyncClient, peer: str) -> None:
        self._client = client
        self._url = f"{peer}/events"

    async def deliver(self, events: Sequence[ProgressEvent], *, last: bool) -> int:
        """See EventReceiver."""
        del last
        answer = await self._client.post(self._url, json=[event.to_json() for event in events])
        answer.raise_for_status()
        return events[-1].sequence_number


async def _main(address: str, place: Path, peer: str) -> None:
    async with Engine() as engine, httpx.AsyncClient() as posting:
        engine.documents.register(engine.load(document(CHILD, peer)))
        services = workflow_services(engine)
        converter = data_converter(PayloadsConfig(place=place), on_text=prepare_outside(services))
        client = await Client.connect(address, data_converter=converter)
        # Executions wait this long for the worker that has them in memory, which may be a dead one.
        config = WorkerConfig(sticky=timedelta(seconds=1))
        async with TemporalWorker(client, engine, services, config, receiver=Callbacks(posting, peer)):
            print("ready", flush=True)
            await asyncio.Event().wait()


if __name__ == "__main__":
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    asyncio.run(_main(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
