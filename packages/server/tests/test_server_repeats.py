"""A creation that is repeated, because its answer was lost, makes no second execution."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from stigmer_server.testing import CLIENT_KEY, ServerProcess

from packages.server.tests.grpcio_peer import EXECUTION_COMMAND, EXECUTION_QUERY, WORKFLOW_COMMAND, Peer
from packages.server.tests.http_server import http_server
from packages.server.tests.samples import execution, workflow

KEY = "stigmer.ai/idempotency-key"


def keyed(workflow_id: str, key: str, **spec: Any) -> dict[str, Any]:
    request = execution(workflow_id, **spec)
    request["metadata"]["annotations"] = {KEY: key}
    return request


def registered(client: Peer, name: str) -> str:
    workflow_id: str = client.call(WORKFLOW_COMMAND, "apply", workflow(name)).metadata.id
    return workflow_id


def runs_of(client: Peer, workflow_id: str) -> list[str]:
    found = client.call(EXECUTION_QUERY, "listByWorkflow", {"workflowId": workflow_id})
    return [entry.metadata.id for entry in found.entries]


def test_a_repeat_gets_the_execution_that_is_there(client: Peer, admin: Peer) -> None:
    workflow_id = registered(client, "repeated")
    request = keyed(workflow_id, "order-17", runtimeEnv={"K": {"value": "hidden", "isSecret": True}})
    first = client.call(EXECUTION_COMMAND, "create", request)
    assert client.call(EXECUTION_COMMAND, "create", request) == first
    cancelled = client.call(EXECUTION_COMMAND, "cancel", {"id": first.metadata.id})
    assert client.call(EXECUTION_COMMAND, "create", request) == cancelled
    # Another key of the API is another client, which may count in its own way.
    assert admin.call(EXECUTION_COMMAND, "create", request).metadata.id != first.metadata.id
    other = client.call(EXECUTION_COMMAND, "create", keyed(workflow_id, "order-18"))
    assert len({first.metadata.id, other.metadata.id, *runs_of(client, workflow_id)}) == 3
    client.call(EXECUTION_COMMAND, "delete", {"value": first.metadata.id})
    assert client.call(EXECUTION_COMMAND, "create", request).metadata.id != first.metadata.id


def test_a_repeat_is_answered_whatever_became_of_the_workflow(client: Peer) -> None:
    workflow_id = registered(client, "repeated-later")
    request = keyed(workflow_id, "order-19")
    first = client.call(EXECUTION_COMMAND, "create", request)
    client.call(EXECUTION_COMMAND, "cancel", {"id": first.metadata.id})
    client.call(WORKFLOW_COMMAND, "delete", {"value": workflow_id})
    assert client.call(EXECUTION_COMMAND, "create", request).metadata.id == first.metadata.id


def test_a_key_stands_for_one_request(client: Peer) -> None:
    workflow_id = registered(client, "mistaken")
    client.call(EXECUTION_COMMAND, "create", keyed(workflow_id, "order-20"))
    status, message = client.refusal(
        EXECUTION_COMMAND, "create", keyed(workflow_id, "order-20", triggerMessage="another")
    )
    assert (status, "'order-20'" in message) == ("ALREADY_EXISTS", True)
    for wrong in ("", "x" * 256, "two\nlines"):
        assert client.refusal(EXECUTION_COMMAND, "create", keyed(workflow_id, wrong))[0] == "INVALID_ARGUMENT"
    assert len(runs_of(client, workflow_id)) == 1


def test_repeats_that_cross_make_one_execution(client: Peer) -> None:
    workflow_id = registered(client, "crossing")
    request = keyed(workflow_id, "order-21")
    calls = [client.later(EXECUTION_COMMAND, "create", request) for _ in range(16)]
    assert len({call.result().metadata.id for call in calls}) == 1
    assert len(runs_of(client, workflow_id)) == 1


def test_a_repeat_after_a_restart_is_one_too(data_dir: Path) -> None:
    headers = {"authorization": f"Bearer {CLIENT_KEY}", "idempotency-key": '"order-22"'}
    ids = []
    body: dict[str, Any] = {"metadata": {"org": "acme"}}
    for _ in range(2):
        with (
            ServerProcess(data_dir) as server,
            httpx.Client(base_url=server.http_url, headers=headers, trust_env=False) as client,
        ):
            if "spec" not in body:
                made = client.post("/api/v1/workflows", json=workflow("restarted"))
                body["spec"] = {"workflowId": made.json()["metadata"]["id"]}
            ids.append(client.post("/api/v1/executions", json=body).json()["execution_id"])
            server.kill()
    assert ids[0] == ids[1]


async def test_the_header_of_http_is_the_annotation(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        body = {"spec": {"workflowId": await server.register()}, "input": {"item": "cup", "amount": 1}}
        path, header = "/api/v1/executions", {"idempotency-key": "order-23"}
        answers = await asyncio.gather(*(server.client.post(path, json=body, headers=header) for _ in range(4)))
        first = answers[0].json()["execution_id"]
        assert {(answer.status_code, answer.json()["execution_id"]) for answer in answers} == {(201, first)}
        annotated = {**body, "metadata": {"annotations": {KEY: "order-23"}}}
        assert (await server.client.post(path, json=annotated)).json()["execution_id"] == first
        both = await server.client.post(path, json=annotated, headers={"idempotency-key": "order-24"})
        assert (both.status_code, both.json()["field"]) == (400, "idempotency-key")
        changed = {**body, "input": {"item": "cup", "amount": 2}}
        refused = await server.client.post(path, json=changed, headers=header)
        assert (refused.status_code, refused.json()["reason"]) == (409, "ALREADY_EXISTS")
        # A run like another one is a new run, unless it is itself asked for again.
        again = {"idempotency-key": "again-1"}
        reruns = [(await server.client.post(f"{path}/{first}/rerun", headers=again)).json() for _ in range(2)]
        assert reruns[0]["execution_id"] == reruns[1]["execution_id"] != first
        assert (await server.client.post(f"{path}/{first}/rerun")).json()["execution_id"] != first
        assert (await server.client.get(path)).json()["total"] == 3


@pytest.mark.parametrize("key", ["", '""', "x" * 300])
async def test_a_header_that_holds_no_key_is_refused(tmp_path: Path, key: str) -> None:
    async with http_server(tmp_path) as server:
        body = {"spec": {"workflowId": await server.register()}, "input": {"item": "cup", "amount": 1}}
        answer = await server.client.post("/api/v1/executions", json=body, headers={"idempotency-key": key})
        assert answer.status_code == 400
