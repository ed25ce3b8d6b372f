"""`python -m scripts.bench_temporal`: the Temporal runtime against the same steps by hand, on a real server."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from stigmer_engine import Engine
from stigmer_engine.runtimes.temporal import (
    StartConfig,
    TemporalExecutions,
    TemporalWorker,
    WorkerConfig,
    prepare_outside,
    workflow_services,
)
from stigmer_engine.runtimes.temporal.payloads import PayloadsConfig, data_converter
from stigmer_runner.temporal_server import open_dev_server
from temporalio.client import Client
from temporalio.worker import Worker

from scripts.bench.machine import this_machine
from scripts.quiet_log import warnings_only

from .documents import steps
from .handwritten import WORKFLOWS, get_activity
from .measuring import Contestants
from .peer import http_peer
from .report import page, summary

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks-temporal.md"
_QUEUE = "bench"
_BY_HAND = "bench-by-hand"


@asynccontextmanager
async def _contestants(*, reports: bool) -> AsyncIterator[Contestants]:
    with tempfile.TemporaryDirectory() as folder:
        async with open_dev_server() as server, Engine() as engine, httpx.AsyncClient() as http:
            services = workflow_services(engine)
            converter = data_converter(PayloadsConfig(place=Path(folder)), on_text=prepare_outside(services))
            client = await Client.connect(server.address, data_converter=converter)
            plain = await Client.connect(server.address)
            by_hand = Worker(plain, task_queue=_BY_HAND, workflows=WORKFLOWS, activities=[get_activity(http)])
            async with TemporalWorker(client, engine, services, WorkerConfig(queue=_QUEUE)), by_hand:
                executions = TemporalExecutions(client, StartConfig(queue=_QUEUE, reports=reports))
                yield Contestants(client, plain, engine, executions, _BY_HAND)
            services.close()


async def _measure(arguments: argparse.Namespace) -> None:
    machine = this_machine()
    repeat = 3 if arguments.quick else 15
    with http_peer() as url:
        chosen = steps(url)
        async with _contestants(reports=False) as contestants:
            compared = [await contestants.compare(step, repeat) for step in chosen]
            count = 200 if arguments.quick else 1000
            throughput = await contestants.throughput(chosen[0], count, 50)
        async with _contestants(reports=True) as contestants:
            reporting = [await contestants.compare(step, 1) for step in chosen]
    print(summary(compared, reporting, throughput, machine))
    if arguments.write:
        PAGE.write_text(page(compared, reporting, throughput, machine, repeat), encoding="utf-8")
        print(f"wrote {PAGE}", file=sys.stderr)


def main() -> int:
    """Measure everything; times are reported and never judged."""
    parser = argparse.ArgumentParser(prog="just bench-temporal", description="Compare with workflows by hand.")
    parser.add_argument("--quick", action="store_true", help="few runs of each")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    arguments = parser.parse_args()
    warnings_only()
    asyncio.run(_measure(arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main())
