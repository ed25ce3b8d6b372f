"""Secrets of every kind reach their peers; no history, event, blob, query, result or log line holds a value of one."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from stigmer_engine import EngineConfig, ResourceConfig
from stigmer_engine.calls.config import CallsConfig
from stigmer_engine.processes import ProcessConfig
from stigmer_engine.runtimes.temporal import Rules, StartConfig, TemporalExecution, TemporalExecutions
from stigmer_engine.runtimes.temporal.payloads import KeyRing, PayloadsConfig, parse_keys, secret_store
from stigmer_engine.testing.runs import ServeHttp
from temporalio.client import WorkflowHistory

from packages.engine.tests.temporal_stage import Stage, open_stage
from packages.engine.tests.test_engine_grpc import FILES, PROTO
from packages.engine.tests.test_engine_grpc import peer as grpc_peer

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRETS = {
    "HEADER": "header-s3cr3t-0001",
    "QUERY": 'query s3cr3t/?&"0002',
    "BODY": "body-s3cr3t-0003",
    "PATH": "path/s3cr3t-0004",
    "USER": "user-s3cr3t-0005",
    "PASSWORD": "pass:s3cr3t-0006",
    "TOKEN": "token-s3cr3t-0007",
    "CLIENT": "client-s3cr3t-0008",
    "GRPC": "grpc-s3cr3t-0009",
    "SHELL": "shell-s3cr3t-0010",
    "STDIN": "stdin-s3cr3t-0011",
    "SCRIPT": "script-s3cr3t-0012",
    "CHILD": "child-s3cr3t-0013",
    "ERROR": "error-s3cr3t-0014",
    "EVENT": "event-s3cr3t-0015",
}
ACCESS_TOKEN = "access-t0ken-of-the-authority-0016"

CHILD = """
use: {secrets: [CHILD]}
do:
  - ask:
      call: http
      with:
        {method: post, endpoint: 'PEER/echo', body: {own: '${ $secrets.CHILD }', given: '${ $workflow.input.given }'}}
"""

DOCUMENT = f"""
use: {{secrets: [{", ".join(SECRETS)}]}}
do:
  - places:
      call: http
      with:
        method: post
        endpoint: '${{ "PEER/echo/" + ($secrets.PATH | @uri) }}'
        headers: {{X-Key: '${{ $secrets.HEADER }}'}}
        query: {{q: '${{ $secrets.QUERY }}'}}
        body: {{deep: [{{b: 'a ${{ $secrets.BODY }}'}}]}}
      export: {{as: '${{ {{places: .}} }}'}}
  - basic:
      call: http
      with:
        method: get
        endpoint:
          uri: PEER/echo
          authentication: {{basic: {{username: '${{ $secrets.USER }}', password: '${{ $secrets.PASSWORD }}'}}}}
  - bearer:
      call: http
      with:
        {{method: get, endpoint: {{uri: PEER/echo, authentication: {{bearer: {{token: '${{ $secrets.TOKEN }}'}}}}}}}}
  - oauth:
      call: http
      with:
        method: get
        endpoint:
          uri: PEER/echo
          authentication:
            oauth2:
              {{authority: 'PEER', grant: client_credentials, client: {{id: me, secret: '${{ $secrets.CLIENT }}'}}}}
  - rpc:
      call: grpc
      with:
        proto: {{endpoint: 'PROTO'}}
        method: SayHello
        service:
          {{name: GreeterApi.Greeter, host: 127.0.0.1, port: 4242,
           authentication: {{bearer: {{token: '${{ $secrets.GRPC }}'}}}}}}
        arguments: {{name: '${{ "I am " + $secrets.GRPC }}'}}
  - shell:
      run:
        shell:
          command: cat; echo $KEY; echo ${{ "$KEY" }} >&2
          stdin: '${{ $secrets.STDIN }}'
          environment: {{KEY: '${{ $secrets.SHELL }}'}}
        return: all
  - script:
      run:
        script:
          language: python
          code: 'import os; print(os.environ["KEY"])'
          environment: {{KEY: '${{ $secrets.SCRIPT }}'}}
  - child:
      run: {{workflow: {{namespace: tests, name: child, version: '1.0.0', input: {{given: '${{ $secrets.HEADER }}'}}}}}}
  - refused:
      try:
        - say: {{emit: {{event: {{with: {{type: a, source: 'urn:x', data: '${{ $secrets.EVENT }}'}}}}}}}}
      catch: {{as: e, do: [{{told: {{set: '${{ $e }}'}}}}]}}
  - linger: {{for: {{each: i, in: '${{ [range(8)] }}'}}, do: [{{rest: {{wait: {{milliseconds: 1}}}}}}]}}
  - shown: {{set: {{all: '${{ $secrets }}', context: '${{ $context }}'}}}}
  - fail:
      call: http
      with: {{method: post, endpoint: 'PEER/refuse', body: '${{ $secrets.ERROR }}'}}
"""


class Mirror:
    """Tells everything that it was sent, in answers and in errors."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/oauth2/token", self.token, methods=["POST"]),
                Route("/refuse", self.refuse, methods=["POST"]),
                Route("/echo", self.echo, methods=["GET", "POST"]),
                Route("/echo/{rest:path}", self.echo, methods=["POST"]),
            ]
        )

    async def _told(self, request: Request) -> dict[str, object]:
        told: dict[str, object] = {
            "url": str(request.url),
            "path": request.url.path,
            "query": dict(request.query_params),
            "headers": dict(request.headers),
            "body": (await request.body()).decode(),
        }
        self.seen.append(json.dumps(told))
        return told

    async def echo(self, request: Request) -> Response:
        return JSONResponse(await self._told(request))

    async def refuse(self, request: Request) -> Response:
        return PlainTextResponse(json.dumps(await self._told(request)), 403)

    async def token(self, request: Request) -> Response:
        await self._told(request)
        return JSONResponse({"access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 3600})


@pytest.fixture
def files(tmp_path: Path) -> EngineConfig:
    folder = tmp_path / "protos"
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return EngineConfig(calls=CallsConfig(resources=ResourceConfig(folders=(folder,))))


def _spellings(value: str) -> set[bytes]:
    spelled = {value, json.dumps(value)[1:-1], base64.b64encode(value.encode()).decode()}
    return {text.encode() for text in spelled}


async def _everything(stage: Stage, execution: TemporalExecution) -> list[bytes]:
    """Histories as they are and decoded, events, state, context, and all that lies in the store."""
    found: list[bytes] = []
    for history in await stage.histories(execution):
        found.extend(event.SerializeToString() for event in history)
        found.append(WorkflowHistory(execution.workflow_id, history).to_json().encode())
        for event in history:
            found.extend(await _decoded(stage, event))
    found.extend([json.dumps(told.to_json(), ensure_ascii=False).encode() async for told in execution.follow()])
    found.append(repr(await execution.snapshot()).encode())
    found.append(json.dumps(await execution.context(), ensure_ascii=False).encode())
    assert isinstance(stage.payloads.place, Path)
    found.extend(file.read_bytes() for file in stage.payloads.place.rglob("*") if file.is_file())
    return found


async def _decoded(stage: Stage, message: object) -> list[bytes]:
    """Every payload inside a message, through the codec."""
    found: list[bytes] = []
    for field, value in getattr(message, "ListFields", list)():
        values = value.values() if hasattr(value, "values") else value if field.is_repeated else [value]
        for item in values:
            if type(item).__name__ == "Payload":
                codec = stage.client.data_converter.payload_codec
                assert codec is not None
                found.extend(payload.data for payload in await codec.decode([item]))
            else:
                found.extend(await _decoded(stage, item))
    return found


@pytest.mark.parametrize("keys", [KeyRing(), parse_keys("one:" + base64.b64encode(b"k" * 32).decode())])
async def test_no_value_of_a_secret_is_left_anywhere(
    temporal_address: str,
    tmp_path: Path,
    serve: ServeHttp,
    caplog: pytest.LogCaptureFixture,
    files: EngineConfig,
    keys: KeyRing,
) -> None:
    caplog.set_level("DEBUG")
    config = replace(files, processes=ProcessConfig(allow_shell=True, allow_script=True))
    payloads = PayloadsConfig(place=tmp_path / "payloads", keys=keys)
    vault = secret_store(payloads)
    mirror = Mirror()
    async with (
        serve(mirror.app()) as url,
        grpc_peer() as (_, port),
        open_stage(temporal_address, tmp_path, config=config, payloads=payloads, secrets=vault) as stage,
    ):
        text = DOCUMENT.replace("PEER", url).replace("4242", str(port))
        text = text.replace("PROTO", PROTO)
        stage.engine.documents.register(stage.load(CHILD.replace("PEER", url), "child"))
        start = StartConfig(rules=Rules(history_events=60))
        executions = TemporalExecutions(stage.client, start, vault=vault)
        execution = await executions.start(stage.load(text), secrets=SECRETS)
        result = await execution.wait()
        assert result.error is not None
        assert result.error.status == 403, result
        everything = await _everything(stage, execution)
        everything += await _everything(stage, stage.executions.find(_child(everything, execution)))
        assert len(await stage.histories(execution)) > 1
    everything.append(repr(result).encode())
    everything.extend(record.getMessage().encode() for record in caplog.records if "uvicorn" not in record.name)
    # What is looked through, is readable: placeholders are in it, and what was called.
    assert any(b"[stigmer-secret:" in told and b"/refuse" in told for told in everything)
    sent = "\n".join(mirror.seen)
    for name in ("HEADER", "BODY", "PATH", "TOKEN", "CHILD", "ERROR", "CLIENT"):
        assert SECRETS[name] in sent, name
    for name, value in {**SECRETS, "ACCESS": ACCESS_TOKEN}.items():
        for spelling in _spellings(value):
            for told in everything:
                assert spelling not in told, f"{name}: {told[:2000]!r}"


def _child(everything: list[bytes], execution: TemporalExecution) -> str:
    told = b"\n".join(everything).decode(errors="replace")
    return next(f"{execution.id}/{number}" for number in range(1, 40) if f"{execution.id}/{number}" in told)


async def test_an_execution_without_secrets_needs_no_store_of_them(
    temporal_address: str, tmp_path: Path, serve: ServeHttp
) -> None:
    payloads = PayloadsConfig(place=tmp_path)
    mirror = Mirror()
    async with (
        serve(mirror.app()) as url,
        open_stage(temporal_address, tmp_path, payloads=payloads, secrets=secret_store(payloads)) as stage,
    ):
        text = f"do: [{{ask: {{call: http, with: {{method: get, endpoint: '{url}/echo'}}, output: {{as: .path}}}}}}]\n"
        execution = await stage.executions.start(stage.load(text))
        assert (await execution.wait()).output == "/echo"


async def test_secrets_that_are_gone_are_an_error_of_the_call(
    temporal_address: str, tmp_path: Path, serve: ServeHttp
) -> None:
    payloads = PayloadsConfig(place=tmp_path)
    vault = secret_store(payloads)
    mirror = Mirror()
    async with (
        serve(mirror.app()) as url,
        open_stage(temporal_address, tmp_path, payloads=payloads, secrets=vault) as stage,
    ):
        call = f"{{call: http, with: {{method: get, endpoint: '{url}/echo', headers: {{k: '${{ $secrets.KEY }}'}}}}}}"
        text = f"use: {{secrets: [KEY]}}\ndo: [{{rest: {{wait: {{seconds: 2}}}}}}, {{ask: {call}}}]\n"
        execution = await stage.executions.start(stage.load(text), secrets={"KEY": "s3cr3t-value"})
        await vault.forget(execution.id)
        result = await execution.wait()
    assert result.error is not None
    assert result.error.type.endswith("/authorization")
    assert result.error.title == "The secrets of the execution are not there"
    assert mirror.seen == []
