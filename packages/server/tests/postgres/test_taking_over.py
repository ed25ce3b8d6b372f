"""What one server had under way when it was killed, another one does."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

import pytest
from stigmer_server.testing import ADMIN_KEY, CLIENT_KEY

from packages.server.tests.grpcio_contract import Contract
from packages.server.tests.grpcio_peer import EXECUTION_COMMAND, RUNNER_COMMAND, WORKFLOW_COMMAND, Peer
from packages.server.tests.postgres.replicas import replicas
from packages.server.tests.samples import execution, workflow
from packages.server.tests.scripted_runner import HANG, ScriptedRunner, scripted_runner


@pytest.mark.extended
async def test_an_order_of_a_killed_server_is_taken_over(contract: Contract, database: str, tmp_path: Path) -> None:
    async with scripted_runner(starts=[HANG]) as one, scripted_runner() as other:
        with ExitStack() as stack:
            first = stack.enter_context(replicas(database, tmp_path / "first", count=1))[0]
            run = await asyncio.to_thread(_ask, contract, first.grpc_target, one)
            await one.first_start.wait()
            one.first_start.clear()
            # Only now there is another server, and another runner that it could take by mistake.
            second = stack.enter_context(replicas(database, tmp_path / "second", count=1))[0]
            await asyncio.to_thread(_register, contract, second.grpc_target, other)
            first.kill()
            await one.first_start.wait()
    # The same runner is asked again, to which it is a repeat; no other one ever is.
    assert one.started == [run, run]
    assert other.started == []


def _ask(contract: Contract, target: str, runner: ScriptedRunner) -> str:
    _register(contract, target, runner)
    with Peer(contract, target, CLIENT_KEY) as client:
        workflow_id = client.call(WORKFLOW_COMMAND, "create", workflow("taken")).metadata.id
        run: str = client.call(EXECUTION_COMMAND, "create", execution(workflow_id)).metadata.id
        return run


def _register(contract: Contract, target: str, runner: ScriptedRunner) -> None:
    metadata = {"name": f"at-{runner.endpoint.rpartition(':')[2]}", "ownerScope": "platform"}
    with Peer(contract, target, ADMIN_KEY) as admin:
        admin.call(
            RUNNER_COMMAND, "Create", {"metadata": metadata, "spec": {"type": "grpc", "endpoint": runner.endpoint}}
        )
