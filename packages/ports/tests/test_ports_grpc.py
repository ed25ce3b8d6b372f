"""What a gRPC port answers, seen by grpcio: refusals with their details, defects without theirs, its own limits."""

import asyncio
import base64
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpclib.health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpclib.metadata import encode_grpc_message
from hypothesis import given, settings
from hypothesis import strategies as st
from stigmer_ports.config import LogLevel, LogSettings
from stigmer_ports.grpc_port.details_codec import DetailsCodec
from stigmer_ports.grpc_port.names import spellings
from stigmer_ports.listeners import listening, port_of
from stigmer_ports.logs import configure_logging
from stigmer_ports.redaction import Redactor
from stigmer_ports.refusals import PortReason, Refusal
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import (
    CancelExecutionRequest,
    ValidationProblem,
    ValidationProblems,
)

from packages.ports.tests.asking import MAX_BYTES, REFUSALS, ask, asking, asking_port

pytestmark = pytest.mark.usefixtures("restored_logging")

PROBLEMS = tuple(
    ValidationProblem(code="not-known", message=f"Nobody knows {number}.", pointer=f"/do/{number}", line=number)
    for number in range(1, 4)
)


async def refused(channel: grpc.aio.Channel, data: bytes = b"") -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ask(channel, data)
    return caught.value


def details(data: bytes) -> dict[str, Any]:
    """The messages in `google.rpc.Status.details` by their names."""
    kinds = {
        "google.rpc.ErrorInfo": error_details_pb2.ErrorInfo.FromString,
        "google.rpc.BadRequest": error_details_pb2.BadRequest.FromString,
        "ai.stigmer.agentic.workflowrunner.v1.ValidationProblems": ValidationProblems.parse,
    }
    found = status_pb2.Status.FromString(data).details
    names = [detail.type_url.rpartition("/")[2] for detail in found]
    return {name.rpartition(".")[2]: kinds[name](detail.value) for name, detail in zip(names, found, strict=True)}


def trailers(error: grpc.aio.AioRpcError) -> bytes:
    found: bytes = dict(error.trailing_metadata())["grpc-status-details-bin"]
    return found


async def test_a_call_is_answered_under_every_spelling_with_its_key() -> None:
    seen: list[tuple[str, str | None]] = []

    async def answer(request: CancelExecutionRequest, key: str | None) -> None:
        seen.append((request.execution_id, key))

    data = bytes(CancelExecutionRequest(execution_id="wex-1"))
    async with asking(answer) as (_, channel):
        for method in spellings("AskMe"):
            await ask(channel, data, method=method, authorization="Bearer key")
        await ask(channel, data)
    assert seen == [("wex-1", "Bearer key")] * 3 + [("wex-1", None)]
    assert spellings("AskMe") == ("AskMe", "askMe", "ask_me")
    assert spellings("getByReference") == ("getByReference", "GetByReference", "get_by_reference")


async def test_a_refusal_has_its_reason_and_facts() -> None:
    async def answer(_request: CancelExecutionRequest, _key: str | None) -> None:
        raise Refusal(PortReason.INVALID_REQUEST, "no such thing", field="execution_id", facts={"limit": "3"})

    async with asking(answer) as (_, channel):
        error = await refused(channel)
    assert (error.code(), error.details()) == (grpc.StatusCode.INVALID_ARGUMENT, "no such thing")
    found = details(trailers(error))
    info = found["ErrorInfo"]
    assert (info.reason, info.domain, dict(info.metadata)) == ("INVALID_REQUEST", "tests.example.com", {"limit": "3"})
    [violation] = found["BadRequest"].field_violations
    assert (violation.field, violation.description) == ("execution_id", "no such thing")
    assert "ValidationProblems" not in found


async def test_problems_stand_in_both_lists_when_a_field_has_them() -> None:
    async def answer(request: CancelExecutionRequest, _key: str | None) -> None:
        raise Refusal(PortReason.INVALID_REQUEST, "three", field=request.execution_id, problems=PROBLEMS)

    async with asking(answer) as (_, channel):
        with_field = details(trailers(await refused(channel, bytes(CancelExecutionRequest(execution_id="spec")))))
        without = details(trailers(await refused(channel)))
    assert with_field["ValidationProblems"].problems == list(PROBLEMS)
    assert [(told.field, told.description, told.reason) for told in with_field["BadRequest"].field_violations] == [
        (f"spec#/do/{number}", f"line {number}, column 0: Nobody knows {number}.", "NOT_KNOWN") for number in (1, 2, 3)
    ]
    assert dict(with_field["ErrorInfo"].metadata) == {"problems": "3", "problems_left_out": "0"}
    assert without["ValidationProblems"].problems == list(PROBLEMS)
    assert "BadRequest" not in without


@settings(max_examples=50, deadline=None)
@given(
    st.text(max_size=3000),
    st.sampled_from(["", "spec"]),
    st.lists(st.text(min_size=1, max_size=300), max_size=400),
)
def test_trailers_are_never_larger_than_clients_take(message: str, field: str, texts: list[str]) -> None:
    problems = tuple(
        ValidationProblem(code="x", message=text, pointer=text[::-1], hint=text * 2, line=1) for text in texts
    )
    error = REFUSALS.error(Refusal(PortReason.INVALID_REQUEST, message, field=field, problems=problems))
    data = DetailsCodec().encode(error.status, error.message, error.details)
    assert len(base64.b64encode(data)) + len(encode_grpc_message(error.message or "")) < 8_000
    found = details(data)
    shown = found["ValidationProblems"].problems if problems else []
    assert bool(shown) == bool(problems)
    assert ("BadRequest" in found) == bool(field)
    if problems:
        assert int(found["ErrorInfo"].metadata["problems_left_out"]) == len(problems) - len(shown)


async def test_room_is_for_problems_before_it_is_for_their_repetition() -> None:
    problems = tuple(ValidationProblem(code="x", message="y" * 100, pointer=f"/do/{number}") for number in range(100))
    found = [
        details(DetailsCodec().encode(error.status, error.message, error.details))
        for field in ("", "spec")
        for error in [REFUSALS.error(Refusal(PortReason.INVALID_REQUEST, "many", field=field, problems=problems))]
    ]
    without, with_field = (len(one["ValidationProblems"].problems) for one in found)
    assert 0 <= without - with_field <= 2
    assert len(found[1]["BadRequest"].field_violations) == 1


async def test_a_defect_is_told_by_a_reference_alone(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(), Redactor())

    async def answer(_request: CancelExecutionRequest, _key: str | None) -> None:
        raise ValueError("something inside")

    async with asking(answer) as (_, channel):
        error = await refused(channel)
    assert error.code() is grpc.StatusCode.INTERNAL
    said = error.details() or ""
    assert said.startswith("a defect of the test; its log tells more under the reference ")
    assert "something inside" not in said
    log = capsys.readouterr().err
    assert said.rpartition(" ")[2] in log
    assert "something inside" in log


@pytest.mark.parametrize(("quiet", "lines"), [((), 1), (("TIRED", "INVALID_REQUEST"), 0)])
async def test_refusals_that_are_no_news_are_not_logged(
    capsys: pytest.CaptureFixture[str], quiet: tuple[str, ...], lines: int
) -> None:
    configure_logging(LogSettings(log_level=LogLevel.INFO), Redactor())

    async def answer(_request: CancelExecutionRequest, _key: str | None) -> None:
        raise Refusal(PortReason.INVALID_REQUEST, "no")

    async with asking(answer, quiet=quiet) as (_, channel):
        await refused(channel)
    assert capsys.readouterr().err.count('"request refused"') == lines


async def test_a_request_over_the_limit_or_broken_is_refused() -> None:
    async def answer(_request: CancelExecutionRequest, _key: str | None) -> None:
        raise AssertionError("not reached")

    async with asking(answer) as (_, channel):
        large = await refused(channel, bytes(CancelExecutionRequest(execution_id="x" * MAX_BYTES)))
        broken = await refused(channel, b"\xff")
    assert large.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert (large.details() or "").endswith(f"the limit is {MAX_BYTES} (MAX_BYTES)")
    assert broken.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (broken.details() or "").startswith("the request cannot be read")


async def test_open_calls_may_end_before_the_port_closes() -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def answer(_request: CancelExecutionRequest, _key: str | None) -> None:
        entered.set()
        await go_on.wait()

    async with asking(answer) as (port, channel):
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=HealthCheckRequest.SerializeToString,
            response_deserializer=HealthCheckResponse.FromString,
        )
        assert (await check(HealthCheckRequest())).status == HealthCheckResponse.SERVING
        call = asyncio.ensure_future(ask(channel))
        await entered.wait()
        port.not_serving()
        assert (await check(HealthCheckRequest())).status == HealthCheckResponse.NOT_SERVING
        await port.settle(0)
        assert not call.done()
        go_on.set()
        await port.settle(300)
        await call


async def close_under_a_client() -> None:
    """A client that keeps its connection while the port closes is answered no more."""

    async def answer(_request: CancelExecutionRequest, _key: str | None) -> None:
        pass

    with listening("127.0.0.1", 0, host_variable="HOST", port_variable="PORT") as listener:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port_of(listener)}") as channel:
            async with asking_port(answer, listener):
                await ask(channel)
            assert (await refused(channel)).code() is grpc.StatusCode.UNAVAILABLE


async def test_a_port_that_is_closed_answers_nobody() -> None:
    await close_under_a_client()


async def test_a_port_closes_though_a_client_keeps_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    async def as_since_python_3_12(server: Any) -> None:
        """How asyncio waits since then: until the last connection has ended. Before, it did not wait at all."""
        if server._waiters is not None:
            waiter = asyncio.get_running_loop().create_future()
            server._waiters.append(waiter)
            await waiter

    monkeypatch.setattr(asyncio.Server, "wait_closed", as_since_python_3_12)

    await close_under_a_client()
