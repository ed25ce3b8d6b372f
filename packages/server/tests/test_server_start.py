"""How the server starts and ends, seen by whoever started it."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from stigmer_server.command_line import command
from stigmer_server.testing import ServerProcess

WATCHED = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture
def own_signals() -> Iterator[None]:
    """Handlers of a program that starts the server within itself."""
    before = [signal.signal(number, lambda *_: None) for number in WATCHED]
    yield
    for number, handler in zip(WATCHED, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.usefixtures("own_signals", "restored_logging")
def test_a_start_that_fails_leaves_signals_as_they_were(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = [signal.getsignal(number) for number in WATCHED]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("STIGMER_DATA_DIR", str(data_dir))
        monkeypatch.setenv("STIGMER_SERVER_PORT", str(taken.getsockname()[1]))
        with pytest.raises(SystemExit):
            command([])
    assert [signal.getsignal(number) for number in WATCHED] == before


def test_one_more_signal_at_the_end_is_no_failure(data_dir: Path) -> None:
    with ServerProcess(data_dir) as server:
        server.signal(signal.SIGTERM)
        server.wait_for("server stopped")
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
