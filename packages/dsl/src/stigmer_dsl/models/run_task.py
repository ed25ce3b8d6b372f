"""The `run` task: a container, a script, a shell command or another workflow."""

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, StrictBool, Tag, model_validator
from pydantic_core import PydanticCustomError

from stigmer_dsl.json_types import JsonObject
from stigmer_dsl.model import Model, one_of
from stigmer_dsl.models.duration_field import DurationField
from stigmer_dsl.models.resource import ExternalResource
from stigmer_dsl.models.task_base import TaskBase


class ContainerLifetime(Model):
    """When the container is removed; `after` goes with `eventually`."""

    cleanup: Literal["always", "never", "eventually"]
    after: DurationField | None = None

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
    name: str | None = None
    command: str | None = None
    ports: JsonObject | None = None
    volumes: JsonObject | None = None
    environment: JsonObject | None = None
    stdin: str | None = None
    arguments: tuple[str, ...] | None = None
    lifetime: ContainerLifetime | None = None
    pull_policy: Literal["ifNotPresent", "always", "never"] | None = Field(default=None, alias="pullPolicy")


def _list_or_map(value: Any) -> str:
    return "<map>" if isinstance(value, dict) else "<list>"


class ScriptProcess(Model):
    """A script, in place (`code`) or external (`source`); arguments are a list or a map."""

    language: str
    code: str | None = None
    source: ExternalResource | None = None
    stdin: str | None = None
    arguments: (
        Annotated[
            Annotated[tuple[str, ...], Tag("<list>")] | Annotated[JsonObject, Tag("<map>")],
            Discriminator(_list_or_map),
        ]
        | None
    ) = None
    environment: JsonObject | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        one_of(self, "code", "source")
        return self


class ShellProcess(Model):
    """A shell command."""

    command: str
    stdin: str | None = None
    arguments: tuple[str, ...] | None = None
    environment: JsonObject | None = None


class WorkflowProcess(Model):
    """Another workflow by identity; `input` is its raw input."""

    namespace: str
    name: str
    version: str = "latest"
    input: JsonObject | None = None


class RunDefinition(Model):
    """Exactly one process, whether to wait for it, and what it returns."""

    container: ContainerProcess | None = None
    script: ScriptProcess | None = None
    shell: ShellProcess | None = None
    workflow: WorkflowProcess | None = None
    await_: StrictBool = Field(default=True, alias="await")
    return_: Literal["stdout", "stderr", "code", "all", "none"] = Field(default="stdout", alias="return")

    @model_validator(mode="after")
    def _one_process(self) -> Self:
        one_of(self, "container", "script", "shell", "workflow")
        return self


class RunTask(TaskBase):
    """Runs a process."""

    run: RunDefinition
