"""A runner whose Temporal has gone or hangs: it stops all the same, with a call under way, told to once or twice."""

import json
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from stigmer_runner.testing import RunnerProcess

from packages.engine.tests.temporal_server import doomed_dev_server

DOCUMENT = """
document: {dsl: 1.0.3, namespace: test, name: long, version: 1.0.0}
do:
  - slow: {call: http, with: {method: get, endpoint: 'http://127.0.0.1:PORT/'}}
"""
Connect = Callable[[RunnerProcess], Any]


@pytest.mark.parametrize("fate", [signal.SIGKILL, signal.SIGSTOP], ids=["gone", "hanging"])
@pytest.mark.parametrize(
    ("grace", "signals"),
    [("2", [signal.SIGTERM]), ("600", [signal.SIGINT, signal.SIGTERM])],
    ids=["grace-over", "told-twice"],
)
def test_it_stops(
    connect: Connect,
    contract: SimpleNamespace,
    tmp_path: Path,
    fate: signal.Signals,
    grace: str,
    signals: list[signal.Signals],
) -> None:
    # A peer that takes connections and never answers.
    with doomed_dev_server() as (address, temporal), socket.create_server(("127.0.0.1", 0)) as peer:
        settings = {
            "EXECUTION_MODE": "dual",
            "TEMPORAL_SERVICE_ADDRESS": address,
            "BLOB_STORAGE_PATH": str(tmp_path),
            "SHUTDOWN_GRACE_SECONDS": grace,
        }
        with RunnerProcess(settings) as runner:
            document = DOCUMENT.replace("PORT", str(peer.getsockname()[1]))
            connect(runner).ExecuteAsync(contract.io.WorkflowExecuteInput(workflow_yaml=document))
            asking, _ = peer.accept()
            with asking:
                temporal.send_signal(fate)
                for number in signals:
                    runner.signal(number)
                    runner.wait_for("signal received")
                assert runner.wait() == 0
    assert '"runner stopped"' in runner.text


def test_what_temporals_own_client_logs_is_in_the_log(tmp_path: Path) -> None:
    with doomed_dev_server() as (address, temporal):
        settings = {"EXECUTION_MODE": "dual", "TEMPORAL_SERVICE_ADDRESS": address, "BLOB_STORAGE_PATH": str(tmp_path)}
        with RunnerProcess(settings) as runner:
            temporal.kill()
            while "retried" not in runner.text:
                time.sleep(0.1)
    lines = [json.loads(line) for line in runner.text.splitlines()]
    assert {line["level"] for line in lines if line["logger"] == "temporalio.core"} == {"warning"}
