"""The HTTP API: resources, control, refusals, and who may do what."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ErrorDetails
from stigmer_server.access import Caller, Role
from stigmer_server.resources import Workflows
from stigmer_server.testing import ADMIN_KEY, RUNNER_KEY

from packages.server.tests.http_server import ORDER, http_server

YAML = {"content-type": "application/yaml"}


async def test_a_workflow_is_registered_read_changed_and_removed(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        answer = await server.client.post("/api/v1/workflows", content=ORDER, headers=YAML)
        assert answer.status_code == 201
        workflow = answer.json()
        path = f"/api/v1/workflows/{workflow['metadata']['id']}"
        assert answer.headers["location"] == path
        assert workflow["metadata"]["name"] == "order"
        assert workflow["input_schema"]["required"] == ["item", "amount"]
        assert [task["name"] for task in workflow["spec"]["tasks"]] == ["price", "check", "wrap", "ship", "done"]
        assert (await server.client.get(path)).json() == workflow

        listed = (await server.client.get("/api/v1/workflows", params={"text": "ORD"})).json()
        assert (listed["total"], listed["total_pages"]) == (1, 1)
        assert listed["entries"][0]["task_count"] == 5
        assert "tasks" not in listed["entries"][0]["spec"]
        assert (await server.client.get("/api/v1/workflows", params={"text": "o%r"})).json()["total"] == 0

        document = await server.client.get(f"{path}/document")
        assert document.headers["content-type"].startswith("application/yaml")
        again = await server.client.put(path, content=document.content, headers=YAML)
        assert again.status_code == 200, again.text
        assert again.json()["metadata"]["version"] == workflow["metadata"]["version"]

        changed = await server.client.put(path, content=ORDER.replace("wrapped", "packed"), headers=YAML)
        assert changed.json()["metadata"]["version"]["previousVersionId"] == workflow["metadata"]["version"]["id"]
        assert (await server.client.delete(path)).status_code == 204
        assert (await server.client.get(path)).status_code == 404


async def test_a_resource_in_protobufs_json_is_registered_too(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        body = {
            "metadata": {"name": "small", "ownerScope": "platform", "tags": ["a"]},
            "spec": {
                "document": {"dsl": "1.0.0", "namespace": "shop", "name": "small", "version": "1.0.0"},
                "tasks": [
                    {"name": "one", "kind": "WORKFLOW_TASK_KIND_SET", "task_config": {"variables": {"a": "${ 1 }"}}}
                ],
            },
        }
        answer = await server.client.post("/api/v1/workflows", json=body)
        assert answer.status_code == 201, answer.text
        assert answer.json()["input_schema"] is None
        body["spec"]["nonsense"] = 1  # type: ignore[index]
        refused = await server.client.post("/api/v1/workflows", json=body)
        assert (refused.status_code, refused.json()["field"]) == (400, "spec")
        assert "nonsense" in refused.json()["detail"]


async def test_all_problems_of_a_document_come_with_their_lines(tmp_path: Path) -> None:
    broken = ORDER.replace("then: wrap", "then: nowhere").replace("    set: {done: 'yes'}", "    sett: {done: 'yes'}")
    async with http_server(tmp_path) as server:
        answer = await server.client.post("/api/v1/workflows", content=broken, headers=YAML)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["reason"] == "INVALID_SPEC"
        lines = [broken.split("\n")[found["line"] - 1] for found in problem["problems"]]
        assert any("nowhere" in line for line in lines)
        assert any("sett" in line or "done" in line for line in lines)

        checked = await server.client.post("/api/v1/validation", content=broken, headers=YAML)
        assert checked.status_code == 200
        assert checked.json() == {"valid": False, "problems": problem["problems"]}
        fine = await server.client.post("/api/v1/validation", content=ORDER, headers=YAML)
        assert fine.json()["valid"] is True
        assert (await server.client.get("/api/v1/workflows")).json()["total"] == 0


async def test_what_a_specification_cannot_hold_is_refused_at_its_line(tmp_path: Path) -> None:
    text = ORDER.replace("- price:\n", "- price:\n    timeout: {after: {seconds: 5}}\n")
    async with http_server(tmp_path) as server:
        answer = await server.client.post("/api/v1/workflows", content=text, headers=YAML)
        assert answer.status_code == 422
        found = answer.json()["problems"][0]
        assert found["pointer"].startswith("/do/0/price")
        assert "timeout" in text.split("\n")[found["line"] - 1]


async def test_the_status_url_follows_a_run(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        execution = await server.start(await server.register(), metadata={"tags": ["urgent"]})
        path = f"/api/v1/executions/{execution}"
        waiting = (await server.client.get(path)).json()
        assert (waiting["status"], waiting["progress"], waiting["tags"]) == ("pending", 0, ["urgent"])
        assert waiting["input"] == {"item": "cup", "amount": 2}
        assert waiting["created_at"].endswith("Z")
        assert waiting["started_at"] is None

        await server.report(execution, "workflow_started", message="off we go")
        await server.run_task(execution, "/do/0/price", {"total": 14})
        await server.report(execution, "task_started", "/do/1/check")
        running = (await server.client.get(path)).json()
        assert (running["status"], running["phase"], running["progress"]) == ("running", "EXECUTION_IN_PROGRESS", 20)
        assert running["sequence_number"] == 4
        assert running["updated_at"] >= running["started_at"]
        assert [(task["task_reference"], task["status"]) for task in running["tasks"]] == [
            ("/do/0/price", "completed"),
            ("/do/1/check", "running"),
        ]
        assert running["tasks"][0]["output"] == {"total": 14}

        error = ErrorDetails(code="RUNTIME", message="no", type="https://e/no", status=500, instance="/do/1/check")
        await server.report(execution, "task_failed", "/do/1/check", error=error)
        await server.report(execution, "workflow_failed", error=error, message="no")
        failed = (await server.client.get(path)).json()
        assert (failed["status"], failed["message"], failed["completed_at"] is None) == ("failed", "no", False)
        assert failed["error"]["instance"] == "/do/1/check"
        assert failed["progress"] < 100

        resource = (await server.client.get(f"{path}/resource")).json()
        assert resource["status"]["phase"] == "EXECUTION_FAILED"
        assert resource["status"]["tasks"][0]["output"] == {"total": 14}


async def test_executions_are_listed_by_phase_tag_workflow_and_text(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        order = await server.register()
        other = await server.register(ORDER.replace("name: order", "name: second"))
        first = await server.start(order, metadata={"tags": ["red", "urgent"]})
        second = await server.start(order, metadata={"tags": ["red"]})
        third = await server.start(other)
        await server.report(first, "workflow_started")

        async def ids(**query: Any) -> list[str]:
            answer = await server.client.get("/api/v1/executions", params=query)
            assert answer.status_code == 200, answer.text
            return [entry["execution_id"] for entry in answer.json()["entries"]]

        assert await ids() == [third, second, first]
        assert await ids(phase="running") == [first]
        assert await ids(tag=["red", "urgent"]) == [first]
        assert await ids(workflow=order) == [second, first]
        assert await ids(text="SECO") == [third]
        assert await ids(text="urg") == [first]
        assert await ids(text=second) == [second]
        assert await ids(size=2, page=1) == [first]
        whole = (await server.client.get("/api/v1/executions", params={"size": 2})).json()
        assert (whole["total"], whole["total_pages"], whole["entries"][0]["workflow_name"]) == (3, 2, "second")
        assert "tasks" not in whole["entries"][0]


@pytest.mark.parametrize(
    "query", ["phase=odd", "page=-1", "page=x", "size=0", "size=101", "size=99999999999999999999", "text=" + "x" * 201]
)
async def test_a_query_that_is_none_is_refused(tmp_path: Path, query: str) -> None:
    async with http_server(tmp_path) as server:
        answer = await server.client.get(f"/api/v1/executions?{query}")
        assert (answer.status_code, answer.json()["field"]) == (400, query.split("=")[0])


async def test_an_input_that_does_not_fit_starts_nothing(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        workflow = await server.register()
        body = {"spec": {"workflowId": workflow}, "input": {"amount": 0, "address": {"zip": "x"}}}
        answer = await server.client.post("/api/v1/executions", json=body)
        assert answer.status_code == 400
        found = {problem["pointer"] for problem in answer.json()["problems"]}
        assert found == {"", "/amount", "/address", "/address/zip"}
        first = (await server.client.get(f"/api/v1/executions/{await server.start(workflow)}/resource")).json()
        body = {"spec": {"workflowInstanceId": first["spec"]["workflowInstanceId"]}, "input": {"amount": 0}}
        assert (await server.client.post("/api/v1/executions", json=body)).json()["field"] == "input"
        assert (await server.client.get("/api/v1/executions")).json()["total"] == 1


async def test_runs_are_cancelled_terminated_and_run_again(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        workflow = await server.register()
        execution = await server.start(
            workflow,
            metadata={"tags": ["a"]},
            spec={"workflowId": workflow, "runtimeEnv": {"TOKEN": {"value": "hidden", "isSecret": True}}},
        )
        path = f"/api/v1/executions/{execution}"
        answer = await server.client.post(f"{path}/cancel", json={"reason": "not wanted"})
        assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
        assert answer.json()["message"] == "not wanted"
        assert (await server.client.post(f"{path}/cancel")).status_code == 202
        refused = await server.client.post(f"{path}/pause")
        assert (refused.status_code, refused.json()["reason"]) == (409, "WRONG_STATE")

        again = await server.client.post(f"{path}/rerun")
        assert again.status_code == 201
        assert again.headers["location"] == f"/api/v1/executions/{again.json()['execution_id']}"
        assert again.json()["execution_id"] != execution
        assert (again.json()["input"], again.json()["tags"]) == ({"item": "cup", "amount": 2}, ["a"])
        assert "hidden" not in again.text
        copied = await server.application.executions.get(again.json()["execution_id"], _runner())
        assert copied.spec is not None
        assert copied.spec.runtime_env["TOKEN"].value == "hidden"

        ended = await server.client.post(f"/api/v1/executions/{again.json()['execution_id']}/terminate")
        assert ended.json()["status"] == "cancelled"
        assert (await server.client.delete(path)).status_code == 204
        assert (await server.client.get(path)).status_code == 404


@pytest.mark.parametrize("slash", ["/", "%2F"])
async def test_a_sub_workflow_has_its_own_status(tmp_path: Path, slash: str) -> None:
    async with http_server(tmp_path) as server:
        parent = await server.start(await server.register())
        await server.report(parent, "workflow_started")
        await server.report(f"{parent}/1", "workflow_started")
        await server.run_task(f"{parent}/1", "/do/0/inner", {"a": 1})
        path = f"/api/v1/executions/{parent}{slash}1"
        status = (await server.client.get(path)).json()
        assert (status["execution_id"], status["parent_execution_id"]) == (f"{parent}/1", parent)
        assert (status["status"], status["workflow_id"]) == ("running", "")
        await server.report(f"{parent}/1", "workflow_completed", payload={"output": {}})
        events = await server.client.get(f"{path}/events")
        assert events.text.count("event: task_") == 2
        assert (await server.client.get(f"{path}/resource")).json()["metadata"]["id"] == f"{parent}/1"
        assert (await server.client.post(f"{path}/pause")).status_code == 409
        assert (await server.client.get(f"/api/v1/executions/{parent}{slash}2")).status_code == 404


async def test_a_signal_needs_a_name_and_a_run(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        execution = await server.start(await server.register())
        path = f"/api/v1/executions/{execution}/signal"
        for body, status in (({}, 400), ({"name": "go", "payload": 3}, 400), ({"name": "go", "more": 1}, 400)):
            assert (await server.client.post(path, json=body)).status_code == status
        assert (await server.client.post(path, json={"name": "go", "payload": {"a": 1}})).status_code == 409
        assert (await server.client.post("/api/v1/executions/wex-no/signal", json={"name": "go"})).status_code == 404


async def test_graphs_and_lines_carry_the_pointers_of_events(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        path = f"/api/v1/workflows/{await server.register()}"
        picture = await server.client.get(f"{path}/graph")
        assert picture.headers["content-type"] == "image/svg+xml"
        assert 'data-pointer="/do/3/ship/do/0/send" data-reference="/do/3/ship/for/do/0/send"' in picture.text
        data = (await server.client.get(f"{path}/graph", params={"format": "json"})).json()
        assert {"/do/0/price", "/do/3/ship/for/do/0/send"} <= {node["reference"] for node in data["nodes"]}
        written = (await server.client.get(f"{path}/document", params={"format": "json"})).json()
        lines = written["yaml"].split("\n")
        assert "send:" in lines[written["lines"]["/do/3/ship/do/0/send"] - 1]
        assert "schema" in written["yaml"]
        assert (await server.client.get(f"{path}/graph", params={"format": "png"})).status_code == 400


async def test_every_route_of_the_api_needs_a_key(tmp_path: Path) -> None:
    async with http_server(tmp_path, stigmer_server_failed_logins_per_second=10_000) as server:
        described = (await server.client.get("/api/v1/openapi.json")).json()
        async with httpx.AsyncClient(base_url=server.base_url, trust_env=False) as stranger:
            for path, methods in described["paths"].items():
                for method, operation in methods.items():
                    if method == "parameters":
                        continue
                    for headers in ({}, {"authorization": "Bearer nonsense"}, {"authorization": "Basic eDp5"}):
                        answer = await stranger.request(method, path.replace("{id}", "x"), headers=headers)
                        open_to_all = operation.get("security") == []
                        assert answer.status_code == (200 if open_to_all else 401), (method, path, answer.text)
                        if not open_to_all:
                            assert answer.headers["www-authenticate"] == "Bearer"


async def test_runners_read_and_do_not_write(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        workflow = await server.register()
        headers = {"authorization": f"Bearer {RUNNER_KEY}"}
        async with httpx.AsyncClient(base_url=server.base_url, headers=headers, trust_env=False) as runner:
            assert (await runner.get("/api/v1/me")).json() == {"name": "setting-runner", "role": "runner"}
            assert (await runner.get(f"/api/v1/workflows/{workflow}")).status_code == 200
            for method, path in (
                ("POST", "/api/v1/executions"),
                ("POST", "/api/v1/workflows"),
                ("DELETE", f"/api/v1/workflows/{workflow}"),
                ("POST", "/api/v1/executions/x/cancel"),
                ("POST", "/api/v1/executions/x/rerun"),
            ):
                answer = await runner.request(method, path, json={} if method == "POST" else None)
                assert (answer.status_code, answer.json()["reason"]) == (403, "NOT_ALLOWED")
        admin = await server.client.get("/api/v1/me", headers={"authorization": f"Bearer {ADMIN_KEY}"})
        assert admin.json()["role"] == "admin"


async def test_size_and_rate_are_limited(tmp_path: Path) -> None:
    async with http_server(
        tmp_path, stigmer_server_max_message_bytes=2048, stigmer_server_requests_per_second=20
    ) as server:
        for content in (b"x" * 2049, _pieces()):
            answer = await server.client.post("/api/v1/workflows", content=content, headers=YAML)
            assert (answer.status_code, answer.json()["reason"]) == (413, "MESSAGE_TOO_LARGE")
        answers = [await server.client.get("/api/v1/me") for _ in range(60)]
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.headers["retry-after"] == "1"


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"a": NaN}', b"[" * 5000, b'"text"', b"\xff"])
async def test_a_body_that_is_no_object_is_refused(tmp_path: Path, body: bytes) -> None:
    async with http_server(tmp_path) as server:
        headers = {"content-type": "application/json"}
        answer = await server.client.post("/api/v1/executions", content=body, headers=headers)
        assert answer.status_code == 400
        assert json.loads(answer.text)["reason"] == "INVALID_REQUEST"


async def test_browsers_are_told_what_not_to_do(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        for path in ("/", "/page/js/main.js", "/api/v1/me", "/api/v1/nothing", "/healthz"):
            headers = (await server.client.get(path)).headers
            assert "script-src 'self'" in headers["content-security-policy"]
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "unsafe-inline" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert "server" not in headers


async def test_a_failure_tells_nothing_of_the_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(Workflows, "get", fail)
    async with http_server(tmp_path) as server:
        answer = await server.client.get("/api/v1/workflows/wfl-x")
        assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
        assert "hunter2" not in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_other_origins_are_closed_out_unless_listed(tmp_path: Path) -> None:
    ask = {"origin": "https://ops.example.com", "access-control-request-method": "GET"}
    async with http_server(tmp_path / "closed") as server:
        answer = await server.client.options("/api/v1/executions", headers=ask)
        assert "access-control-allow-origin" not in answer.headers
        assert "access-control-allow-origin" not in (await server.client.get("/api/v1/me", headers=ask)).headers
    async with http_server(tmp_path / "open", stigmer_server_cors_origins="https://ops.example.com") as server:
        answer = await server.client.options("/api/v1/executions", headers=ask)
        assert answer.headers["access-control-allow-origin"] == "https://ops.example.com"
        other = await server.client.options("/api/v1/executions", headers={**ask, "origin": "https://evil.example.com"})
        assert "access-control-allow-origin" not in other.headers


async def test_files_of_the_page_are_asked_for_once(tmp_path: Path) -> None:
    async with http_server(tmp_path) as server:
        first = await server.client.get("/page/js/main.js")
        assert first.headers["content-type"].startswith("text/javascript")
        again = await server.client.get("/page/js/main.js", headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert (await server.client.get("/page/../http_port/app.py")).status_code == 404
        assert (await server.client.get("/page/%2e%2e/__init__.py")).status_code == 404
        assert "svg.flow" in (await server.client.get("/page/flow.css")).text


async def _pieces() -> Any:
    for _ in range(100):
        yield b"x" * 100


def _runner() -> Caller:
    return Caller(name="runner", role=Role.RUNNER)
