"""How the activity of a call is run: what the document says in `metadata.activityOptions`, and defaults."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from stigmer_dsl.duration import Duration, parse_duration
from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.models import activity_options as document
from temporalio.common import Priority, RetryPolicy
from temporalio.workflow import ActivityConfig

FOREIGN: Final = "activity"
"""The kind of calls whose activities are not this engine's."""

HEARTBEAT: Final = timedelta(seconds=10)
"""An activity of this engine that gives no sign of life for so long, has lost its worker, and is tried elsewhere."""

LONGEST_CALL: Final = timedelta(hours=24)
"""An attempt of an activity of this engine; the bounds that matter are the task's `timeout` and those of the call."""

LONGEST_FOREIGN_CALL: Final = timedelta(minutes=10)
"""An attempt of a foreign activity, which may have no heartbeat that would tell of a lost worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityOptions:
    """What Temporal is told of an activity. None leaves a matter to Temporal.

    `retry_policy` None retries without end after 1, 2, 4, ... up to 100 seconds what is not said to be final. Faults
    of this engine's own calls are final, so that only the loss of a worker is retried.
    """

    start_to_close: timedelta | None = None
    schedule_to_close: timedelta | None = None
    schedule_to_start: timedelta | None = None
    heartbeat: timedelta | None = None
    retry_policy: RetryPolicy | None = None
    priority: Priority | None = None
    summary: str | None = None
    task_queue: str | None = None

    def keywords(self) -> ActivityConfig:
        """The keyword arguments of `temporalio.workflow.start_activity` and `execute_activity`; only what is set."""
        found: ActivityConfig = {}
        if self.start_to_close is not None:
            found["start_to_close_timeout"] = self.start_to_close
        if self.schedule_to_close is not None:
            found["schedule_to_close_timeout"] = self.schedule_to_close
        if self.schedule_to_start is not None:
            found["schedule_to_start_timeout"] = self.schedule_to_start
        if self.heartbeat is not None:
            found["heartbeat_timeout"] = self.heartbeat
        if self.retry_policy is not None:
            found["retry_policy"] = self.retry_policy
        if self.priority is not None:
            found["priority"] = self.priority
        if self.summary is not None:
            found["summary"] = self.summary
        if self.task_queue is not None:
            found["task_queue"] = self.task_queue
        return found


def activity_options(
    task_metadata: JsonObject | None,
    document_metadata: JsonObject | None,
    *,
    kind: str,
    arguments: JsonObject | None = None,
    heartbeat: timedelta = HEARTBEAT,
) -> ActivityOptions:
    """The options of one activity.

    Option by option (a retry policy or a priority is one): those of the call itself, then the task's, then the
    document's, then the defaults.

    Args:
        task_metadata, document_metadata: `metadata` as written.
        kind: of the call; `activity` is a foreign one.
        arguments: of the call; of a foreign one, `options` and `taskQueue` count.
        heartbeat: of calls of this engine, where the document says nothing else.

    Raises:
        ValueError: the options have a wrong shape; loading a document rules that out.
    """
    foreign = kind == FOREIGN
    defaults = _options(document_metadata)
    if not foreign:
        # Workers of this engine perform its calls. A task may name the queue of some of them; a default is meant for
        # activities of others.
        defaults = {name: value for name, value in defaults.items() if name != "taskQueue"}
    given = {**defaults, **_options(task_metadata)}
    if foreign and arguments is not None:
        given |= arguments.get("options") or {}
        if arguments.get("taskQueue"):
            given["taskQueue"] = arguments["taskQueue"]
    said = document.ActivityOptions.model_validate(given, by_alias=True, by_name=False)
    start_to_close = _time(said.start_to_close_timeout)
    schedule_to_close = _time(said.schedule_to_close_timeout)
    if start_to_close is None and schedule_to_close is None:
        start_to_close = LONGEST_FOREIGN_CALL if foreign else LONGEST_CALL
    return ActivityOptions(
        start_to_close=start_to_close,
        schedule_to_close=schedule_to_close,
        schedule_to_start=_time(said.schedule_to_start_timeout),
        heartbeat=_time(said.heartbeat_timeout) or (None if foreign else heartbeat),
        retry_policy=_retry_policy(said.retry_policy),
        priority=_priority(said.priority),
        summary=said.summary,
        task_queue=said.task_queue,
    )


def _options(metadata: JsonObject | None) -> JsonObject:
    found: JsonObject = (metadata or {}).get("activityOptions") or {}
    return found


def _time(value: str | Duration | None) -> timedelta | None:
    return None if value is None else timedelta(milliseconds=parse_duration(value).total_milliseconds())


def _retry_policy(said: document.ActivityRetryPolicy | None) -> RetryPolicy | None:
    if said is None:
        return None
    default = RetryPolicy()
    return RetryPolicy(
        initial_interval=_time(said.initial_interval) or default.initial_interval,
        backoff_coefficient=float(said.backoff_coefficient or default.backoff_coefficient),
        maximum_interval=_time(said.maximum_interval),
        maximum_attempts=said.maximum_attempts or 0,
        non_retryable_error_types=list(said.non_retryable_error_types or ()) or None,
    )


def _priority(said: document.ActivityPriority | None) -> Priority | None:
    if said is None:
        return None
    weight = said.fairness_weight
    return Priority(
        priority_key=said.priority_key,
        fairness_key=said.fairness_key,
        fairness_weight=None if weight is None else float(weight),
    )
