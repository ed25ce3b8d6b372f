"""Has Temporal keep the schedules of the documents in DOCUMENTS_DIR, and no others of the same runners."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from stigmer_engine import PreparedDocument
from stigmer_ports.logs import get_logger
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from stigmer_runner.durable.schedules.names import QUEUE_MEMO, SCHEDULE_PREFIX, STARTER_TYPE, schedule_id
from stigmer_runner.durable.schedules.temporal_schedule import TemporalSchedule
from stigmer_runner.durable.schedules.timing import timing

log = get_logger(__name__)

# A start that falls into a longer outage of Temporal is left out; the starter itself waits for a runner for ever.
_CATCH_UP: Final = timedelta(minutes=1)


async def keep_schedules(
    client: Client, documents: Iterable[PreparedDocument], *, queue: str, time_zone: str
) -> dict[str, TemporalSchedule]:
    """Create, change and delete schedules, so that Temporal has those of the documents. May be done by many runners.

    What Temporal does not do is logged, and told by the schedule. Nothing here stops a start of the runner.

    Returns:
        By the id that it has or would have, the schedule of each document that has one.
    """
    found: dict[str, TemporalSchedule] = {}
    for document in documents:
        if document.workflow.schedule is None:
            continue
        identity = schedule_id(document)
        times = timing(document.workflow.schedule, time_zone)
        problems = list(times.left_out)
        kept = ""
        if times.spec is not None:
            refusal = await _keep(client, identity, _schedule(document, times.spec, queue), queue)
            problems += [refusal] if refusal else []
            kept = "" if refusal else identity
        for problem in problems:
            log.warning("a schedule is not kept as it is written", schedule=identity, why=problem)
        found[identity] = TemporalSchedule(client, kept, "; ".join(problems))
    await _delete_others(client, {identity for identity, _ in found.items()}, queue)
    return found


def _schedule(document: PreparedDocument, spec: ScheduleSpec, queue: str) -> Schedule:
    head = document.workflow.document
    return Schedule(
        action=ScheduleActionStartWorkflow(
            STARTER_TYPE,
            {"namespace": head.namespace, "name": head.name, "version": head.version},
            id=schedule_id(document),
            task_queue=queue,
            static_summary=f"starts {head.namespace}/{head.name}:{head.version}",
        ),
        spec=spec,
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
    )


async def _keep(client: Client, identity: str, schedule: Schedule, queue: str) -> str:
    """Create or change it. Gives what Temporal has against it, or nothing."""

    def changed(known: ScheduleUpdateInput) -> ScheduleUpdate:
        # Whether it is paused, and its note, are the operator's.
        return ScheduleUpdate(replace(schedule, state=known.description.schedule.state))

    try:
        try:
            await client.create_schedule(identity, schedule, memo={QUEUE_MEMO: queue})
        except ScheduleAlreadyRunningError:
            await client.get_schedule_handle(identity).update(changed)
    except RPCError as error:
        return f"Temporal did not take it: {error.message}"
    return ""


async def _delete_others(client: Client, wanted: set[str], queue: str) -> None:
    """Delete what runners of this task queue have kept for documents that are not there any more."""
    try:
        async for known in await client.list_schedules():
            if not known.id.startswith(SCHEDULE_PREFIX) or known.id in wanted:
                continue
            if (await known.memo()).get(QUEUE_MEMO) != queue:
                continue
            await _delete(client, known.id)
    except RPCError as error:
        log.warning("schedules of documents that are gone could not be looked for", why=error.message)


async def _delete(client: Client, identity: str) -> None:
    try:
        await client.get_schedule_handle(identity).delete()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
    else:
        log.info("the schedule of a document that is gone was deleted", schedule=identity)
