"""The `call` task: a protocol by name, or a function."""

from functools import cached_property
from typing import Self, TypeVar

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.model import Maybe, Model
from stigmer_dsl.models.agent_arguments import AgentArguments
from stigmer_dsl.models.call_arguments import (
    A2AArguments,
    ActivityArguments,
    AsyncApiArguments,
    GrpcArguments,
    HttpArguments,
    McpArguments,
    OpenApiArguments,
)
from stigmer_dsl.models.task_base import TaskBase

ArgumentsT = TypeVar("ArgumentsT", bound=Model)

PROTOCOLS: dict[str, type[Model]] = {
    "a2a": A2AArguments,
    "asyncapi": AsyncApiArguments,
    "grpc": GrpcArguments,
    "http": HttpArguments,
    "mcp": McpArguments,
    "openapi": OpenApiArguments,
}
"""The built-in calls and the models of their arguments; any other name is a function."""


RUNTIME_CALLS = ("activity", "agent")
"""Calls that are no part of the DSL and that a runtime may offer."""

ARGUMENTS: dict[str, type[Model]] = {**PROTOCOLS, "activity": ActivityArguments, "agent": AgentArguments}
"""The models of the arguments of all calls that have one; any other name is a function."""


class CallTask(TaskBase):
    """Calls a protocol (`http`, `grpc`, `openapi`, `asyncapi`, `a2a`, `mcp`) or a function by name, catalog or URL."""

    call: str
    with_: Maybe[JsonObject] = Field(default=None, alias="with")

    @field_validator("with_")
    @classmethod
    def _arguments_fit(cls, value: JsonObject | None, info: ValidationInfo) -> JsonObject | None:
        arguments = ARGUMENTS.get(info.data.get("call", ""))
        if arguments is not None and value is not None:
            arguments.model_validate(value, by_alias=True, by_name=False, context=info.context)
        return value

    @model_validator(mode="after")
    def _protocol_has_arguments(self) -> Self:
        if self.call in ARGUMENTS and self.with_ is None:
            raise PydanticCustomError(
                "missing-property", f"`call: {self.call}` needs `with`", {"hint": "Add the arguments under `with`."}
            )
        return self

    @cached_property
    def http(self) -> HttpArguments | None:
        """The arguments of `call: http`, None for any other call."""
        return self._typed(HttpArguments) if self.call == "http" else None

    @cached_property
    def arguments(self) -> Model | None:
        """The typed arguments of a built-in call, None for a function."""
        model = ARGUMENTS.get(self.call)
        return None if model is None else self._typed(model)

    def _typed(self, model: type[ArgumentsT]) -> ArgumentsT:
        return model.model_validate(self.with_, by_alias=True, by_name=False)
