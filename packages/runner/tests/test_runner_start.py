"""How `stigmer serve` starts: TLS, ports in use, files that cannot be used, and what it says."""

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import grpc
import pytest
from stigmer_runner.cli.app import run_command
from stigmer_runner.testing import RunnerProcess

VALID = "document: {dsl: 1.0.0, namespace: test, name: sample, version: 1.0.0}\ndo:\n  - only: {set: {a: 1}}\n"
# A self-signed pair for 127.0.0.1, made for these tests and used nowhere else.
CERTIFICATE = Path(__file__).parent / "data" / "tls-test-only.cert.pem"
KEY = Path(__file__).parent / "data" / "tls-test-only.key.pem"

Start = Callable[..., RunnerProcess]


@pytest.fixture
def failing_start(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., str]]:
    """Starts in this process; gives the last line of a start that ends with exit code 2."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def start(**settings: str) -> str:
        with monkeypatch.context() as patch:
            for name, value in {"GRPC_PORT": "0", "HTTP_PORT": "0", **settings}.items():
                patch.setenv(name, value)
            assert run_command(["serve"]) == 2
        return capsys.readouterr().err.splitlines()[-1]

    yield start
    root.handlers[:], root.level = handlers, level


def test_the_grpc_port_speaks_tls(start_runner: Start, contract: SimpleNamespace) -> None:
    runner = start_runner(GRPC_TLS_CERT_FILE=str(CERTIFICATE), GRPC_TLS_KEY_FILE=str(KEY))
    credentials = grpc.ssl_channel_credentials(root_certificates=CERTIFICATE.read_bytes())
    request = contract.io.WorkflowExecuteInput(workflow_yaml=VALID)
    with grpc.secure_channel(runner.grpc_target, credentials) as channel:
        stub = contract.service.WorkflowExecutionServiceStub(channel)
        assert [event.event_type for event in stub.Execute(request)][-1] == "workflow_completed"
    with grpc.insecure_channel(runner.grpc_target) as channel, pytest.raises(grpc.RpcError):
        contract.service.WorkflowExecutionServiceStub(channel).ExecuteAsync(request)


def test_a_port_in_use_is_one_sentence(failing_start: Callable[..., str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert failing_start(GRPC_PORT=port).startswith(f"Error: GRPC_PORT {port} on 127.0.0.1 cannot be used")
        assert failing_start(HTTP_PORT=port).startswith(f"Error: HTTP_PORT {port} on 127.0.0.1 cannot be used")


def test_a_start_that_fails_leaves_signals_as_they_were(failing_start: Callable[..., str]) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    failing_start(BIND_HOST="not.a.host.invalid")
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


def test_certificates_that_cannot_be_used_are_one_sentence(failing_start: Callable[..., str], tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    for certificate, key in ((nonsense, KEY), (CERTIFICATE, nonsense), (tmp_path / "missing", KEY)):
        said = failing_start(GRPC_TLS_CERT_FILE=str(certificate), GRPC_TLS_KEY_FILE=str(key))
        assert said.startswith("Error: GRPC_TLS_CERT_FILE and GRPC_TLS_KEY_FILE cannot be used")


def test_a_folder_for_payloads_that_cannot_be_written_is_one_sentence(
    failing_start: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "blobs"
    said = failing_start(EXECUTION_MODE="temporal", BLOB_STORAGE_PATH=str(place))
    assert (
        said.splitlines()[-1] == f"Error: BLOB_STORAGE_PATH names '{place}', which cannot be written: not a directory."
    )


def test_listening_to_the_world_without_a_key_is_a_warning(start_runner: Start) -> None:
    runner = start_runner(BIND_HOST="0.0.0.0")
    assert (
        "RUNNER_API_KEY"
        in runner.wait_for("everybody who reaches this host can run workflows: set RUNNER_API_KEY")["event"]
    )


def test_the_start_tells_what_was_decided(start_runner: Start) -> None:
    runner = start_runner(
        STIGMER_BACKEND_ENDPOINT="localhost:1", STIGMER_API_KEY="sk-told-nowhere", STIGMER_SERVICE_API_KEY="sk-told-not"
    )
    assert '"mode": "grpc"' in runner.text
    assert "STIGMER_SERVICE_API_KEY and STIGMER_API_KEY differ" in runner.text
    assert '"endpoint_from": "STIGMER_BACKEND_ENDPOINT"' in runner.text
    assert '"tls_because": "loopback"' in runner.text
    assert "sk-told" not in runner.text


def test_local_logs_are_for_people() -> None:
    environment = {**os.environ, "GRPC_PORT": "0", "HTTP_PORT": "off", "ENV": "local"}
    with subprocess.Popen(
        [sys.executable, "-m", "stigmer_runner", "serve"], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "gRPC server started" in line)
        process.terminate()
        process.stderr.read()
    assert not line.startswith("{")
    assert "port=" in line
    assert process.returncode == 0
