"""`python -m scripts.load`: load on the embedded Stigmer service, and a check that no subscriber missed anything."""

import argparse
import asyncio
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from stigmer_runner.testing import RunnerProcess
from stigmer_server.testing import RUNNER_KEY, ServerProcess

from packages.server.tests.grpcio_contract import compile_contract
from scripts.bench.machine import this_machine

from .campaign import Campaign, Place, Plan
from .measured import Measured
from .memory import processor_seconds, watched_memory
from .report import page, summary

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks-server.md"
_SETTINGS = {"STIGMER_SERVER_REQUESTS_PER_SECOND": "100000", "STIGMER_SERVER_RUNNER_REQUESTS_PER_SECOND": "100000"}


def measure(plan: Plan, *, real_runner: bool) -> Measured:
    """Run a plan against a server of its own, on SQLite."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        contract = compile_contract(folder)
        server = stack.enter_context(ServerProcess(folder / "data", _SETTINGS))
        endpoint = ""
        if real_runner:
            runner = stack.enter_context(RunnerProcess(_runner_settings(server)))
            endpoint = f"grpc://{runner.grpc_target}"
        place = Place(target=server.grpc_target, url=server.http_url)
        campaign = Campaign(plan.with_runner(endpoint), place, contract)
        return asyncio.run(_watched(campaign, server.pid))


async def _watched(campaign: Campaign, pid: int) -> Measured:
    before = processor_seconds(pid)
    async with watched_memory(pid, lambda: campaign.done) as memory:
        outcome = await campaign.run()
    return Measured(outcome=outcome, memory=memory, processor=processor_seconds(pid) - before)


def _runner_settings(server: ServerProcess) -> dict[str, str]:
    return {
        "EXECUTION_MODE": "grpc",
        "STIGMER_SERVICE_ENDPOINT": server.grpc_target,
        "STIGMER_SERVICE_API_KEY": RUNNER_KEY,
        "STIGMER_SERVICE_TLS_ENABLED": "false",
    }


def main() -> int:
    """Measure and check; 1 when something was lost, repeated or out of order, or memory grew."""
    parser = argparse.ArgumentParser(prog="just load-server", description="Load on the embedded Stigmer service.")
    parser.add_argument("--executions", type=int, default=1000, help="reported by runners that are grpcio alone")
    parser.add_argument("--end-to-end", type=int, default=100, help="executions of a real runner; 0 for none")
    parser.add_argument("--subscribers", type=int, default=50)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    given = parser.parse_args()
    machine = this_machine()
    reported = measure(Plan(executions=given.executions, subscribers=given.subscribers), real_runner=False)
    print(summary(reported), flush=True)
    whole = None
    if given.end_to_end:
        plan = Plan(executions=given.end_to_end, subscribers=given.subscribers)
        whole = measure(plan, real_runner=True)
        print(summary(whole), flush=True)
    wrong = reported.wrong + (whole.wrong if whole is not None else [])
    print("\n".join(wrong[:50]))
    if given.write and not wrong and whole is not None:
        PAGE.write_text(page(reported, whole, machine), encoding="utf-8")
        print(f"wrote {PAGE}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
