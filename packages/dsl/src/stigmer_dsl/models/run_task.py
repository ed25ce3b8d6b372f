"""The `run` task: a container, a script, a shell command or another workflow."""

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, StrictBool, Tag, model_validator
from pydantic_core import PydanticCustomError

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.model import Maybe, Model, one_of
from stigmer_dsl.models.duration_field import DurationField
from stigmer_dsl.models.resource import ExternalResource
from stigmer_dsl.models.task_base import TaskBase


class ContainerLifetime(Model):
    """When the container is removed; `after` goes with `eventually`."""

    cleanup: Literal["always", "never", "eventually"]
    after: Maybe[DurationField] = None

    @model_validator(mode="after")
    def _after_with_eventually(self) -> Self:
        if self.cleanup == "eventually" and self.after is None:
            raise PydanticCustomError(
                "missing-property", "`cleanup: eventually` needs `after`", {"hint": "Add `after`."}
            )
        if self.cleanup != "eventually" and self.after is not None:
            raise PydanticCustomError(
                "conflicting-properties",
                "`after` goes with `cleanup: eventually` only",
                {"hint": "Remove `after`, or write `cleanup: eventually`."},
            )
        return self


class ContainerProcess(Model):
    """A container."""

    image: str
    name: Maybe[str] = None
    command: Maybe[str] = None
    ports: Maybe[JsonObject] = None
    volumes: Maybe[JsonObject] = None
    environment: Maybe[JsonObject] = None
    stdin: Maybe[str] = None
    arguments: Maybe[tuple[str, ...]] = None
    lifetime: Maybe[ContainerLifetime] = None
    pull_policy: Maybe[Literal["ifNotPresent", "always", "never"]] = Field(default=None, alias="pullPolicy")


def _list_or_map(value: Any) -> str:
    return "<map>" if isinstance(value, dict) else "<list>"


class ScriptProcess(Model):
    """A script, in place (`code`) or external (`source`); arguments are a list or a map."""

    language: str
    code: Maybe[str] = None
    source: Maybe[ExternalResource] = None
    stdin: Maybe[str] = None
    arguments: Maybe[
        Annotated[
            Annotated[tuple[str, ...], Tag("<list>")] | Annotated[JsonObject, Tag("<map>")],
            Discriminator(_list_or_map),
        ]
    ] = None
    environment: Maybe[JsonObject] = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        one_of(self, "code", "source")
        return self


class ShellProcess(Model):
    """A shell command."""

    command: str
    stdin: Maybe[str] = None
    arguments: Maybe[tuple[str, ...]] = None
    environment: Maybe[JsonObject] = None


class WorkflowProcess(Model):
    """Another workflow by identity; `input` is its raw input."""

    namespace: str
    name: str
    version: str = "latest"
    input: Maybe[JsonObject] = None


class RunDefinition(Model):
    """Exactly one process, whether to wait for it, and what it returns."""

    container: Maybe[ContainerProcess] = None
    script: Maybe[ScriptProcess] = None
    shell: Maybe[ShellProcess] = None
    workflow: Maybe[WorkflowProcess] = None
    await_: StrictBool = Field(default=True, alias="await")
    return_: Literal["stdout", "stderr", "code", "all", "none"] = Field(default="stdout", alias="return")

    @model_validator(mode="after")
    def _one_process(self) -> Self:
        one_of(self, "container", "script", "shell", "workflow")
        return self


class RunTask(TaskBase):
    """Runs a process."""

    run: RunDefinition
