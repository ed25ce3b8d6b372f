"""A defect of the engine itself ends the run like any other failure: told, logged without data, and over."""

import pytest
from stigmer_dsl.json_types import JsonValue
from stigmer_engine.interpreter.run import Run
from stigmer_engine.testing import run_document


def test_a_defect_ends_the_run(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(*_arguments: object) -> JsonValue:
        raise KeyError("private data")

    monkeypatch.setattr(Run, "call", broken)
    run = run_document("do: [d: {do: [c: {call: http, with: {method: get, endpoint: 'http://peer.test/'}}]}]")
    assert run.error == {
        "type": "https://open-workflow-specification.org/spec/1.0.0/errors/runtime",
        "status": 500,
        "title": "Internal error of the engine",
        "detail": "KeyError",
    }
    assert [str(event.event_type) for event in run.events][-3:] == ["task_failed", "task_failed", "workflow_failed"]
    assert "KeyError in" in caplog.text
    assert "private" not in caplog.text
