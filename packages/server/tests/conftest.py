"""A running server, and grpcio clients of the contract compiled by grpcio-tools."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from stigmer_server.testing import ADMIN_KEY, CLIENT_KEY, RUNNER_KEY, ServerProcess

from packages.server.tests.grpcio_contract import Contract, compile_contract
from packages.server.tests.grpcio_peer import Peer


@pytest.fixture(scope="session")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    """The contract as grpcio-tools generates it."""
    return compile_contract(tmp_path_factory.mktemp("grpcio"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server, shared by the tests that leave nothing behind but resources; it bears many calls without a key."""
    settings = {"STIGMER_SERVER_FAILED_LOGINS_PER_SECOND": "10000"}
    with ServerProcess(tmp_path_factory.mktemp("server"), settings) as process:
        yield process


@pytest.fixture
def connect(contract: Contract) -> Iterator[Callable[[ServerProcess, str], Peer]]:
    """Makes grpcio clients of a server with a key."""
    with ExitStack() as stack:
        yield lambda process, key: stack.enter_context(Peer(contract, process.grpc_target, key))


@pytest.fixture
def admin(server: ServerProcess, connect: Callable[[ServerProcess, str], Peer]) -> Peer:
    """A client with the role admin."""
    return connect(server, ADMIN_KEY)


@pytest.fixture
def client(server: ServerProcess, connect: Callable[[ServerProcess, str], Peer]) -> Peer:
    """A client with the role client."""
    return connect(server, CLIENT_KEY)


@pytest.fixture
def runner(server: ServerProcess, connect: Callable[[ServerProcess, str], Peer]) -> Peer:
    """A client with the role runner."""
    return connect(server, RUNNER_KEY)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A folder for a server of the test's own."""
    return tmp_path / "data"
