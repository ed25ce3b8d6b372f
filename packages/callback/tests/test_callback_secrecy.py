"""The API key shows up in nothing that is written anywhere, whatever goes wrong."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

import pytest
from grpclib.const import Status
from stigmer_callback import (
    Backoff,
    CallbackClient,
    CallbackConfig,
    ProgressReporter,
    ReporterLimits,
    ReportError,
    Secret,
    new_progress_event,
)
from stigmer_callback.testing import RecordingReceiver
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import WorkflowProgressEvent

KEY = "sk-live-Zq81_Kd0"
QUICK = Backoff(initial_seconds=0.001, maximum_seconds=0.005)

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
TcpServer = Callable[[Talk], AbstractAsyncContextManager[str]]


def event(number: int = 1) -> WorkflowProgressEvent:
    return new_progress_event("e", "task_started", "flow", "running", "", number)


def config(endpoint: str, *, key: str = KEY, use_tls: bool = False) -> CallbackConfig:
    return CallbackConfig(endpoint=endpoint, api_key=Secret(key), use_tls=use_tls, call_timeout_seconds=0.05)


async def everything_wrong(receiver: RecordingReceiver, client: CallbackClient) -> list[str]:
    """Go through every failure of the client; return what a program would print about each."""
    printed: list[str] = []

    async def fail() -> None:
        try:
            await client.report_progress_with_retry(event(), attempts=2)
        except ReportError as error:
            printed.extend((str(error), repr(error), "".join(traceback.format_exception(error))))
            printed.append("".join(traceback.format_exception(error.__context__)) if error.__context__ else "")
            logging.getLogger("program").exception("reporting failed")

    quote = f"the token Bearer {KEY} has expired"
    misbehaviours: tuple[Callable[[], None], ...] = (
        partial(receiver.refuse, Status.UNAUTHENTICATED, quote),
        partial(receiver.refuse, Status.UNAVAILABLE, quote),
        receiver.reject,
        receiver.hang,
        receiver.answer_garbage,
    )
    for misbehave in misbehaviours:
        misbehave()
        await fail()
        receiver.accept()
    await receiver.vanish()
    await fail()
    await receiver.reappear()
    await client.report_progress(event())
    return printed


async def test_no_error_and_no_debug_log_holds_the_key(
    tcp_server: TcpServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()

    caplog.set_level(logging.DEBUG)
    # As a program does that wants to see everything, the HTTP/2 library included.
    for name in ("hpack", "hpack.hpack", "hpack.table", "h2", "grpclib", "grpclib.protocol"):
        caplog.set_level(logging.DEBUG, name)
    asyncio.get_running_loop().set_debug(True)
    printed: list[str] = []
    async with RecordingReceiver(api_key=KEY) as receiver:
        made = config(receiver.endpoint)
        client = CallbackClient(made, backoff=QUICK)
        printed += [repr(made), str(made), repr(client)]
        async with client:
            printed += await everything_wrong(receiver, client)
            receiver.refuse(Status.INTERNAL, f"cannot store for {KEY}")
            limits = ReporterLimits(retry=QUICK, rest=QUICK, max_events=5, max_refusals=2)
            async with ProgressReporter(client, limits=limits) as reporter:
                for number in range(1, 20):
                    reporter.offer(event(number))
                await reporter.flush(5)
                await receiver.vanish()
                reporter.offer(event(20))
                printed.append(repr(await reporter.close(timeout=0.05)))
        async with tcp_server(echo) as endpoint:
            for use_tls in (False, True):
                async with CallbackClient(config(endpoint, use_tls=use_tls)) as confused:
                    with pytest.raises(ReportError) as caught:
                        await confused.report_progress(event())
                    printed.append("".join(traceback.format_exception(caught.value)))
    captured = capfd.readouterr()
    everything = "\n".join((*printed, caplog.text, captured.out, captured.err))
    assert "the token Bearer *** has expired" in everything, "the search looks at the right texts"
    assert "is given up" in everything
    for form in (KEY, KEY.encode().hex(), Secret(KEY).reveal()[3:]):
        assert form not in everything


async def test_the_http2_library_would_log_the_key_otherwise(caplog: pytest.LogCaptureFixture) -> None:
    async with RecordingReceiver() as receiver, CallbackClient(config(receiver.endpoint)) as client:
        caplog.set_level(logging.DEBUG)
        # Whatever a program in the same process has set for the library.
        caplog.set_level(logging.DEBUG, logger="hpack")
        table = logging.getLogger("hpack.hpack")
        (silencer,) = table.filters
        table.removeFilter(silencer)
        try:
            await client.report_progress(event())
        finally:
            table.addFilter(silencer)
    assert KEY in caplog.text, "when this fails, hpack has stopped logging headers and the filter can go"
