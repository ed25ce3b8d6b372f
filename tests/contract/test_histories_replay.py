"""Recorded executions go on with the interpreter of today (docs/temporal.md, Versioning).

A failure here means that a worker with this change is stuck with executions that run already: make the change depend
on something that an execution carries from its start (`Rules`), or on `workflow.patched`.
"""

import asyncio
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pytest
from stigmer_dsl.json_types import JsonValue
from stigmer_engine import Engine, EngineConfig
from stigmer_engine.cases import read_cases
from stigmer_engine.expressions import Evaluator, Program
from stigmer_engine.interpreter.port import CallRequest
from stigmer_engine.interpreter.run import Run
from stigmer_engine.processes import ProcessConfig
from stigmer_engine.runtimes.temporal import prepare_outside, workflow_services
from stigmer_engine.runtimes.temporal.calling import Calls
from stigmer_engine.runtimes.temporal.payloads import PayloadsConfig, data_converter
from stigmer_engine.runtimes.temporal.replay import HistoryReplay
from temporalio.client import WorkflowHistory

FOLDER: Final = Path(__file__).with_name("histories")
HISTORIES: Final = tuple(sorted(FOLDER.glob("*.json")))


def read(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(json.loads(path.read_text(encoding="utf-8"))["workflow_id"], path.read_text())


def replay(histories: Iterable[WorkflowHistory], folder: Path) -> Sequence[str]:
    """The failures."""

    async def check() -> Sequence[str]:
        processes = ProcessConfig(allow_shell=True, allow_script=True, node="node")
        async with Engine(EngineConfig(activities=True, processes=processes)) as engine:
            services = workflow_services(engine)
            converter = data_converter(PayloadsConfig(place=folder), on_text=prepare_outside(services))
            try:
                with HistoryReplay(services, converter) as replaying:
                    return list((await replaying.check(histories)).values())
            finally:
                services.close()

    return asyncio.run(check())


def test_every_representative_execution_is_recorded() -> None:
    path = FOLDER / "histories.test.yaml"
    recorded = {history.name.partition(".")[0] for history in HISTORIES}
    assert recorded == {case.name for case in read_cases(path, source=path.name)}


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_the_execution_goes_on(path: Path, tmp_path: Path) -> None:
    assert not replay([read(path)], tmp_path)
    assert path.stat().st_size < 100_000


# --- changes that would break executions, and that must be seen ------------------------------------------------------


def test_something_new_before_a_call_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    original = Calls.call

    async def later(self: Calls, request: CallRequest) -> JsonValue:
        await asyncio.sleep(1)
        return await original(self, request)

    monkeypatch.setattr(Calls, "call", later)
    [failure] = replay([read(FOLDER / "calls.json")], tmp_path)
    assert "TMPRL1100" in failure


def test_another_order_of_calls_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    original, held = Calls.call, asyncio.Event()

    async def last_first(self: Calls, request: CallRequest) -> JsonValue:
        if request.kind == "http" and not held.is_set():
            held.set()
            return {}
        return await original(self, request)

    monkeypatch.setattr(Calls, "call", last_first)
    [failure] = replay([read(FOLDER / "calls.json")], tmp_path)
    assert "TMPRL1100" in failure


def test_other_ids_of_calls_are_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    original = Run.next_call_id

    def skipping(self: Run) -> str:
        original(self)
        return original(self)

    monkeypatch.setattr(Run, "next_call_id", skipping)
    [failure] = replay([read(FOLDER / "calls.json")], tmp_path)
    assert "TMPRL1100" in failure


def test_work_that_counts_otherwise_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    original = Evaluator.evaluate

    async def by_jq(self: Evaluator, program: Program, arguments: list[JsonValue], *, plain: bool = True) -> JsonValue:
        del plain
        return await original(self, program, arguments, plain=False)

    monkeypatch.setattr(Evaluator, "evaluate", by_jq)
    [failure] = replay([read(FOLDER / "sums.json")], tmp_path)
    assert "TMPRL1100" in failure
