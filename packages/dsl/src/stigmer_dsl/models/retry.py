"""Retry policies."""

from typing import Self

from pydantic import Field, StrictInt, model_validator

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.model import Model, one_of
from stigmer_dsl.models.duration_field import DurationField


class Backoff(Model):
    """How the delay grows from one retry to the next: exactly one kind."""

    constant: JsonObject | None = None
    linear: JsonObject | None = None
    exponential: JsonObject | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        one_of(self, "constant", "linear", "exponential")
        return self


class AttemptLimit(Model):
    """How many retries follow the first try, and how long each may take."""

    count: StrictInt | None = Field(default=None, ge=0)
    duration: DurationField | None = None


class RetryLimit(Model):
    """When to stop trying: by attempts, by the whole duration, or both."""

    attempt: AttemptLimit | None = None
    duration: DurationField | None = None


class Jitter(Model):
    """Bounds of the random time added to each delay."""

    from_: DurationField = Field(alias="from")
    to: DurationField


class RetryPolicy(Model):
    """Whether, when and how often the tasks of a `try` run again."""

    when: str | None = None
    except_when: str | None = Field(default=None, alias="exceptWhen")
    delay: DurationField | None = None
    backoff: Backoff | None = None
    limit: RetryLimit | None = None
    jitter: Jitter | None = None
