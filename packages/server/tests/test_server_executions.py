"""Executions over gRPC, from a foreign client; no runner is registered, so they stay pending."""

import math
from typing import Any

import pytest

from packages.server.tests.grpcio_peer import (
    CONTEXT_QUERY,
    INSTANCE_COMMAND,
    INSTANCE_QUERY,
    WORKFLOW_COMMAND,
    WORKFLOW_QUERY,
    Peer,
)
from packages.server.tests.grpcio_peer import EXECUTION_COMMAND as COMMAND
from packages.server.tests.grpcio_peer import EXECUTION_QUERY as QUERY
from packages.server.tests.samples import OWNER, execution, workflow

PENDING, CANCELLED = 1, 5


def made(client: Peer, name: str) -> Any:
    return client.call(WORKFLOW_COMMAND, "apply", workflow(name))


def test_an_execution_without_instance_makes_the_default_one_once(client: Peer) -> None:
    orders = made(client, "defaulted")
    first = client.call(COMMAND, "create", execution(orders.metadata.id))
    second = client.call(COMMAND, "create", execution(orders.metadata.id))
    assert first.metadata.id.startswith("wex-")
    assert first.status.phase == PENDING
    assert first.metadata.id < second.metadata.id
    assert first.spec.workflow_instance_id == second.spec.workflow_instance_id
    instance = client.call(INSTANCE_QUERY, "get", {"value": first.spec.workflow_instance_id})
    assert instance.metadata.slug == "defaulted-default"
    assert instance.spec.workflow_id == orders.metadata.id
    stored = client.call(WORKFLOW_QUERY, "get", {"value": orders.metadata.id})
    assert stored.status.default_instance_id == instance.metadata.id
    # Applied again, the workflow keeps what the server computed.
    assert made(client, "defaulted").status.default_instance_id == instance.metadata.id


def test_instance_and_workflow_must_fit(client: Peer) -> None:
    orders, others = made(client, "fits"), made(client, "fits-not")
    instance = client.call(
        INSTANCE_COMMAND,
        "create",
        {"metadata": {"name": "eu", **OWNER}, "spec": {"workflowId": orders.metadata.id}},
    )
    run = client.call(COMMAND, "create", execution("", workflowInstanceId=instance.metadata.id))
    assert run.spec.workflow_id == orders.metadata.id
    both = execution(others.metadata.id, workflowInstanceId=instance.metadata.id)
    assert client.refusal(COMMAND, "create", both)[0] == "INVALID_ARGUMENT"
    assert client.refusal(COMMAND, "create", execution(""))[0] == "INVALID_ARGUMENT"
    assert client.refusal(COMMAND, "create", execution("wfl-none"))[0] == "NOT_FOUND"
    found = client.call(INSTANCE_QUERY, "getByWorkflow", {"workflowId": orders.metadata.id})
    assert [entry.metadata.id for entry in found.entries] == [instance.metadata.id]
    reference = {"org": "acme", "slug": "eu"}
    assert client.call(INSTANCE_QUERY, "getByReference", reference) == instance
    # In use while it runs; forced away all the same.
    gone = {"resourceId": instance.metadata.id}
    assert client.refusal(INSTANCE_COMMAND, "delete", gone)[0] == "FAILED_PRECONDITION"
    assert client.call(INSTANCE_COMMAND, "delete", {**gone, "force": True}) == instance
    assert client.refusal(WORKFLOW_COMMAND, "delete", {"value": orders.metadata.id})[0] == "FAILED_PRECONDITION"
    client.call(COMMAND, "cancel", {"id": run.metadata.id})
    client.call(WORKFLOW_COMMAND, "delete", {"value": orders.metadata.id})


def test_lists_are_paged_and_filtered(client: Peer) -> None:
    orders = made(client, "listed")
    ids = [
        client.call(COMMAND, "create", execution(orders.metadata.id, tags=["t-all", f"t-{number % 2}"])).metadata.id
        for number in range(7)
    ][::-1]
    client.call(COMMAND, "cancel", {"id": ids[0]})

    def pages(method: str, request: dict[str, Any]) -> list[str]:
        found: list[str] = []
        total = math.inf
        number = 0
        while number < total:
            page = client.call(QUERY, method, {**request, "pageSize": 3, "pageToken": str(number)})
            found += [entry.metadata.id for entry in page.entries]
            total, number = page.total_pages, number + 1
        return found

    assert pages("listByWorkflow", {"workflowId": orders.metadata.id}) == ids
    assert pages("list", {"tags": ["t-all"]}) == ids
    assert pages("list", {"tags": ["t-all", "t-0"]}) == ids[::2]
    assert pages("list", {"tags": ["t-all"], "phase": "EXECUTION_CANCELLED"}) == ids[:1]
    assert pages("list", {"tags": ["t-none"]}) == []
    assert len(client.call(QUERY, "list", {}).entries) <= 50
    for wrong in ({"pageToken": "x"}, {"pageSize": -1}, {"pageToken": "-1"}):
        assert client.refusal(QUERY, "list", wrong)[0] == "INVALID_ARGUMENT"


def test_update_changes_metadata_only(client: Peer) -> None:
    orders = made(client, "updated")
    run = client.call(
        COMMAND, "create", execution(orders.metadata.id, runtimeEnv={"K": {"value": "s", "isSecret": True}})
    )
    request = {"metadata": {"id": run.metadata.id, "name": "better", "tags": ["late"]}}
    changed = client.call(COMMAND, "update", request)
    assert (changed.metadata.name, list(changed.metadata.tags)) == ("better", ["late"])
    assert changed.spec == run.spec
    assert changed.status == run.status
    found = client.call(QUERY, "list", {"tags": ["late"]})
    assert [entry.metadata.id for entry in found.entries] == [run.metadata.id]
    other = {**request, "spec": {"workflowId": "wfl-other"}}
    assert client.refusal(COMMAND, "update", other)[0] == "INVALID_ARGUMENT"


def test_delete_removes_the_execution_and_its_context(client: Peer, runner: Peer) -> None:
    run = client.call(COMMAND, "create", execution(made(client, "removed").metadata.id))
    reference = {"slug": run.metadata.id}
    assert runner.call(CONTEXT_QUERY, "getByReference", reference).spec.execution_id == run.metadata.id
    assert client.call(COMMAND, "delete", {"value": run.metadata.id}).metadata == run.metadata
    for service, method, request in (
        (QUERY, "get", {"value": run.metadata.id}),
        (COMMAND, "delete", {"value": run.metadata.id}),
        (COMMAND, "cancel", {"id": run.metadata.id}),
        (COMMAND, "pause", {"id": run.metadata.id}),
    ):
        assert client.refusal(service, method, request)[0] == "NOT_FOUND"
    assert runner.refusal(CONTEXT_QUERY, "getByReference", reference)[0] == "NOT_FOUND"


@pytest.mark.parametrize("method", ["cancel", "terminate"])
def test_a_pending_execution_is_ended_by_the_server(client: Peer, method: str) -> None:
    run = client.call(COMMAND, "create", execution(made(client, "stopped").metadata.id))
    ended = client.call(COMMAND, method, {"id": run.metadata.id, "reason": "not needed"})
    assert ended.status.phase == CANCELLED
    assert ended.status.completed_at
    assert client.call(COMMAND, method, {"id": run.metadata.id}) == ended
    for other, field in (("pause", "id"), ("resume", "id"), ("sendSignal", "executionId")):
        request = {field: run.metadata.id, **({"signalName": "go"} if other == "sendSignal" else {})}
        assert client.refusal(COMMAND, other, request)[0] == "FAILED_PRECONDITION"
    assert [seen.status.phase for seen in client.stream(QUERY, "subscribe", {"executionId": run.metadata.id})] == [
        CANCELLED
    ]


def test_subscribing_to_nothing_is_not_found(client: Peer) -> None:
    with pytest.raises(Exception, match="there is no execution"):
        list(client.stream(QUERY, "subscribe", {"executionId": "wex-none"}))
