"""TLS: of the server's own port, and to runners."""

import subprocess
import sys
import time
from pathlib import Path

import grpc
import pytest
import trustme
from stigmer_runner.testing import RunnerProcess
from stigmer_server.testing import ADMIN_KEY, RUNNER_KEY, ServerProcess

from packages.server.tests.grpcio_contract import Contract
from packages.server.tests.grpcio_peer import RUNNER_COMMAND, RUNNER_QUERY, Peer

HEALTHY = 1


class Certificates:
    """An authority, and a certificate of this machine, as files."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        own = authority.issue_cert("localhost", "127.0.0.1")
        self.authority, self.chain, self.key = (folder / name for name in ("ca.pem", "chain.pem", "key.pem"))
        authority.cert_pem.write_to_path(self.authority)
        own.private_key_pem.write_to_path(self.key)
        for part in own.cert_chain_pems:
            part.write_to_path(self.chain, append=True)


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    """Certificates made for the test."""
    return Certificates(tmp_path)


def test_both_ends_speak_tls(contract: Contract, data_dir: Path, certificates: Certificates) -> None:
    settings = {
        "STIGMER_SERVER_TLS_CERT_FILE": str(certificates.chain),
        "STIGMER_SERVER_TLS_KEY_FILE": str(certificates.key),
        "STIGMER_RUNNER_CA_FILE": str(certificates.authority),
        "STIGMER_RUNNER_CHECK_SECONDS": "0.2",
    }
    runner_settings = {
        "GRPC_TLS_CERT_FILE": str(certificates.chain),
        "GRPC_TLS_KEY_FILE": str(certificates.key),
    }
    with (
        ServerProcess(data_dir, settings) as server,
        RunnerProcess(runner_settings) as runner,
        Peer(contract, server.grpc_target, ADMIN_KEY, authority=certificates.authority.read_bytes()) as admin,
        Peer(contract, server.grpc_target, RUNNER_KEY) as plain,
    ):
        with pytest.raises(grpc.RpcError):
            plain.call(RUNNER_QUERY, "List", {})
        request = {
            "metadata": {"name": "secure", "ownerScope": "platform"},
            "spec": {"type": "grpc", "endpoint": f"grpcs://{runner.grpc_target}"},
        }
        runner_id = admin.call(RUNNER_COMMAND, "Create", request).metadata.id
        while admin.call(RUNNER_QUERY, "Get", {"value": runner_id}).status.health.state != HEALTHY:
            time.sleep(0.05)


def test_a_certificate_that_does_not_fit_is_one_sentence(data_dir: Path, certificates: Certificates) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stigmer_server"],
        env={
            "STIGMER_DATA_DIR": str(data_dir),
            "STIGMER_SERVER_PORT": "0",
            "STIGMER_SERVER_HTTP_PORT": "0",
            "STIGMER_SERVER_TLS_CERT_FILE": str(certificates.key),
            "STIGMER_SERVER_TLS_KEY_FILE": str(certificates.key),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "cannot be used" in done.stderr) == (2, True)
