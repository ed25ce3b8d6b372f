"""Mocked calls: which calls they answer, and how."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.model import Maybe, Model

from stigmer_engine.cases.model.collection import not_empty
from stigmer_engine.cases.model.expectation import ErrorExpectation
from stigmer_engine.cases.model.fixed_duration import FixedDuration

NetworkFailure = Literal["connection", "timeout"]


class Reply(Model):
    """One answer.

    Attributes:
        status, headers, body: of the HTTP response; of any other call, `body` is its value.
        delay: virtual time until the answer.
        failure: no answer at all: the peer cannot be reached, or says nothing in time.
        error: what a call other than HTTP fails with.
    """

    status: int = Field(default=200, ge=100, le=599)
    headers: dict[str, str] = Field(default_factory=dict)
    body: JsonValue = None
    delay: Maybe[FixedDuration] = None
    failure: Maybe[NetworkFailure] = None
    error: Maybe[ErrorExpectation] = None


class Mock(Model):
    """Answers the calls that have everything it names; the first mock that fits answers.

    Attributes:
        call: the kind of call; `http` when nothing else is said.
        method, uri: of the request; a `*` in the URI stands for any text, and a URI without `?` ignores the query.
        query, headers, body: parts that must be in the request.
        arguments: parts that must be in the arguments of a call other than HTTP.
        task: name or reference of the calling task.
        times: how many calls it answers; without it, all.
        reply, replies: the answers in turn; the last one is repeated.
    """

    call: str = "http"
    method: Maybe[str] = None
    uri: Maybe[str] = None
    query: JsonObject = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    body: JsonValue = None
    arguments: JsonObject = Field(default_factory=dict)
    task: Maybe[str] = None
    times: Maybe[int] = Field(default=None, ge=1)
    reply: Maybe[Reply] = None
    replies: Maybe[Annotated[tuple[Reply, ...], AfterValidator(not_empty)]] = None

    @model_validator(mode="after")
    def _one_kind_of_answer(self) -> Self:
        if self.reply is not None and self.replies is not None:
            raise PydanticCustomError(
                "conflicting-properties", "`reply` and `replies` exclude each other", {"hint": "Keep one of them."}
            )
        return self

    def answer(self, earlier: int) -> Reply:
        """The answer to a call before which this mock answered `earlier` others."""
        answers = self.replies or (self.reply or Reply(),)
        return answers[min(earlier, len(answers) - 1)]
