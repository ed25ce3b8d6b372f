"""The gRPC client of the progress callback."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from types import TracebackType
from typing import Protocol, Self

from grpclib.client import Channel
from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import (
    ReportProgressResponse,
    WorkflowProgressEvent,
    WorkflowProgressServiceStub,
)

from stigmer_callback._backoff import DEFAULT_BACKOFF, Backoff
from stigmer_callback._codec import CallbackCodec
from stigmer_callback._config import CallbackConfig
from stigmer_callback._failure import call_failure, connect_failure
from stigmer_callback._header_logs import silence_header_logs
from stigmer_callback.clock import SYSTEM_CLOCK, SYSTEM_RANDOM, Clock, Random
from stigmer_callback.errors import BrokenAnswerError, ClientClosedError, EventRejectedError, ReportError

log = logging.getLogger(__name__)


class ProgressClient(Protocol):
    """What a `ProgressReporter` needs of a client."""

    async def report_progress(self, event: WorkflowProgressEvent) -> ReportProgressResponse:
        """Deliver one event once. Raises `ReportError`."""
        ...


class CallbackClient:
    """Reports progress events to `WorkflowProgressService/ReportProgress` over one connection.

    An async context manager. Entering it connects to nothing: the first call connects, and a later call connects
    again after the peer vanished. Any number of calls may run at once. Entering raises `CallbackConfigError` when
    `ca_file` cannot be read.
    """

    def __init__(
        self,
        config: CallbackConfig,
        *,
        backoff: Backoff = DEFAULT_BACKOFF,
        clock: Clock = SYSTEM_CLOCK,
        random: Random = SYSTEM_RANDOM,
    ) -> None:
        self._config = config
        self._backoff = backoff
        self._clock = clock
        self._random = random
        self._channel: Channel | None = None
        self._calls: set[asyncio.Task[ReportProgressResponse]] = set()
        self._answers = 0

    async def __aenter__(self) -> Self:
        silence_header_logs()
        self._config.log_encryption()
        config = self._config
        self._channel = Channel(config.host, config.port, ssl=config.ssl_context(), codec=CallbackCodec())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def report_progress(self, event: WorkflowProgressEvent) -> ReportProgressResponse:
        """Deliver `event` by one call and return the answer, whose `success` is true.

        Raises the `ReportError` that names the cause, or `ClientClosedError`.
        """
        channel = self._channel
        if channel is None:
            msg = "the callback client is not open: use it inside `async with CallbackClient(config) as client`"
            raise ClientClosedError(msg)
        await self._connect(channel)
        response = await self._call(channel, event)
        success: object = response.success
        if success is not True:
            where = self._config.endpoint
            if success is False:
                msg = f"{where} rejected the event (success = false)"
                raise EventRejectedError(msg)
            # The decoder does not compare wire types: a text in the place of the flag comes out as text.
            msg = f"{where} answered a ReportProgressResponse whose success is no bool"
            raise BrokenAnswerError(msg)
        return response

    async def report_progress_with_retry(
        self, event: WorkflowProgressEvent, attempts: int = 3
    ) -> ReportProgressResponse:
        """Deliver `event` by up to `attempts` calls, with exponential back-off and jitter between them.

        The event may arrive more than once; receivers drop repeats by `sequence_number`. Raises the last `ReportError`
        when no attempt is left, or at once when repeating cannot help.
        """
        if attempts < 1:
            msg = f"attempts must be 1 or more, not {attempts}"
            raise ValueError(msg)
        attempt = 1
        while True:
            try:
                return await self.report_progress(event)
            except ReportError as error:
                if attempt == attempts or not error.retryable:
                    raise error.after(attempt) from error.__cause__
                wait = self._backoff.wait_seconds(attempt, self._random)
                log.info(
                    "attempt %d of %d to report progress failed: %s; next in %.2f s", attempt, attempts, error, wait
                )
            await self._clock.sleep(wait)
            attempt += 1

    async def _connect(self, channel: Channel) -> None:
        try:
            async with asyncio.timeout(self._config.connect_timeout_seconds):
                await channel.__connect__()
        except Exception as error:
            raise connect_failure(error, self._config) from error

    async def _call(self, channel: Channel, event: WorkflowProgressEvent) -> ReportProgressResponse:
        answers_before = self._answers
        call = self._start(self._exchange(channel, event))
        try:
            await asyncio.wait({call}, timeout=self._config.call_timeout_seconds)
        except asyncio.CancelledError:
            call.cancel()
            raise
        error = call.exception() if call.done() and not call.cancelled() else TimeoutError()
        if error is None:
            self._answers += 1
            return call.result()
        if isinstance(error, TimeoutError):
            if self._answers == answers_before:
                # Nobody was answered meanwhile: the peer may be gone without a word, so the next call reconnects.
                channel.close()
            call.cancel()
        if self._channel is None:
            msg = "the callback client was closed before the endpoint answered"
            raise ClientClosedError(msg)
        failure = call_failure(error, self._config)
        self._answers += failure.answered
        # The original error is left out: it may quote the peer, and a peer may quote the key.
        raise failure from None

    async def _exchange(self, channel: Channel, event: WorkflowProgressEvent) -> ReportProgressResponse:
        stub = WorkflowProgressServiceStub(channel)
        return await stub.report_progress(
            event,
            timeout=self._config.call_timeout_seconds,
            # In no variable, as some tools print the variables of a traceback.
            metadata={"authorization": f"Bearer {self._config.api_key.reveal()}"},
        )

    def _start(
        self, exchange: Coroutine[object, object, ReportProgressResponse]
    ) -> asyncio.Task[ReportProgressResponse]:
        # A task of its own, because grpclib wakes a call by cancelling its task and never takes the cancellation back:
        # in the caller's task this would break the caller's own timeouts and task groups.
        call = asyncio.get_running_loop().create_task(exchange)
        self._calls.add(call)
        call.add_done_callback(self._forget)
        return call

    def _forget(self, call: asyncio.Task[ReportProgressResponse]) -> None:
        self._calls.discard(call)
        if not call.cancelled():
            call.exception()
