"""Payloads on a real Temporal server: large values between activities, texts that are stored once."""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from stigmer_engine.runtimes.temporal.payloads import (
    ClaimedText,
    KeyRing,
    PayloadsConfig,
    blob_store,
    data_converter,
    keys_in_use,
    sweep,
)
from stigmer_engine.runtimes.temporal.payloads.keys import new_key
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

SIZE = 10_000_000
TEXT = "document: {dsl: 1.0.3, namespace: tests, name: text, version: 1.0.0}"
PASSED = SandboxRestrictions.default.with_passthrough_modules("stigmer_engine", "stigmer_dsl")


@activity.defn
async def produce() -> dict[str, str]:
    return {"value": uuid.uuid4().hex * (SIZE // 32)}


@activity.defn
async def measure(value: dict[str, str]) -> int:
    return len(value["value"])


@activity.defn
async def fail(text: str) -> None:
    raise ApplicationError("plain message", text, non_retryable=True)


@workflow.defn(name="tests/pass-on")
class PassOn:
    @workflow.run
    async def run(self) -> int:
        value = await workflow.execute_activity(produce, start_to_close_timeout=timedelta(minutes=1))
        return await workflow.execute_activity(measure, value, start_to_close_timeout=timedelta(minutes=1))


@dataclass
class Start:
    name: str


@workflow.defn(name="tests/document")
class Document:
    def __init__(self) -> None:
        self.open = False

    @workflow.run
    async def run(self, document: ClaimedText, start: Start) -> str:
        await workflow.wait_condition(lambda: self.open)
        return f"{start.name}: {document.text}"

    @workflow.signal
    def finish(self) -> None:
        self.open = True


@workflow.defn(name="tests/failing")
class Failing:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(fail, "plain detail", start_to_close_timeout=timedelta(minutes=1))


@contextlib.asynccontextmanager
async def worker(
    temporal_address: str, config: PayloadsConfig, *, on_text: Callable[[str], Awaitable[None]] | None = None
) -> AsyncIterator[Client]:
    """A client, and a worker that keeps no workflow in memory: each task decodes the history anew."""
    client = await Client.connect(temporal_address, data_converter=data_converter(config, on_text=on_text))
    async with Worker(
        client,
        task_queue="tests",
        workflows=[PassOn, Document, Failing],
        activities=[produce, measure, fail],
        max_cached_workflows=0,
        # A wrong test ends then; by default a workflow that raises what it should not waits for better code.
        workflow_failure_exception_types=[Exception],
        workflow_runner=SandboxedWorkflowRunner(restrictions=PASSED),
    ):
        yield client


async def history_of(handle: WorkflowHandle[object, object]) -> bytes:
    return b"".join([event.SerializeToString() async for event in handle.fetch_history_events()])


@pytest.mark.parametrize("keys", [KeyRing(), KeyRing((new_key("k"),))], ids=["plain", "encrypted"])
async def test_ten_megabytes_pass_between_activities(temporal_address: str, tmp_path: Path, keys: KeyRing) -> None:
    async with worker(temporal_address, PayloadsConfig(place=tmp_path, keys=keys, compress=False)) as client:
        handle = await client.start_workflow("tests/pass-on", id="pass-on", task_queue="tests", result_type=int)
        assert await handle.result() == SIZE
        assert len(await history_of(handle)) < 100_000


async def test_a_text_is_stored_once_and_told_before_the_workflow_needs_it(
    temporal_address: str, tmp_path: Path
) -> None:
    told: list[str] = []

    async def on_text(text: str) -> None:
        told.append(text)

    async with worker(temporal_address, PayloadsConfig(place=tmp_path), on_text=on_text) as client:
        for number in range(3):
            arguments = [ClaimedText(TEXT), Start("run")]
            handle = await client.start_workflow(
                "tests/document", args=arguments, id=f"document-{number}", task_queue="tests", result_type=str
            )
            await handle.signal("finish")
            assert await handle.result() == f"run: {TEXT}"
            assert TEXT.encode() not in (await history_of(handle)).replace(f"run: {TEXT}".encode(), b"")
    assert len([info async for info in blob_store(tmp_path).list()]) == 1
    assert set(told) == {TEXT}


async def test_what_an_open_execution_refers_to_is_not_swept(temporal_address: str, tmp_path: Path) -> None:
    store = blob_store(tmp_path)
    async with worker(temporal_address, PayloadsConfig(place=tmp_path)) as client:

        async def in_use() -> frozenset[str]:
            return await keys_in_use(client)

        arguments = [ClaimedText(TEXT), Start("run")]
        handle = await client.start_workflow(
            "tests/document", args=arguments, id="open", task_queue="tests", result_type=str
        )
        # What is running is found by an index that follows the executions.
        async with asyncio.timeout(300):
            while not (used := await keys_in_use(client)):  # noqa: ASYNC110 - the server has no event for it
                await asyncio.sleep(0.1)
        assert used == {info.key async for info in store.list()}
        everything = timedelta(seconds=-5)
        assert (await sweep(store, everything, in_use=in_use)).in_use == 1
        await handle.signal("finish")
        assert await handle.result() == f"run: {TEXT}"
        async with asyncio.timeout(300):
            while await keys_in_use(client):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.1)
        assert (await sweep(store, everything, in_use=in_use)).deleted == 1


async def test_a_missing_blob_is_told_in_history_and_the_execution_goes_on_when_it_is_back(
    temporal_address: str, tmp_path: Path
) -> None:
    config = PayloadsConfig(place=tmp_path)
    client = await Client.connect(temporal_address, data_converter=data_converter(config))
    arguments = [ClaimedText(TEXT), Start("run")]
    handle = await client.start_workflow("tests/document", args=arguments, id="missing", task_queue="tests")
    store = blob_store(tmp_path)
    (key,) = [info.key async for info in store.list()]
    content = await store.get(key)
    assert content is not None
    await store.delete(key)
    async with worker(temporal_address, config):
        async with asyncio.timeout(300):
            while b"CLAIMCHECK_TTL_DAYS" not in await history_of(handle):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.1)
        assert key.encode() in await history_of(handle)
        await store.put(key, content)
        await handle.signal("finish")
        assert await handle.result() == f"run: {TEXT}"


async def test_failures_show_nothing_when_there_are_keys(temporal_address: str, tmp_path: Path) -> None:
    async with worker(temporal_address, PayloadsConfig(place=tmp_path, keys=KeyRing((new_key("k"),)))) as client:
        handle = await client.start_workflow("tests/failing", id="failing", task_queue="tests")
        with pytest.raises(Exception, match="Workflow execution failed") as caught:
            await handle.result()
        history = await history_of(handle)
        assert b"plain message" not in history
        assert b"plain detail" not in history
        assert b"Encoded failure" in history
        cause = caught.value.__cause__
        assert cause is not None
        assert "plain message" in str(cause.__cause__)


@pytest.mark.parametrize("claim_check", [True, False])
async def test_a_claimed_text_is_a_json_text_to_others(tmp_path: Path, claim_check: bool) -> None:
    converter = data_converter(PayloadsConfig(place=tmp_path, claim_check=claim_check))
    text = '"quoted" ünï 😀\n'
    encoded = await converter.encode([ClaimedText(text)])
    assert (encoded[0].metadata["encoding"] == b"json/plain") == (not claim_check)
    assert await converter.decode(encoded) == [text]
    hints: list[object] = [ClaimedText, str, ClaimedText | None]
    for hint, expected in zip(hints, [ClaimedText(text), text, ClaimedText(text)], strict=True):
        assert await converter.decode(encoded, [hint]) == [expected]  # type: ignore[list-item]
    (none,) = await converter.decode(await converter.encode([None]), [ClaimedText | None])  # type: ignore[list-item]
    assert none is None
    (number,) = await converter.encode([json.loads("7")])
    with pytest.raises(RuntimeError, match="could not be converted"):
        await converter.decode([number], [ClaimedText])
