"""A client of `Execute` that is killed in mid-stream: the run goes on and can be joined, or ends, as configured."""

import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from stigmer_runner.testing import RunnerProcess

HEADER = "document: {dsl: 1.0.0, namespace: test, name: sample, version: 1.0.0}\n"
ENDLESS = HEADER + "do:\n  - hold: {wait: {hours: 1}}\n"
LOOP = HEADER + "do:\n  - tick: {wait: {milliseconds: 50}, then: tick}\n"
CLIENT = Path(__file__).parent / "watching_client.py"

Start = Callable[..., RunnerProcess]
Connect = Callable[[RunnerProcess], Any]


@contextmanager
def client(runner: RunnerProcess, contract: SimpleNamespace, execution_id: str) -> Iterator["subprocess.Popen[str]"]:
    """A client process that has seen the run inside its `hold` task."""
    stubs = str(Path(contract.io.__file__).parents[5])
    arguments = [sys.executable, str(CLIENT), stubs, runner.grpc_target, execution_id, ENDLESS]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "task_started hold\n":
                break
        yield process


def status_of(runner: RunnerProcess, execution_id: str) -> str:
    return str(httpx.get(f"{runner.http_url}/api/v1/executions/{execution_id}").json()["status"])


def until_cancelled(runner: RunnerProcess, execution_id: str) -> None:
    """Whoever joined a run before its last client was missed would be a client of it, and the run would go on."""
    while status_of(runner, execution_id) != "cancelled":
        time.sleep(0.05)


def test_the_run_goes_on_and_can_be_joined_again(runner: RunnerProcess, stub: Any, contract: SimpleNamespace) -> None:
    execution_id = str(uuid.uuid4())
    with client(runner, contract, execution_id) as process:
        process.kill()
    joined = stub.Execute(contract.io.WorkflowExecuteInput(workflow_execution_id=execution_id))
    seen = [next(event for event in joined if event.task_name == "hold")]
    assert status_of(runner, execution_id) == "running"
    stub.CancelExecution(contract.io.CancelExecutionRequest(execution_id=execution_id, reason="test is over"))
    seen += list(joined)
    assert "test is over" in seen[-1].message
    assert [event.sequence_number for event in seen] == list(
        range(seen[0].sequence_number, seen[-1].sequence_number + 1)
    )


def test_with_cancel_on_disconnect_the_run_ends(
    start_runner: Start, connect: Connect, contract: SimpleNamespace
) -> None:
    runner = start_runner(CANCEL_ON_DISCONNECT="true")
    execution_id = str(uuid.uuid4())
    with client(runner, contract, execution_id) as process:
        process.kill()
    until_cancelled(runner, execution_id)
    joined = list(connect(runner).Execute(contract.io.WorkflowExecuteInput(workflow_execution_id=execution_id)))
    assert joined[-1].event_type == "workflow_cancelled"
    assert "left" in joined[-1].message


def test_with_cancel_on_disconnect_the_last_client_counts(
    start_runner: Start, connect: Connect, contract: SimpleNamespace
) -> None:
    runner = start_runner(CANCEL_ON_DISCONNECT="true")
    execution_id = str(uuid.uuid4())
    with client(runner, contract, execution_id) as first, client(runner, contract, execution_id) as second:
        first.kill()
        first.wait()
        # The server has noticed once a later call of another client has made its way through the same loop.
        connect(runner).PauseExecution(contract.io.PauseExecutionRequest(execution_id=execution_id))
        assert status_of(runner, execution_id) in ("running", "paused")
        second.kill()
    until_cancelled(runner, execution_id)
    joined = list(connect(runner).Execute(contract.io.WorkflowExecuteInput(workflow_execution_id=execution_id)))
    assert joined[-1].event_type == "workflow_cancelled"


def test_a_client_that_reads_nothing_holds_up_nobody(
    runner: RunnerProcess, stub: Any, contract: SimpleNamespace
) -> None:
    lazy = stub.Execute(contract.io.WorkflowExecuteInput(workflow_yaml=LOOP))
    execution_id = next(lazy).workflow_execution_id
    eager = stub.Execute(contract.io.WorkflowExecuteInput(workflow_execution_id=execution_id))
    assert next(event.sequence_number for event in eager if event.sequence_number > 40)
    lazy.cancel()
    stub.CancelExecution(contract.io.CancelExecutionRequest(execution_id=execution_id))
    assert [event.event_type for event in eager][-1] == "workflow_cancelled"
