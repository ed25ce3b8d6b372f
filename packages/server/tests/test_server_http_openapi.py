"""The description of the HTTP API: valid, complete, and true of every answer."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import Route
from stigmer_dsl.json_types import JsonObject
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ErrorDetails
from stigmer_server.http_port.openapi import openapi_document

from packages.server.tests.http_server import ORDER, HttpServer, http_server

NO_BODY = (204, 304)


def check(answer: httpx.Response, template: str) -> None:
    """Compare an answer with what the description says of it."""
    document = openapi_document()
    operation = document["paths"][template][answer.request.method.lower()]
    responses = operation["responses"]
    described = responses.get(str(answer.status_code), responses.get("default"))
    assert described is not None, f"{answer.status_code} of {template} is not described"
    described = _resolved(document, described)
    for name in described.get("headers", {}):
        assert name in answer.headers
    if answer.status_code in NO_BODY:
        assert not answer.content
        return
    kind = answer.headers["content-type"].split(";")[0]
    assert kind in described["content"], f"{kind} of {template} is not described"
    schema = described["content"][kind]["schema"]
    value = answer.json() if kind.endswith("json") else answer.text
    jsonschema_rs.validator_for({**schema, "components": document["components"]}).validate(value)


def _resolved(document: JsonObject, value: JsonObject) -> JsonObject:
    if "$ref" not in value:
        return value
    found: Any = document
    for token in value["$ref"].split("/")[1:]:
        found = found[token]
    assert isinstance(found, dict)
    return found


def test_the_description_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(json.loads(json.dumps(openapi_document()))).validate()


async def test_every_route_is_described_and_every_description_has_a_route(tmp_path: Path) -> None:
    async with _checked(tmp_path) as (server, _):
        described = {
            (method.upper(), path)
            for path, operations in openapi_document()["paths"].items()
            for method in operations
            if method != "parameters"
        }
        from_routes = {
            (method, route.path.replace(":path", ""))
            for route in server.routes
            if isinstance(route, Route) and not route.path.startswith("/page") and route.path != "/"
            for method in (route.methods or set()) - {"HEAD"}
        }
        assert from_routes == described


async def test_every_answer_is_as_described(tmp_path: Path) -> None:
    async with _checked(tmp_path) as (server, ask):
        yaml = {"content-type": "application/yaml"}
        created = await ask("POST", "/api/v1/workflows", content=ORDER, headers=yaml)
        workflow = created.json()["metadata"]["id"]
        await ask("POST", "/api/v1/workflows", content=ORDER, headers=yaml)
        await ask("POST", "/api/v1/workflows", content="do: []", headers=yaml)
        await ask("GET", "/api/v1/workflows")
        await ask("GET", "/api/v1/workflows/{id}", workflow)
        await ask("GET", "/api/v1/workflows/{id}", "wfl-no")
        await ask("PUT", "/api/v1/workflows/{id}", workflow, content=ORDER, headers=yaml)
        for wanted in ("yaml", "json"):
            await ask("GET", "/api/v1/workflows/{id}/document", workflow, params={"format": wanted})
        for wanted in ("svg", "json"):
            await ask("GET", "/api/v1/workflows/{id}/graph", workflow, params={"format": wanted})
        for text in (ORDER, "do: []"):
            await ask("POST", "/api/v1/validation", content=text, headers=yaml)
        body = {"spec": {"workflowId": workflow}, "input": {"item": "cup", "amount": 1}, "metadata": {"tags": ["a"]}}
        execution = (await ask("POST", "/api/v1/executions", json=body)).json()["execution_id"]
        await ask("POST", "/api/v1/executions", json={"spec": {"workflowId": workflow}, "input": {}})
        await ask("GET", "/api/v1/executions/{id}", execution)
        await server.report(execution, "workflow_started")
        await server.run_task(execution, "/do/0/price", {"total": 7}, [1, 2])
        await server.report(execution, "task_retry", "/do/1/check", error=ErrorDetails(message="once more"))
        await ask("GET", "/api/v1/executions")
        await ask("GET", "/api/v1/executions/{id}", execution)
        await ask("GET", "/api/v1/executions/{id}/resource", execution)
        for name in ("pause", "resume", "cancel", "terminate"):
            await ask("POST", f"/api/v1/executions/{{id}}/{name}", execution, json={"reason": "why not"})
        await ask("POST", "/api/v1/executions/{id}/signal", execution, json={"name": "go"})
        again = (await ask("POST", "/api/v1/executions/{id}/rerun", execution)).json()["execution_id"]
        await server.report(again, "workflow_started")
        await server.report(again, "workflow_failed", error=ErrorDetails(message="no", instance="/do/0/price"))
        await ask("GET", "/api/v1/executions/{id}", again)
        await ask("GET", "/api/v1/executions/{id}/events", again)
        await ask("GET", "/api/v1/executions/{id}/events", again, headers={"last-event-id": "2"})
        await ask("DELETE", "/api/v1/executions/{id}", again)
        await ask("DELETE", "/api/v1/workflows/{id}", workflow)
        for path in ("/api/v1/me", "/api/v1/openapi.json", "/healthz", "/metrics", "/readyz"):
            await ask("GET", path)
        assert {path for path, _ in ask.asked} == set(openapi_document()["paths"])


class _Asking:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.asked: set[tuple[str, str]] = set()

    async def __call__(self, method: str, template: str, wanted: str = "", **request: Any) -> httpx.Response:
        answer = await self._client.request(method, template.replace("{id}", wanted), **request)
        check(answer, template)
        self.asked.add((template, method))
        return answer


@asynccontextmanager
async def _checked(folder: Path) -> AsyncIterator[tuple[HttpServer, _Asking]]:
    async with http_server(folder) as server:
        yield server, _Asking(server.client)
