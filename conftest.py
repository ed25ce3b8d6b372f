"""What the tests of all packages share: a Temporal dev server, logging put back, how many processes run them."""

import asyncio
import logging
import os
from collections.abc import Iterator

import pytest

from packages.engine.tests.temporal_server import end_executions, start_dev_server


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Processes for `-n auto`: one more than there are processors, since many tests wait for servers and timers."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture
def restored_logging() -> Iterator[None]:
    """After the test, the process logs as it did before."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture(scope="session")
def _dev_server() -> Iterator[str]:
    with asyncio.Runner() as runner:
        server = start_dev_server()
        address = runner.run(server.__aenter__())
        try:
            yield address
        finally:
            runner.run(server.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def temporal_address(_dev_server: str) -> Iterator[str]:
    """`host:port` of a Temporal dev server that all modules use, one after the other, as it comes.

    What a module left running is terminated after it, so that the next one's workers get none of it. Ids of executions
    stay taken: give those that are not made up names of the module's own.
    """
    yield _dev_server
    asyncio.run(end_executions(_dev_server))
