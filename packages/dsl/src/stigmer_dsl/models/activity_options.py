"""How an activity is run where there are activities: timeouts, retries, priority. The names are Temporal's."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, StrictBool, StrictInt, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from stigmer_dsl.duration import parse_duration
from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.model import Maybe, Model
from stigmer_dsl.models.literal import LiteralDuration, LiteralText, number_between

_INT32 = 2**31 - 1
_SUMMARY_BYTES = 200
_FAIRNESS_KEY_BYTES = 64
_LEAST_WEIGHT, _MOST_WEIGHT = 0.001, 1000


def _at_most(limit: int, what: str) -> AfterValidator:
    def check(text: str) -> str:
        if len(text.encode()) > limit:
            raise PydanticCustomError(
                "out-of-range",
                "{what} has at most {limit} bytes in UTF-8",
                {"what": what, "limit": limit, "hint": "Shorten it."},
            )
        return text

    return AfterValidator(check)


Coefficient = Annotated[
    JsonValue,
    AfterValidator(lambda value: number_between(value, 1)),
    WithJsonSchema({"type": "number", "minimum": 1}),
]
"""A number of at least 1."""

Weight = Annotated[
    JsonValue,
    AfterValidator(lambda value: number_between(value, _LEAST_WEIGHT, _MOST_WEIGHT)),
    WithJsonSchema({"type": "number", "minimum": _LEAST_WEIGHT, "maximum": _MOST_WEIGHT}),
]
"""A share: a number between the bounds of the server."""


class ActivityRetryPolicy(Model):
    """When an attempt of an activity that failed is made again.

    Attributes:
        initial_interval: the time before the first retry (1 second, when absent).
        backoff_coefficient: what each interval is multiplied by to get the next one (2).
        maximum_interval: the longest interval (100 times the first).
        maximum_attempts: how many attempts there are in all; 0 for no end.
        non_retryable_error_types: names of errors after which there is no retry.
    """

    initial_interval: Maybe[LiteralDuration] = Field(default=None, alias="initialInterval")
    backoff_coefficient: Maybe[Coefficient] = Field(default=None, alias="backoffCoefficient")
    maximum_interval: Maybe[LiteralDuration] = Field(default=None, alias="maximumInterval")
    maximum_attempts: Maybe[StrictInt] = Field(default=None, alias="maximumAttempts", ge=0, le=_INT32)
    non_retryable_error_types: Maybe[tuple[LiteralText, ...]] = Field(default=None, alias="nonRetryableErrorTypes")

    @model_validator(mode="after")
    def _intervals_grow(self) -> Self:
        initial = parse_duration(self.initial_interval or "PT1S").total_milliseconds()
        longest = self.maximum_interval
        if longest is not None and parse_duration(longest).total_milliseconds() < initial:
            raise PydanticCustomError(
                "out-of-range",
                "`maximumInterval` is shorter than `initialInterval`, which is one second when it is absent",
                {"hint": "Make `maximumInterval` longer, or `initialInterval` shorter."},
            )
        return self


class ActivityPriority(Model):
    """Which of the waiting activities of a queue come first.

    Attributes:
        priority_key: 1 comes before 5; 3, when absent.
        fairness_key: those with one key share what the queue gives, such as the name of a tenant.
        fairness_weight: how large the share of the key is, from 0.001 to 1000; 1, when absent.
    """

    priority_key: Maybe[StrictInt] = Field(default=None, alias="priorityKey", ge=1, le=5)
    fairness_key: Maybe[Annotated[LiteralText, _at_most(_FAIRNESS_KEY_BYTES, "A fairness key")]] = Field(
        default=None, alias="fairnessKey"
    )
    fairness_weight: Maybe[Weight] = Field(default=None, alias="fairnessWeight")


class ActivityOptions(Model):
    """How an activity is run; all of it literal.

    Attributes:
        start_to_close_timeout: of one attempt.
        schedule_to_close_timeout: of all attempts and the waiting between them.
        schedule_to_start_timeout: of the waiting for a worker.
        heartbeat_timeout: between two signs of life of an attempt.
        summary: one line for the user interface, at most 200 bytes.
        task_queue: the queue whose workers perform it.
        disable_eager_execution: a hint to the server, which has no bearing on the result.
    """

    start_to_close_timeout: Maybe[LiteralDuration] = Field(default=None, alias="startToCloseTimeout")
    schedule_to_close_timeout: Maybe[LiteralDuration] = Field(default=None, alias="scheduleToCloseTimeout")
    schedule_to_start_timeout: Maybe[LiteralDuration] = Field(default=None, alias="scheduleToStartTimeout")
    heartbeat_timeout: Maybe[LiteralDuration] = Field(default=None, alias="heartbeatTimeout")
    retry_policy: Maybe[ActivityRetryPolicy] = Field(default=None, alias="retryPolicy")
    priority: Maybe[ActivityPriority] = None
    summary: Maybe[Annotated[LiteralText, _at_most(_SUMMARY_BYTES, "A summary")]] = None
    task_queue: Maybe[LiteralText] = Field(default=None, alias="taskQueue")
    disable_eager_execution: Maybe[StrictBool] = Field(default=None, alias="disableEagerExecution")
