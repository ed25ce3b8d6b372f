"""`call: grpc` against grpcio's own server: by proto, by reflection, over TLS, streaming, and when it goes wrong."""

import asyncio
import contextlib
import importlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import grpc
import pytest
import trustme
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.message import Message
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from stigmer_dsl.json_types import JsonObject
from stigmer_engine import CallsConfig, EngineConfig, GrpcConfig, ResourceConfig
from stigmer_engine.calls.grpc import HTTP_STATUS
from stigmer_engine.calls.grpc_channels import Target
from stigmer_engine.calls.grpc_method import Services
from stigmer_engine.calls.proto import compile_protos, imports_of
from stigmer_engine.faults import Fault
from stigmer_engine.testing.runs import OpenRuns, ServeHttp

GREET: Final = """
syntax = "proto3";
package GreeterApi;
// import "commented/out.proto";
import "google/protobuf/timestamp.proto";
import "shared/kinds.proto";
message HelloRequest { string name = 1; int64 big = 2; shared.Kind kind = 3; google.protobuf.Timestamp at = 4; }
message HelloReply { string message = 1; int64 big = 2; shared.Kind kind = 3; repeated string metadata = 4; }
service Greeter {
  rpc SayHello (HelloRequest) returns (HelloReply);
  rpc Count (HelloRequest) returns (stream HelloReply);
  rpc Collect (stream HelloRequest) returns (HelloReply);
}
"""
KINDS: Final = 'syntax = "proto3"; package shared; enum Kind { NONE = 0; WARM = 1; }'
FILES: Final = {"greet.proto": GREET, "shared/kinds.proto": KINDS}


def _reflection() -> ModuleType:
    """grpcio's reflection service, its messages in a pool of its own: grpclib registers the same names in this one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(descriptor_pool, "Default", descriptor_pool.DescriptorPool)
        return importlib.import_module("grpc_reflection.v1alpha.reflection")


reflection = _reflection()


class Peer:
    """The service; answers with what it was told. `before` may do something else first."""

    def __init__(self, data: bytes) -> None:
        services = Services(data)
        self.methods = {name: services.method("GreeterApi.Greeter", name) for name in ("SayHello", "Count")}
        self.pool = descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
            self.pool.Add(file)
        self.deadlines: list[float | None] = []
        self.cancelled = asyncio.Event()
        self.reached = asyncio.Event()

    async def answer(self, request: Message, context: grpc.aio.ServicerContext) -> Any:
        told = self.methods["SayHello"].to_json(request)
        self.deadlines.append(context.time_remaining())
        self.reached.set()
        name = str(told["name"])
        if name in HTTP_STATUS:
            await context.abort(grpc.StatusCode[name], f"told to say {name}")
        if name == "wait":
            try:
                await asyncio.Event().wait()
            finally:
                self.cancelled.set()
        sent = [str(value) for key, value in context.invocation_metadata() if key == "authorization"]
        reply: JsonObject = {"message": f"Hello {name}", "big": told["big"], "kind": told["kind"], "metadata": sent}
        return self._reply(reply)

    async def count(self, request: Message, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
        told = self.methods["SayHello"].to_json(request)
        for number in range(int(str(told["big"]))):
            yield self._reply({"message": str(number)})
        if told["name"] == "fail":
            await context.abort(grpc.StatusCode.DATA_LOSS, "half-way")

    def _reply(self, value: JsonObject) -> Any:
        reply: Any = self.methods["SayHello"].output()
        for name, item in value.items():
            if name == "metadata":
                reply.metadata.extend(item)
            elif name == "kind":
                reply.kind = 1 if item == "WARM" else 0
            elif name == "big":
                reply.big = int(item)
            else:
                setattr(reply, name, item)
        return reply

    def handlers(self) -> grpc.GenericRpcHandler:
        request = self.methods["SayHello"].request({})
        codec = {
            "request_deserializer": type(request).FromString,
            "response_serializer": self.methods["SayHello"].output.SerializeToString,
        }
        return grpc.method_handlers_generic_handler(
            "GreeterApi.Greeter",
            {
                "SayHello": grpc.unary_unary_rpc_method_handler(self.answer, **codec),
                "Count": grpc.unary_stream_rpc_method_handler(self.count, **codec),
            },
        )


@contextlib.asynccontextmanager
async def peer(
    certificate: trustme.LeafCert | None = None, *, reflecting: bool = False
) -> AsyncIterator[tuple[Peer, int]]:
    service = Peer(await compile_protos(FILES, "greet.proto"))
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((service.handlers(),))
    if reflecting:
        reflection.enable_server_reflection(["GreeterApi.Greeter"], server, pool=service.pool)
    if certificate is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        chain = b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
        credentials = grpc.ssl_server_credentials([(certificate.private_key_pem.bytes(), chain)])
        port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    try:
        yield service, port
    finally:
        await server.stop(None)


def call(proto: str, port: int, rest: str, *, method: str = "SayHello", host: str = "127.0.0.1", more: str = "") -> str:
    return (
        "use: {secrets: [S]}\ndo:\n- call:\n    call: grpc\n"
        f"    with: {{proto: {{endpoint: '{proto}'}}, method: {method}, "
        f"service: {{name: GreeterApi.Greeter, host: '{host}', port: {port}, {rest}}}, arguments: '${{ARGS}}'}}\n"
        f"{more}"
    )


def greet(proto: str, port: int, arguments: JsonObject, rest: str = "", **settings: str) -> str:
    return call(proto, port, rest, **settings).replace("'${ARGS}'", json.dumps(arguments))


@pytest.fixture
def files(tmp_path: Path) -> EngineConfig:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return EngineConfig(calls=CallsConfig(resources=ResourceConfig(folders=(tmp_path,))))


PROTO: Final = "file://greet.proto"


async def test_a_unary_method_by_its_proto(open_runs: OpenRuns, files: EngineConfig) -> None:
    async with peer() as (_, port), open_runs(files) as runs:
        arguments: JsonObject = {"name": "${ .who }", "big": "9007199254740993", "kind": "WARM"}
        assert await runs.output(greet(PROTO, port, arguments), {"who": "Ann"}, drained=True) == {
            "message": "Hello Ann", "big": "9007199254740993", "kind": "WARM", "metadata": [],
        }  # fmt: skip
        assert await runs.output(greet(PROTO, port, {})) == {
            "message": "Hello ", "big": "0", "kind": "NONE", "metadata": [],
        }  # fmt: skip


async def test_a_stream_is_an_array(open_runs: OpenRuns, files: EngineConfig) -> None:
    async with peer() as (_, port), open_runs(files) as runs:
        output = await runs.output(greet(PROTO, port, {"big": 3}, method="Count"))
        assert isinstance(output, list)
        assert [item["message"] for item in output if isinstance(item, dict)] == ["0", "1", "2"]
        assert await runs.output(greet(PROTO, port, {}, method="Count")) == []
        kind, status, text = await runs.error(greet(PROTO, port, {"big": 2, "name": "fail"}, method="Count"))
        assert (kind, status) == ("communication", 500)
        assert "DATA_LOSS" in text
    limited = EngineConfig(calls=CallsConfig(resources=files.calls.resources, grpc=GrpcConfig(max_messages=5)))
    async with peer() as (_, port), open_runs(limited) as runs:
        kind, _, text = await runs.error(greet(PROTO, port, {"big": 6}, method="Count"))
        assert (kind, "too large" in text) == ("communication", True)


async def test_by_reflection(open_runs: OpenRuns) -> None:
    async with peer(reflecting=True) as (_, port), open_runs() as runs:
        proto = f"grpc://127.0.0.1:{port}"
        output = await runs.output(greet(proto, port, {"name": "Ann", "at": "2026-01-01T00:00:00Z"}), drained=True)
        assert isinstance(output, dict)
        assert output["message"] == "Hello Ann"
        text = greet(proto, port, {}).replace("GreeterApi.Greeter", "GreeterApi.Nobody")
        kind, _, sentence = await runs.error(text)
        assert (kind, "does not know GreeterApi.Nobody" in sentence) == ("configuration", True)
    async with peer() as (_, port), open_runs() as runs:
        kind, status, text = await runs.error(greet(f"grpc://127.0.0.1:{port}", port, {}))
        assert (kind, status) == ("communication", 501)


async def test_over_tls_the_name_is_verified(open_runs: OpenRuns, files: EngineConfig, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    async def resolver(host: str, port: int) -> tuple[str, ...]:
        return ("127.0.0.1",)

    config = EngineConfig(
        calls=CallsConfig(
            resources=files.calls.resources, grpc=GrpcConfig(ca_file=tmp_path / "ca.pem"), resolver=resolver
        )
    )
    async with peer(authority.issue_cert("good.test"), reflecting=True) as (_, port), open_runs(config) as runs:
        for proto in (PROTO, f"grpcs://good.test:{port}"):
            output = await runs.output(greet(proto, port, {"name": "Ann"}, host="grpcs://good.test"))
            assert isinstance(output, dict)
            assert output["message"] == "Hello Ann"
        kind, status, _ = await runs.error(greet(PROTO, port, {}, host="grpcs://other.test"))
        assert (kind, status) == ("communication", 503)
        kind, status, _ = await runs.error(greet(PROTO, port, {}, host="good.test"))
        assert (kind, status) == ("communication", 503)


async def test_metadata_carries_the_authorization(open_runs: OpenRuns, files: EngineConfig) -> None:
    async with peer() as (_, port), open_runs(files) as runs:
        output = await runs.output(
            greet(PROTO, port, {}, "authentication: {bearer: {use: S}}"), secrets={"S": "tok-1234567890"}
        )
        assert isinstance(output, dict)
        assert str(output["metadata"]).startswith("['Bearer [secret:")
    runs.assert_kept("tok-1234567890")


@pytest.mark.parametrize("code", [code for code in HTTP_STATUS if code != "CANCELLED"])
async def test_a_status_is_an_error_with_its_http_status(open_runs: OpenRuns, files: EngineConfig, code: str) -> None:
    async with peer() as (_, port), open_runs(files) as runs:
        kind, status, text = await runs.error(greet(PROTO, port, {"name": code}))
    assert (kind, status) == ("communication", HTTP_STATUS[code])
    assert f"told to say {code}" in text


async def test_the_tasks_timeout_cancels_the_call(open_runs: OpenRuns, files: EngineConfig) -> None:
    async with peer() as (service, port), open_runs(files) as runs:
        text = greet(PROTO, port, {"name": "wait"}, more="    timeout: {after: {seconds: 1}}\n")
        kind, status, _ = await runs.error(text)
        assert (kind, status) == ("timeout", 408)
        await service.cancelled.wait()
        (left,) = service.deadlines
        assert left is not None
        assert left <= 2


async def test_cancelling_the_execution_cancels_the_call(open_runs: OpenRuns, files: EngineConfig) -> None:
    async with peer() as (service, port), open_runs(files) as runs:
        running = asyncio.create_task(runs.result(greet(PROTO, port, {"name": "wait"})))
        await service.reached.wait()
        assert runs.execution is not None
        runs.execution.cancel("enough")
        assert str((await running).status) == "cancelled"
        await service.cancelled.wait()


async def test_what_does_not_fit_is_named(open_runs: OpenRuns, files: EngineConfig, tmp_path: Path) -> None:
    (tmp_path / "broken.proto").write_text('syntax = "proto3"; message A { strin x = 1; }')
    (tmp_path / "leaves.proto").write_text('syntax = "proto3"; import "../secret.proto";')
    (tmp_path / "lacks.proto").write_text('syntax = "proto3"; import "not/there.proto";')
    async with open_runs(files) as runs:
        for text, expected in (
            (greet("file://broken.proto", 1, {}), '"strin" is not defined'),
            (greet("file://leaves.proto", 1, {}), "leaves its folder"),
            (greet("file://lacks.proto", 1, {}), "not/there.proto"),
            (greet(PROTO, 1, {"nam": "x"}), "nam"),
            (greet(PROTO, 1, {"big": "x"}), "big"),
            (greet(PROTO, 1, {}, method="SayBye"), "it has Collect, Count, SayHello"),
            (greet(PROTO, 1, {}, method="Collect"), "takes a stream"),
            (greet(PROTO, 1, {}).replace("GreeterApi.Greeter", "Other"), "the proto has GreeterApi.Greeter"),
            (greet(PROTO, 1, {}, host="ftp://x"), "is not the host of a gRPC service"),
        ):
            kind, status, sentence = await runs.error(text)
            assert (kind, status) == ("configuration", 400), sentence
            assert expected in sentence
        kind, status, _ = await runs.error(greet(PROTO, 1, {}))
        assert (kind, status) == ("communication", 503)


async def test_protos_of_one_name_in_two_workflows_do_not_meet(open_runs: OpenRuns, serve: ServeHttp) -> None:
    """Fetched over HTTP, imports too, and neither ends up in the pool that the whole process shares."""

    async def proto(request: Request) -> Response:
        text = {"greet.proto": GREET, "kinds.proto": KINDS}[request.url.path.rpartition("/")[2]]
        return Response(text if "/one/" in request.url.path else text.replace("string name = 1", "int32 name = 1"))

    app = Starlette(routes=[Route("/{rest:path}", proto)])
    async with peer() as (_, port), serve(app) as url, open_runs() as runs:
        output = await runs.output(greet(f"{url}/one/greet.proto", port, {"name": "Ann"}))
        assert isinstance(output, dict)
        assert output["message"] == "Hello Ann"
        kind, _, _ = await runs.error(greet(f"{url}/two/greet.proto", port, {"name": "Ann"}))
        assert kind == "configuration"
    with pytest.raises(KeyError):
        descriptor_pool.Default().FindMessageTypeByName("GreeterApi.HelloRequest")


def test_imports_are_found_outside_comments() -> None:
    assert imports_of(GREET) == ["google/protobuf/timestamp.proto", "shared/kinds.proto"]
    assert imports_of('/* import "a"; */ import public "b.proto"; import weak "c//d.proto";') == [
        "b.proto",
        "c//d.proto",
    ]


def test_where_a_service_is() -> None:
    assert Target.of("a.test", 50051) == Target(host="a.test", port=50051, tls=False)
    assert Target.of("a.test") == Target.of("a.test", 443) == Target(host="a.test", port=443, tls=True)
    assert Target.of("grpc://a.test") == Target(host="a.test", port=80, tls=False)
    assert Target.of("https://a.test:1") == Target(host="a.test", port=1, tls=True)
    assert str(Target.of("[::1]", 5)) == "[::1]:5"
    with pytest.raises(Fault):
        Target.of("a.test/path", 1)
