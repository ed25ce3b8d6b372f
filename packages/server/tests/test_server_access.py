"""Keys, roles and limits."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from stigmer_server.access.rate import RateLimit
from stigmer_server.config import Settings
from stigmer_server.testing import ADMIN_KEY, CLIENT_KEY, ServerProcess

from packages.server.tests.grpcio_peer import (
    CONTEXT_COMMAND,
    CONTEXT_QUERY,
    EXECUTION_COMMAND,
    EXECUTION_QUERY,
    PROGRESS,
    RUNNER_COMMAND,
    WORKFLOW_COMMAND,
    WORKFLOW_QUERY,
    Peer,
)
from packages.server.tests.samples import workflow

Connect = Callable[[ServerProcess, str], Peer]


@pytest.mark.parametrize("key", ["", "wrong", ADMIN_KEY[:-1], ADMIN_KEY[::-1]])
def test_a_wrong_key_is_refused_everywhere(server: ServerProcess, connect: Connect, key: str) -> None:
    stranger = connect(server, key)
    tried = 0
    for service, method in stranger.contract.methods_of_the_server():
        assert stranger.refusal(service, method, {})[0] == "UNAUTHENTICATED", method
        tried += 1
    assert tried == 43


def test_roles_are_kept_apart(admin: Peer, client: Peer, runner: Peer) -> None:
    denied = "PERMISSION_DENIED"
    assert runner.refusal(WORKFLOW_COMMAND, "create", workflow("x"))[0] == denied
    assert runner.refusal(EXECUTION_COMMAND, "cancel", {"id": "wex-1"})[0] == denied
    assert client.refusal(CONTEXT_QUERY, "get", {"value": "exec-1"})[0] == denied
    assert client.refusal(CONTEXT_COMMAND, "create", {})[0] == denied
    assert client.refusal(RUNNER_COMMAND, "Create", {})[0] == denied
    for peer in (admin, client):
        assert peer.refusal(EXECUTION_COMMAND, "updateStatus", {"executionId": "wex-1"})[0] == denied
        assert peer.refusal(PROGRESS, "ReportProgress", {"workflowExecutionId": "wex-1"})[0] == denied
    assert admin.refusal(CONTEXT_QUERY, "get", {"value": "exec-1"})[0] == "NOT_FOUND"
    assert runner.refusal(EXECUTION_QUERY, "get", {"value": "wex-1"})[0] == "NOT_FOUND"


def test_large_and_frequent_requests_are_refused(data_dir: Path, connect: Connect) -> None:
    limits = {"STIGMER_SERVER_MAX_MESSAGE_BYTES": "2048", "STIGMER_SERVER_REQUESTS_PER_SECOND": "5"}
    with ServerProcess(data_dir, limits) as small:
        client = connect(small, CLIENT_KEY)
        large = workflow("large", description="x" * 4096)
        status, message = client.refusal(WORKFLOW_COMMAND, "create", large)
        assert (status, "the limit is 2048" in message) == ("RESOURCE_EXHAUSTED", True)
        answers = {client.refusal(WORKFLOW_QUERY, "get", {"value": "wfl-1"})[0] for _ in range(40)}
        assert answers == {"NOT_FOUND", "RESOURCE_EXHAUSTED"}


def test_the_bucket_refills() -> None:
    now = [0.0]
    limit = RateLimit(2, clock=lambda: now[0])
    assert [limit.take("a") for _ in range(5)] == [True] * 4 + [False]
    assert limit.take("b")
    now[0] += 0.5
    assert [limit.take("a") for _ in range(2)] == [True, False]


def test_the_first_key_is_shown_once_and_stored_as_a_hash(data_dir: Path, connect: Connect) -> None:
    none = {f"STIGMER_SERVER_{role}_KEY": "" for role in ("ADMIN", "CLIENT", "RUNNER")}
    with ServerProcess(data_dir, none) as first:
        first.wait_for("gRPC server started") if first.grpc_port == 0 else None
        # A call is answered only after the key was written.
        assert connect(first, "x").refusal(WORKFLOW_QUERY, "get", {"value": "wfl-1"})[0] == "UNAUTHENTICATED"
    key = next(line.strip() for line in first.text.splitlines() if line.strip().startswith("stigmer-admin-"))
    assert not any(key.encode() in file.read_bytes() for file in data_dir.iterdir())
    with ServerProcess(data_dir, none) as again:
        assert connect(again, key).refusal(WORKFLOW_QUERY, "get", {"value": "wfl-1"})[0] == "NOT_FOUND"
    assert "stigmer-admin-" not in again.text


def run(data_dir: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    own = {name.upper() for name in Settings.model_fields}
    environment = {name: value for name, value in os.environ.items() if name not in own}
    return subprocess.run(
        [sys.executable, "-m", "stigmer_server", *arguments],
        env={
            **environment,
            "STIGMER_DATA_DIR": str(data_dir),
            "STIGMER_SERVER_PORT": "0",
            "STIGMER_SERVER_HTTP_PORT": "0",
            **settings,
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.extended
def test_keys_are_made_listed_and_revoked_by_command(data_dir: Path, connect: Connect) -> None:
    key = run(data_dir, "key", "create", "--name", "ci", "--role", "client").stdout.strip()
    assert key.startswith("stigmer-client-")
    with ServerProcess(data_dir) as server:
        assert connect(server, key).refusal(WORKFLOW_QUERY, "get", {"value": "wfl-1"})[0] == "NOT_FOUND"
        busy = run(data_dir, "key", "list")
        assert (busy.returncode, "in use by another server" in busy.stderr) == (2, True)
    assert run(data_dir, "key", "revoke", "--name", "ci").stdout == "1 revoked\n"
    assert "ci\tclient" in run(data_dir, "key", "list").stdout
    with ServerProcess(data_dir) as server:
        assert connect(server, key).refusal(WORKFLOW_QUERY, "get", {"value": "wfl-1"})[0] == "UNAUTHENTICATED"


def test_an_open_server_without_a_key_does_not_start(data_dir: Path) -> None:
    done = run(data_dir, STIGMER_SERVER_HOST="0.0.0.0")
    assert (done.returncode, "STIGMER_SERVER_ADMIN_KEY must be set" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"STIGMER_SERVER_ADMIN_KEY": "short"}, "STIGMER_SERVER_ADMIN_KEY must be at least 32"),
        ({"STIGMER_SERVER_PORT": "eighty"}, "STIGMER_SERVER_PORT must be a whole number, not 'eighty'."),
        ({"STIGMER_SERVER_MAX_MESSAGE_BYTES": "5"}, "STIGMER_SERVER_MAX_MESSAGE_BYTES must be at least 1024, not '5'."),
        ({"STIGMER_ORCHESTRATION": "swarm"}, "STIGMER_ORCHESTRATION must be one of direct, temporal, not 'swarm'."),
        (
            {"STIGMER_RUNNER_ENDPOINT": "u:secret-word@h"},
            "STIGMER_RUNNER_ENDPOINT must be a URL such as grpc://localhost:8080.",
        ),
        ({"STIGMER_RUNNER_KEY": "secret-word of two"}, "STIGMER_RUNNER_KEY must be printable ASCII without spaces."),
        ({"TEMPORAL_API_KEY": "secret-word of two"}, "TEMPORAL_API_KEY must be printable ASCII without spaces."),
        ({"STIGMER_DATABASE_URL": "mysql://u:secret-word@h/db"}, "must begin with sqlite:// or postgresql://"),
        ({"STIGMER_DATABASE_URL": "sqlite://"}, "must name a file"),
        ({"STIGMER_SECRET_KEYS": "k:secret-word"}, "STIGMER_SECRET_KEYS must hold keys"),
        ({"STIGMER_SERVER_TLS_CERT_FILE": "a.pem"}, "must be set together"),
        ({"STIGMER_RUNNER_CA_FILE": "absent.pem"}, "STIGMER_RUNNER_CA_FILE cannot be used"),
    ],
)
def test_a_wrong_setting_is_one_sentence(data_dir: Path, settings: dict[str, str], words: str) -> None:
    done = run(data_dir, **settings)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret-word" not in done.stderr


def test_the_files_are_the_users_own(data_dir: Path) -> None:
    run(data_dir, "key", "list")
    run(data_dir, "rotate-secret-keys")
    assert stat.S_IMODE((data_dir / "secret-keys").stat().st_mode) == 0o600
    assert stat.S_IMODE((data_dir / "stigmer.db").stat().st_mode) == 0o600
    (data_dir / "secret-keys").chmod(0o644)
    done = run(data_dir)
    assert (done.returncode, "chmod 600" in done.stderr) == (2, True)
