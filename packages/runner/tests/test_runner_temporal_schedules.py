"""Schedules on Temporal: kept by Temporal, agreed on by all runners, started once, and shown by each runner."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from stigmer_dsl.models.schedule import Schedule as ScheduleSettings
from stigmer_engine.schedule import Cron
from stigmer_runner.durable.schedules.timing import timing
from stigmer_runner.testing import RunnerProcess
from temporalio.client import Client, Schedule, ScheduleActionStartWorkflow, ScheduleState

from packages.runner.tests.test_runner_temporal_executions import temporal_server

SEALED = "value-of-the-scheduled-token-0815"
EVERY = (
    "document: {dsl: 1.0.3, namespace: shop, name: often, version: 1.0.0}\nschedule: {every: {seconds: 1}}\n"
    "use: {secrets: [TOKEN]}\n"
    "do:\n  - note: {set: {sealed: '${ $secrets.TOKEN }', env: '${ $runtime.metadata.env }'}}\n"
)
DAILY = (
    "document: {dsl: 1.0.3, namespace: shop, name: daily, version: 1.0.0}\nschedule: {cron: '0 3 * * *'}\n"
    "do:\n  - note: {set: {done: true}}\n"
)
OTHERS = (
    "document: {dsl: 1.0.3, namespace: shop, name: others, version: 1.0.0}\n"
    "schedule: {after: PT1H, on: {one: {with: {type: order}}}, every: PT0.5S}\ndo:\n  - note: {set: {done: true}}\n"
)
CRONS = [
    "0 3 * * *", "*/15 22-23 1,15 JAN-mar MON-FRI", "5 4 * * 7", "0 0 1-7 * 1", "0 12 */2 * 2", "0 0 29 2 *",
    "0 0 L * *", "0 0 L 2 *", "0 0 LW * *", "0 0 LW 2 *", "0 9 * * 5L", "0 9 * 2 0L,6L", "0 9 * * 1#2",
    "0 9 * * 7#5,MON#5", "0 9 L * FRI", "0 9 LW,15 * 3L", "0 9 */2 * 1#1",
]  # fmt: skip
Start = Callable[..., RunnerProcess]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with temporal_server() as found:
        yield found


@pytest.fixture
def start(address: str, tmp_path: Path) -> Iterator[Start]:
    """Starts runners that share folders, and a task queue of this test."""
    (tmp_path / "documents").mkdir()
    (tmp_path / "env").write_text(f"TOKEN={SEALED}\nREGION=eu\n")
    with ExitStack() as stack:

        def begin(**settings: str) -> RunnerProcess:
            common = {
                "EXECUTION_MODE": "dual",
                "TEMPORAL_SERVICE_ADDRESS": address,
                "TEMPORAL_TASK_QUEUE": f"queue-{tmp_path.name}",
                "TEMPORAL_WORKFLOW_EXECUTION_RUNNER_TASK_QUEUE": f"calls-{tmp_path.name}",
                "BLOB_STORAGE_PATH": str(tmp_path / "blobs"),
                "DOCUMENTS_DIR": str(tmp_path / "documents"),
                "SCHEDULE_ENV_FILE": str(tmp_path / "env"),
                "SHUTDOWN_GRACE_SECONDS": "1",
            }
            return stack.enter_context(RunnerProcess({**common, **settings}))

        yield begin


def listed(runner: RunnerProcess) -> dict[str, Any]:
    entries = httpx.get(f"{runner.http_url}/api/v1/documents").json()["documents"]
    return {entry["name"]: entry for entry in entries}


def until(runner: RunnerProcess, name: str, runs: int) -> Any:
    """The entry of a document that has been started so many times."""
    while (entry := listed(runner)[name])["runs"] < runs:
        time.sleep(0.1)
    return entry


def ended(runner: RunnerProcess, execution_id: str) -> Any:
    """An execution that has ended; a schedule may tell of it before it has begun."""
    while True:
        found = httpx.get(f"{runner.http_url}/api/v1/executions/{execution_id}").json()
        if found.get("status") in ("completed", "failed"):
            return found
        time.sleep(0.1)


async def schedules(address: str) -> set[str]:
    client = await Client.connect(address)
    return {found.id async for found in await client.list_schedules()}


@pytest.mark.extended
def test_runners_agree_on_what_starts_and_a_time_without_any_costs_one_start(start: Start, tmp_path: Path) -> None:
    (tmp_path / "documents" / "often.yaml").write_text(EVERY)
    pair = start(), start()
    entry = until(pair[0], "often", 3)
    other = listed(pair[1])["often"]
    assert (entry["scheduled"], other["scheduled"], entry["problem"]) == (True, True, "")
    assert set(entry["executions"][-1:]) <= set(other["executions"])
    for runner, execution_id in zip(pair, entry["executions"], strict=False):
        found = ended(runner, execution_id)
        assert (found["status"], found["output"]["env"]) == ("completed", {"REGION": "eu"})
        assert found["output"]["sealed"] == "[secret:TOKEN]"
        assert execution_id.startswith("shop.often:1.0.0-20")
    for runner in pair:
        runner.__exit__(None, None, None)
        assert SEALED not in runner.text
    gone = datetime.now(UTC)
    time.sleep(4)
    back = datetime.now(UTC)
    last = until(start(), "often", entry["runs"] + 5)
    starts = [datetime.fromisoformat(found.rpartition("1.0.0-")[2]) for found in last["executions"]]
    assert len(set(starts)) == len(starts)
    # One that waits for a runner leaves no room for others; the first one may have been there before.
    assert sum(gone + timedelta(seconds=1) < found < back - timedelta(seconds=1) for found in starts) <= 1
    assert starts[-1] > gone


async def test_schedules_follow_the_folder_and_leave_to_operators_what_is_theirs(
    start: Start, tmp_path: Path, address: str
) -> None:
    folder = tmp_path / "documents"
    (folder / "daily.yaml").write_text(DAILY)
    (folder / "others.yaml").write_text(OTHERS)
    first = start(SCHEDULE_TIME_ZONE="Asia/Tokyo")
    entries = listed(first)
    assert entries["daily"]["next_run"].endswith("T18:00:00.000Z")
    assert (entries["others"]["scheduled"], entries["others"]["next_run"]) == (False, None)
    for part in ("schedule.after", "schedule.on", "schedule.every"):
        assert part in entries["others"]["problem"]
    identity = "stigmer/schedule/shop/daily:1.0.0"
    client = await Client.connect(address)
    await client.get_schedule_handle(identity).pause(note="holidays")
    assert not listed(first)["daily"]["scheduled"]

    (folder / "daily.yaml").write_text(DAILY.replace("0 3", "30 4"))
    second = start()
    paused = await client.get_schedule_handle(identity).describe()
    assert (paused.schedule.state.paused, paused.schedule.state.note) == (True, "holidays")
    await client.get_schedule_handle(identity).unpause()
    assert listed(second)["daily"]["next_run"].endswith("T04:30:00.000Z")

    (folder / "daily.yaml").unlink()
    start(SCHEDULES="off")
    assert identity in await schedules(address)
    start(TEMPORAL_TASK_QUEUE="runners-of-others")
    assert identity in await schedules(address)
    third = start()
    assert "daily" not in listed(third)
    while identity in await schedules(address):  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.1)


async def test_times_are_those_of_a_schedule_in_one_process(address: str) -> None:
    client = await Client.connect(address)
    action = ScheduleActionStartWorkflow("none", id="none", task_queue="none")
    for number, cron in enumerate(CRONS):
        spec = timing(ScheduleSettings(cron=cron), "UTC").spec
        assert spec is not None
        handle = await client.create_schedule(
            f"times-{number}", Schedule(action=action, spec=spec, state=ScheduleState(paused=True))
        )
        times = [found.timestamp() for found in (await handle.describe()).info.next_action_times]
        assert times
        wanted, known = [], Cron(cron)
        moment: float | None = datetime.now(UTC).timestamp()
        for _ in times:
            assert moment is not None
            moment = known.next_after(moment)
            wanted.append(moment)
        assert times == wanted, cron
        await handle.delete()


@pytest.mark.parametrize("every", ["PT0.5S", "PT1.5S", "${ {seconds: 5} }"])
def test_what_temporal_cannot_do_is_told(every: str) -> None:
    found = timing(ScheduleSettings(every=every), "UTC")
    assert found.spec is None
    assert "schedule.every" in found.left_out[0]
