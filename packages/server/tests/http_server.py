"""A server with its HTTP port in this process, and what a runner would report to it."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from starlette.routing import BaseRoute
from stigmer_ports.listeners import listening, port_of
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ErrorDetails, WorkflowProgressEvent
from stigmer_proto_json import struct_from_json
from stigmer_server.application import Application, open_application
from stigmer_server.config import Settings
from stigmer_server.http_port.app import HttpApp
from stigmer_server.http_port.server import http_port
from stigmer_server.store.executions import assign_runner
from stigmer_server.testing import ADMIN_KEY, CLIENT_KEY, RUNNER_KEY

ORDER = """\
document:
  dsl: '1.0.0'
  namespace: shop
  name: order
  version: '1.0.0'
input:
  schema:
    format: json
    document:
      type: object
      required: [item, amount]
      properties:
        item: {type: string, title: Item, minLength: 1}
        amount: {type: integer, minimum: 1, maximum: 10, default: 1}
        gift: {type: boolean, title: Wrap as a gift}
        speed: {enum: [slow, fast], default: slow}
        address:
          type: object
          title: Address
          required: [city]
          properties: {city: {type: string}, zip: {type: string, pattern: '^[0-9]{5}$'}}
        notes: {type: array, items: {type: string}}
        extra: {description: Anything at all}
do:
- price:
    set: {total: '${ .amount * 7 }'}
- check:
    switch:
    - large: {when: '${ .total > 50 }', then: ship}
    - small: {then: wrap}
- wrap:
    set: {wrapped: 'yes'}
- ship:
    for: {each: part, in: '${ [1, 2, 3] }'}
    do:
    - send:
        set: {sent: '${ $part }'}
- done:
    set: {done: 'yes'}
"""


@dataclass(slots=True)
class HttpServer:
    """A running server, a client that is allowed to write, and the means to play the runner."""

    application: Application
    base_url: str
    client: httpx.AsyncClient
    routes: list[BaseRoute]
    sequences: dict[str, int] = field(default_factory=dict)

    async def register(self, document: str = ORDER) -> str:
        """Register a document; its id."""
        answer = await self.client.post(
            "/api/v1/workflows", content=document, headers={"content-type": "application/yaml"}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["metadata"]["id"])

    async def start(self, workflow_id: str, given: dict[str, Any] | None = None, **more: Any) -> str:
        """Start a run; its id."""
        body = {"spec": {"workflowId": workflow_id}, "input": given or {"item": "cup", "amount": 2}, **more}
        answer = await self.client.post("/api/v1/executions", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["execution_id"])

    async def take(self, execution_id: str) -> None:
        """Let the execution be with a runner, as if one had accepted it."""
        await self.application.database.write(lambda transaction: assign_runner(transaction, execution_id, "wrn-test"))

    async def report(
        self,
        execution_id: str,
        event_type: str,
        reference: str = "",
        *,
        status: str = "",
        payload: dict[str, Any] | None = None,
        error: ErrorDetails | None = None,
        attempt: int = 1,
        message: str = "",
    ) -> None:
        """Report the next event of a run."""
        sequence = self.sequences[execution_id] = self.sequences.get(execution_id, 0) + 1
        event = WorkflowProgressEvent(
            workflow_execution_id=execution_id,
            event_type=event_type,
            workflow_name="order",
            task_name=reference.rsplit("/", 1)[-1],
            task_reference=reference,
            status=status or _STATUS[event_type.rsplit("_", 1)[-1]],
            message=message,
            timestamp_ms=time.time_ns() // 1_000_000,
            payload=struct_from_json(payload) if payload is not None else None,
            error=error,
            sequence_number=sequence,
            attempt=attempt if reference else 0,
        )
        assert (await self.application.executions.report_progress(event)).success

    async def run_task(self, execution_id: str, reference: str, output: Any = None, given: Any = None) -> None:
        """Report that a task started and ended well."""
        await self.report(execution_id, "task_started", reference, payload={"input": given or {}})
        await self.report(execution_id, "task_completed", reference, payload={"output": output or {}})


_STATUS = {
    "started": "running",
    "completed": "completed",
    "failed": "failed",
    "retry": "pending",
    "skipped": "completed",
    "paused": "paused",
    "resumed": "running",
    "cancelled": "cancelled",
}


def settings_for(folder: Path, **more: Any) -> Settings:
    """Settings of a server on this machine with known keys."""
    return Settings(
        stigmer_data_dir=folder,
        stigmer_server_admin_key=SecretStr(ADMIN_KEY),
        stigmer_server_client_key=SecretStr(CLIENT_KEY),
        stigmer_server_runner_key=SecretStr(RUNNER_KEY),
        **more,
    )


@asynccontextmanager
async def http_server(folder: Path, **settings: Any) -> AsyncIterator[HttpServer]:
    """A server on a free port of this machine."""
    chosen = settings_for(folder, **settings)
    with listening("127.0.0.1", 0, host_variable="HOST", port_variable="PORT") as listener:
        base_url = f"http://127.0.0.1:{port_of(listener)}"
        headers = {"authorization": f"Bearer {CLIENT_KEY}"}
        async with open_application(chosen) as application:
            app = HttpApp(application, chosen)
            async with (
                http_port(app, listener),
                httpx.AsyncClient(base_url=base_url, headers=headers, trust_env=False) as client,
            ):
                yield HttpServer(application=application, base_url=base_url, client=client, routes=app.routes)
