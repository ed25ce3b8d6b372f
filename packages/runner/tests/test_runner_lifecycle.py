"""Every construct that needs no peer, in one document, over gRPC: the events of its life, and its output."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from google.protobuf.json_format import MessageToDict
from stigmer_runner.testing import RunnerProcess

CHILD = """\
document: {dsl: 1.0.3, namespace: test, name: double, version: 1.0.0}
do:
  - result: {set: '${ .n * 2 }'}
"""
EVERYTHING = """\
document: {dsl: 1.0.3, namespace: test, name: everything, version: 1.0.0}
use:
  secrets: [TOKEN]
  errors:
    odd: {type: https://example.com/errors/odd, status: 422}
  retries:
    once: {delay: PT0.01S, limit: {attempt: {count: 1}}}
  functions:
    add: {set: '${ .a + .b }'}
  extensions:
    - note: {extend: wait, before: [{noted: {set: {noted: true}}}]}
do:
  - sum: {call: add, with: {a: 1, b: 2}, export: {as: {sum: '${ . }'}}}
  - skipped: {if: 'false', set: {never: true}}
  - choose: {switch: [{three: {when: '$context.sum == 3', then: loop}}, {other: {then: end}}]}
  - unreached: {raise: {error: odd}}
  - loop: {for: {in: '[1, 2]'}, do: [{step: {set: {last: '${ $item }'}}}]}
  - both: {fork: {branches: [{left: {set: {l: 1}}}, {right: {set: {r: 2}}}]}}
  - caught: {try: [{fail: {raise: {error: odd}}}], catch: {retry: once, do: [{after: {set: {status: '${ $error.status }'}}}]}}
  - hold: {wait: {milliseconds: 1}}
  - send: {emit: {event: {with: {type: done, data: {sealed: no}}}}}
  - got: {listen: {to: {one: {with: {type: done}}}}}
  - child: {run: {workflow: {namespace: test, name: double, version: latest, input: {n: '${ $context.sum }'}}}}
  - end: {do: [{result: {set: {twice: '${ . }', secret: '${ $secrets.TOKEN }'}}}]}
"""  # noqa: E501 - one line a construct


def test_every_construct_streams_its_life(
    start_runner: Callable[..., RunnerProcess],
    connect: Callable[[RunnerProcess], Any],
    contract: SimpleNamespace,
    tmp_path: Path,
) -> None:
    (tmp_path / "double.yaml").write_text(CHILD)
    runner = start_runner(DOCUMENTS_DIR=str(tmp_path))
    runner.wait_for("document registered")
    request = contract.io.WorkflowExecuteInput(workflow_yaml=EVERYTHING, env_vars={"TOKEN": "s3cr3t-value"})
    events = list(connect(runner).Execute(request))
    last = events[-1]
    assert last.event_type == "workflow_completed", last.error.message
    output = MessageToDict(last.payload)["output"]
    assert output["twice"] == 6
    assert b"s3cr3t-value" not in b"".join(event.SerializeToString() for event in events)
    assert [event.sequence_number for event in events] == list(range(1, len(events) + 1))

    followed = ("task_started", "task_completed", "task_failed", "task_skipped", "task_retry")
    kinds: dict[str, Counter[str]] = {kind: Counter() for kind in followed}
    for event in events:
        if event.event_type in kinds:
            kinds[event.event_type][event.task_name] += 1
    assert kinds["task_skipped"] == {"skipped": 1}
    assert kinds["task_failed"] == {"fail": 2}
    assert sum(kinds["task_retry"].values()) == 1
    started, ended = kinds["task_started"], kinds["task_completed"] + kinds["task_failed"]
    assert started == ended
    assert started["step"] == 2
    assert "unreached" not in started
    for name in ("sum", "choose", "left", "right", "after", "noted", "send", "got", "child", "result"):
        assert started[name] == 1, name

    found = httpx.get(f"{runner.http_url}/api/v1/executions/{last.workflow_execution_id}").json()
    assert (found["status"], found["progress"], found["sequence_number"]) == ("completed", 100, len(events))
    assert found["output"] == output
