"""Retry policies."""

from typing import Self

from pydantic import Field, StrictInt, model_validator

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.model import Maybe, Model, one_of
from stigmer_dsl.models.duration_field import DurationField


class Backoff(Model):
    """How the delay grows from one retry to the next: exactly one kind."""

    constant: Maybe[JsonObject] = None
    linear: Maybe[JsonObject] = None
    exponential: Maybe[JsonObject] = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        one_of(self, "constant", "linear", "exponential")
        return self


class AttemptLimit(Model):
    """How many retries follow the first try, and how long each may take."""

    count: Maybe[StrictInt] = Field(default=None, ge=0)
    duration: Maybe[DurationField] = None


class RetryLimit(Model):
    """When to stop trying: by attempts, by the whole duration, or both."""

    attempt: Maybe[AttemptLimit] = None
    duration: Maybe[DurationField] = None


class Jitter(Model):
    """Bounds of the random time added to each delay."""

    from_: DurationField = Field(alias="from")
    to: DurationField


class RetryPolicy(Model):
    """Whether, when and how often the tasks of a `try` run again."""

    when: Maybe[str] = None
    except_when: Maybe[str] = Field(default=None, alias="exceptWhen")
    delay: Maybe[DurationField] = None
    backoff: Maybe[Backoff] = None
    limit: Maybe[RetryLimit] = None
    jitter: Maybe[Jitter] = None
