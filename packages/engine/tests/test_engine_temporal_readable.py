"""What people see of an execution in Temporal's UI: where it stands, what its calls and timers are, how it is found."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from stigmer_dsl.json_types import JsonValue
from stigmer_engine.events import Status
from stigmer_engine.faults import Fault
from stigmer_engine.interpreter.port import CallRequest
from stigmer_engine.runtimes.temporal import TemporalExecution, TemporalExecutions, ensure_search_attributes
from stigmer_engine.runtimes.temporal.summaries import call_summary, one_line
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client
from temporalio.service import RPCError

from packages.engine.tests.temporal_server import start_dev_server
from packages.engine.tests.temporal_stage import Stage, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

REGISTERED = {"Customer": "Keyword", "Amount": "Int"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[str]:
    async with start_dev_server(search_attributes=REGISTERED) as address:
        yield address


@pytest_asyncio.fixture(loop_scope="module")
async def stage(server: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(server, tmp_path) as opened:
        yield opened


async def details(stage: Stage, execution: TemporalExecution) -> str:
    handle = stage.client.get_workflow_handle(execution.workflow_id)
    shown: WorkflowMetadata = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return shown.current_details


async def found(client: Client, query: str) -> list[str]:
    """Workflow ids, once visibility has one."""
    for _ in range(200):
        ids = [listed.id async for listed in client.list_workflows(query)]
        if ids:
            return ids
        await asyncio.sleep(0.05)
    return []


async def summaries(stage: Stage, execution: TemporalExecution) -> list[str]:
    decoded: list[str] = []
    for run in await stage.histories(execution):
        for event in run:
            if event.user_metadata.HasField("summary") and event.event_id > 1:
                decoded += await stage.client.data_converter.decode([event.user_metadata.summary], [str])
    return decoded


async def test_details_say_where_it_stands(stage: Stage) -> None:
    text = """
do:
  - start: {set: {x: 1}}
  - both:
      fork:
        branches:
          - hear: {listen: {to: {one: {with: {type: go}}}}}
          - wait: {wait: {hours: 1}}
        compete: true
"""
    execution = await stage.executions.start(stage.load(text))
    expected = "- `/do/1/both`\n- `/do/1/both/fork/branches/1/wait`\n- `/do/1/both/fork/branches/0/hear`"
    while not (shown := await details(stage, execution)).endswith(expected):  # noqa: ASYNC110 - only asking tells
        await asyncio.sleep(0.05)
    assert shown.startswith("**running**, ")
    await execution.pause()
    while not (await details(stage, execution)).startswith("**paused**"):  # noqa: ASYNC110 - only asking tells
        await asyncio.sleep(0.05)
    await execution.resume()
    await execution.deliver({"specversion": "1.0", "id": "1", "source": "/tests", "type": "go"})
    assert (await execution.wait()).status is Status.COMPLETED
    assert (await details(stage, execution)).startswith("**completed**")


async def test_the_start_says_what_is_executed(stage: Stage) -> None:
    text = (
        "document: {dsl: '1.0.3', namespace: shop, name: order, version: '1.0.0', title: Orders, summary: Takes one.}\n"
    )
    execution = await stage.executions.start(stage.engine.load(text + "do: [{a: {set: {x: 1}}}]"))
    await execution.wait()
    described = await stage.client.get_workflow_handle(execution.workflow_id).describe()
    assert await described.static_summary() == "shop/order:1.0.0"
    assert await described.static_details() == "**Orders**\n\nTakes one."


async def test_a_title_of_any_length_can_be_started(stage: Stage) -> None:
    head = f"document: {{dsl: '1.0.3', namespace: shop, name: order, version: '1.0.0', summary: {'ü' * 30_000}}}\n"
    execution = await stage.executions.start(stage.engine.load(head + "do: [{a: {set: {x: 1}}}]"))
    assert (await execution.wait()).status is Status.COMPLETED


async def test_timers_and_calls_have_summaries(stage: Stage) -> None:
    name = "ü" * 300
    text = f"""
do:
  - nap: {{wait: {{seconds: 1}}}}
  - {name}: {{emit: {{event: {{with: {{type: told, source: /tests}}}}}}}}
  - again:
      try:
        - ask: {{call: http, with: {{method: post, endpoint: 'http://user:pass@localhost:9/path?token=query'}}}}
      catch:
        retry: {{delay: {{milliseconds: 10}}, limit: {{attempt: {{count: 2}}}}}}
"""
    execution = await stage.executions.start(stage.load(text))
    await execution.wait()
    told = await summaries(stage, execution)
    assert told[0] == "wait: nap"
    assert told[1].startswith("emit told: üü")
    assert told[2] == "POST localhost: ask"
    assert told[3] == "retry: again, attempt 2"
    assert "pass" not in str(told)
    assert "query" not in str(told)


def _request(kind: str, **arguments: JsonValue) -> CallRequest:
    return CallRequest(kind=kind, id="1", reference="/do/0/a~1b", arguments=arguments)


async def test_summaries_hold_no_secret_and_fit() -> None:
    host = "http://[secret:n0nce:KEY].example.com/x"
    assert "n0nce" not in call_summary(_request("http", uri=host), "n0nce")
    assert (
        call_summary(_request("grpc", service={"name": "shop.Orders"}, method="Add"), "n")
        == "grpc shop.Orders/Add: a/b"
    )
    assert call_summary(_request("resource", uri="https://example.com/a?b"), "n") == "read from example.com: a/b"
    assert call_summary(_request("activity", name="Ship"), "n") == "activity Ship: a/b"
    assert call_summary(_request("shell"), "n") == "shell: a/b"
    assert one_line("a\n b") == "a b"
    assert len(one_line("\U0001f600" * 1000).encode()) <= 200


async def test_documents_and_tasks_can_be_found_by_search_attributes(stage: Stage) -> None:
    text = """
document:
  dsl: '1.0.3'
  namespace: shop
  name: searched
  version: '1.0.0'
  metadata: {searchAttributes: {Customer: Ann}}
do:
  - count: {set: {n: 1}, metadata: {searchAttributes: {Amount: {type: int, value: '${ .amount }'}}}}
  - hear: {listen: {to: {one: {with: {type: searched.go}}}}}
"""
    execution = await stage.executions.start(stage.engine.load(text), input={"amount": 7})
    assert await found(stage.client, "Customer = 'Ann' AND Amount = 7") == [execution.workflow_id]
    assert await found(stage.client, "StigmerWorkflow = 'shop/searched'") == [execution.workflow_id]
    assert await found(stage.client, "StigmerListens = 'searched.go'") == [execution.workflow_id]
    await execution.terminate()


async def test_an_attribute_that_the_namespace_lacks_is_a_fault_of_the_task(stage: Stage) -> None:
    text = """
do:
  - guarded:
      try: [{set: {set: {n: 1}, metadata: {searchAttributes: {Unheard: x}}}}]
      catch: {do: [{caught: {set: {title: '${ $error.title }'}}}]}
"""
    result = await (await stage.executions.start(stage.load(text))).wait()
    assert result.output == {"title": "The namespace has no search attribute `Unheard`"}


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("Unheard", "x", "has no search attribute"),
        ("Amount", "x", "is of type `int`"),
        ("Customer", "x" * 3000, "too long"),
    ],
)
async def test_a_document_whose_attributes_cannot_be_set_is_refused_at_its_start(
    stage: Stage, name: str, value: str, why: str
) -> None:
    head = "document: {dsl: '1.0.3', namespace: shop, name: order, version: '1.0.0', metadata: METADATA}\n"
    metadata = f"{{searchAttributes: {{{name}: {value}}}}}"
    document = stage.engine.load(head.replace("METADATA", metadata) + "do: [{a: {set: {x: 1}}}]")
    with pytest.raises(Fault, match=why):
        await stage.executions.start(document)


async def test_a_value_that_is_too_long_is_a_fault_and_no_end_of_the_execution(stage: Stage) -> None:
    text = "do:\n- a: {set: {x: 1}, metadata: {searchAttributes: {Customer: {type: keyword, value: '${ .long }'}}}}\n"
    result = await (await stage.executions.start(stage.load(text), input={"long": "x" * 3000})).wait()
    assert result.status is Status.FAILED
    assert result.error is not None
    assert "too long" in result.error.title


async def test_own_attributes_are_added_once(server: str) -> None:
    client = await Client.connect(server)
    assert await ensure_search_attributes(client)
    assert await ensure_search_attributes(client)


async def test_without_permission_executions_go_without(server: str, caplog: pytest.LogCaptureFixture) -> None:
    client = await Client.connect(server, namespace="nobody-may")
    assert not await ensure_search_attributes(client)
    assert "could not be added" in caplog.text
    with contextlib.suppress(RPCError):
        await TemporalExecutions(client)._attributes.known()
