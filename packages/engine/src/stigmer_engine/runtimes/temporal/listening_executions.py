"""Events on their way to the executions that may listen to them, wherever these run.

Temporal's visibility says who may: a listing, which costs one request for all events that come while another one is
under way. It is a little behind the truth, so executions that had just started when an event was published are looked
for once more, a little later.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from stigmer_dsl.json_types import JsonObject
from temporalio.api.common.v1 import Payloads, WorkflowExecution
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.client import WorkflowExecution as ListedExecution
from temporalio.service import RPCError, RPCStatusCode

from stigmer_engine.faults import Fault, fault
from stigmer_engine.runtimes.temporal.attribute_registry import LISTENS, NamespaceAttributes
from stigmer_engine.runtimes.temporal.list_filter import moment
from stigmer_engine.runtimes.temporal.listened_types import EVERYTHING, wants
from stigmer_engine.runtimes.temporal.names import EVENT_SIGNAL, LISTENS_MEMO, WORKFLOW_TYPE

_log = logging.getLogger(__name__)

_SIGNALS_AT_ONCE: Final = 20
_TYPES_IN_A_QUERY: Final = 50
# A run that has just been continued may not be listed yet; the one before it is.
_CONTINUED_SINCE: Final = timedelta(minutes=2)
_BEHIND: Final = timedelta(minutes=1)


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One event for everybody.

    Attributes:
        key: makes a repeated delivery to the same execution one; the server forgets it when the run ends.
        reached: workflow ids that have it, or must not get it.
    """

    event: JsonObject
    key: str
    reached: set[str]
    published: datetime = field(default_factory=lambda: datetime.now(UTC))
    done: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class ListeningExecutions:
    """Finds them and signals them. Close it when done.

    Args:
        settle_seconds: after which visibility has caught up.
    """

    def __init__(self, client: Client, *, settle_seconds: float) -> None:
        self._client = client
        self._attributes = NamespaceAttributes(client)
        self._settle = settle_seconds
        self._waiting: list[Delivery] = []
        self._late: list[Delivery] = []
        self._work: asyncio.Task[None] | None = None
        self._looking_again: asyncio.Task[None] | None = None

    async def deliver(self, event: JsonObject, *, key: str, skip: str = "") -> None:
        """Signal the event to every execution that may listen to it, save the workflow id `skip`.

        Raises:
            Fault: `communication`, when they could not be found, or not all be reached.
        """
        delivery = Delivery(event=event, key=key, reached={skip})
        self._waiting.append(delivery)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._deliver_waiting())
        await delivery.done

    async def close(self) -> None:
        """Finish what is under way; the second look comes at once."""
        if self._work is not None:
            await self._work
        if self._looking_again is not None:
            self._looking_again.cancel()
            await asyncio.gather(self._looking_again, return_exceptions=True)
        await self._look_again(self._late)

    async def _deliver_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            problem: Fault | None = None
            try:
                await self._signal_all(batch, "")
            except RPCError as error:
                problem = fault("communication", "The event did not reach everybody who listens", error.message)
            except Exception as defect:
                _log.exception("events could not be delivered")
                problem = fault("runtime", "The event could not be delivered", type(defect).__name__)
            self._late += batch
            for delivery in batch:
                if problem is None:
                    delivery.done.set_result(None)
                elif not delivery.done.done():
                    delivery.done.set_exception(problem)
            if self._looking_again is None or self._looking_again.done():
                self._looking_again = asyncio.create_task(self._look_again_later())

    async def _look_again_later(self) -> None:
        while self._late:
            await asyncio.sleep(self._settle)
            settled = datetime.now(UTC) - timedelta(seconds=self._settle / 2)
            ready = [delivery for delivery in self._late if delivery.published <= settled]
            await self._look_again(ready)

    async def _look_again(self, deliveries: Sequence[Delivery]) -> None:
        """Look for those that had started when the event was published, and were not listed yet."""
        ready = list(deliveries)
        self._late = [delivery for delivery in self._late if delivery not in ready]
        if not ready:
            return
        oldest = min(delivery.published for delivery in ready) - _BEHIND
        try:
            await self._signal_all(ready, f" AND StartTime > '{moment(oldest)}'", started_before=True)
        except RPCError as error:
            _log.warning("executions that started just before an event may not have it: %s", error.message)

    async def _signal_all(self, batch: Sequence[Delivery], more: str, *, started_before: bool = False) -> None:
        """Raises the RPCError of an execution that could not be reached, when the others are."""
        slots = asyncio.Semaphore(_SIGNALS_AT_ONCE)
        payloads = [await self._client.data_converter.encode([delivery.event]) for delivery in batch]

        async def signal(execution: str, wanted: Sequence[int]) -> None:
            async with slots:
                for index in wanted:
                    await self._signal(execution, batch[index], Payloads(payloads=payloads[index]))

        signals: list[asyncio.Task[None]] = []
        async for listed in self._listed(batch, more):
            types = await _types(listed)
            wanted = [
                index
                for index, delivery in enumerate(batch)
                if listed.id not in delivery.reached
                and wants(types, delivery.event)
                and not (started_before and listed.start_time > delivery.published)
            ]
            for index in wanted:
                batch[index].reached.add(listed.id)
            if wanted:
                signals.append(asyncio.create_task(signal(listed.id, wanted)))
        problems = [end for end in await asyncio.gather(*signals, return_exceptions=True) if end is not None]
        if problems:
            raise problems[0]

    def _listed(self, batch: Sequence[Delivery], more: str) -> AsyncIterator[ListedExecution]:
        return _all(self._client, self._attributes, batch, more)

    async def _signal(self, execution: str, delivery: Delivery, payloads: Payloads) -> None:
        client = self._client
        try:
            await client.workflow_service.signal_workflow_execution(
                SignalWorkflowExecutionRequest(
                    namespace=client.namespace,
                    workflow_execution=WorkflowExecution(workflow_id=execution),
                    signal_name=EVENT_SIGNAL,
                    input=payloads,
                    identity=client.identity,
                    request_id=delivery.key,
                ),
                retry=True,
            )
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise


async def _all(
    client: Client, attributes: NamespaceAttributes, batch: Sequence[Delivery], more: str
) -> AsyncIterator[ListedExecution]:
    known = await attributes.known()
    narrowed = _of_types(batch) if known is not None and LISTENS in known else ""
    since = moment(datetime.now(UTC) - _CONTINUED_SINCE)
    async for listed in client.list_workflows(
        f"WorkflowType = '{WORKFLOW_TYPE}' AND (ExecutionStatus = 'Running' OR "
        f"(ExecutionStatus = 'ContinuedAsNew' AND CloseTime > '{since}')){narrowed}{more}"
    ):
        yield listed


def _of_types(batch: Sequence[Delivery]) -> str:
    types = sorted({str(delivery.event["type"]) for delivery in batch} | {EVERYTHING})
    if len(types) > _TYPES_IN_A_QUERY or any("'" in name or "\\" in name for name in types):
        return ""
    names = ", ".join(f"'{name}'" for name in types)
    return f" AND ({LISTENS} IN ({names}) OR {LISTENS} IS NULL)"


async def _types(listed: ListedExecution) -> Sequence[str]:
    """What an execution said that it listens to, by its attribute or, where there is no such attribute, its memo."""
    for pair in listed.typed_search_attributes:
        if pair.key.name == LISTENS:
            return list(pair.value)
    if LISTENS_MEMO in listed.raw_info.memo.fields:
        types: list[str] = await listed.memo_value(LISTENS_MEMO, [], type_hint=list[str])
        return types
    return ()
