"""The union of all tasks, told apart by the one property that names the kind."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Discriminator, Tag, model_serializer, model_validator

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.model import Model
from stigmer_dsl.models.call_arguments import AsyncApiArguments, AsyncApiSubscription
from stigmer_dsl.models.call_task import CallTask
from stigmer_dsl.models.do_task import DoTask
from stigmer_dsl.models.emit_task import EmitTask
from stigmer_dsl.models.event import SubscriptionIterator
from stigmer_dsl.models.for_task import ForTask
from stigmer_dsl.models.fork_task import ForkDefinition, ForkTask
from stigmer_dsl.models.listen_task import ListenTask
from stigmer_dsl.models.named import named_item
from stigmer_dsl.models.raise_task import RaiseTask
from stigmer_dsl.models.run_task import RunTask
from stigmer_dsl.models.set_task import SetTask
from stigmer_dsl.models.switch_task import SwitchTask
from stigmer_dsl.models.task_base import TaskBase
from stigmer_dsl.models.try_task import Catch, TryTask
from stigmer_dsl.models.wait_task import WaitTask

TASK_KINDS: Mapping[str, type[TaskBase]] = {
    "do": DoTask,
    "set": SetTask,
    "switch": SwitchTask,
    "for": ForTask,
    "fork": ForkTask,
    "try": TryTask,
    "raise": RaiseTask,
    "wait": WaitTask,
    "emit": EmitTask,
    "listen": ListenTask,
    "run": RunTask,
    "call": CallTask,
}
"""Every task kind by the property that names it in a document."""

_KIND_OF = {model: kind for kind, model in TASK_KINDS.items()}


def kinds_in(value: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """Name the task kinds that an object's properties claim, in the order of the object.

    A `for` task also has a `do`, which then does not count.
    """
    found = tuple(key for key in value if key in TASK_KINDS)
    return tuple(kind for kind in found if kind != "do") if "for" in found else found


def kind_of(task: TaskBase) -> str:
    """Name the kind of a task model (`set`, `call`, ...)."""
    return _KIND_OF[type(task)]


def _tag(value: Any) -> str | None:
    if isinstance(value, BaseModel):
        return f"<{_KIND_OF[type(value)]}>" if isinstance(value, TaskBase) else None
    kinds = kinds_in(value) if isinstance(value, dict) else ()
    return f"<{kinds[0]}>" if len(kinds) == 1 else None


Task = Annotated[
    Annotated[DoTask, Tag("<do>")]
    | Annotated[SetTask, Tag("<set>")]
    | Annotated[SwitchTask, Tag("<switch>")]
    | Annotated[ForTask, Tag("<for>")]
    | Annotated[ForkTask, Tag("<fork>")]
    | Annotated[TryTask, Tag("<try>")]
    | Annotated[RaiseTask, Tag("<raise>")]
    | Annotated[WaitTask, Tag("<wait>")]
    | Annotated[EmitTask, Tag("<emit>")]
    | Annotated[ListenTask, Tag("<listen>")]
    | Annotated[RunTask, Tag("<run>")]
    | Annotated[CallTask, Tag("<call>")],
    Discriminator(_tag),
]
"""Any task; validation goes to the one model whose property the object has, so errors are about that kind only."""


class NamedTask(Model):
    """A task and its name in its list; a one-property object in documents."""

    name: str
    task: Task

    @model_validator(mode="before")
    @classmethod
    def _from_item(cls, value: JsonValue) -> JsonValue:
        return value if isinstance(value, NamedTask) else named_item(value, "task")

    @model_serializer
    def _to_item(self) -> dict[str, Any]:
        return {self.name: self.task}


TaskList = tuple[NamedTask, ...]
"""Tasks in order; an empty list is allowed and passes its input through."""

_NAMES = {"TaskList": TaskList}
_RECURSIVE: tuple[type[Model], ...] = (
    SubscriptionIterator,
    AsyncApiSubscription,
    AsyncApiArguments,
    ForkDefinition,
    Catch,
    *TASK_KINDS.values(),
    NamedTask,
)
for _model in _RECURSIVE:
    _model.model_rebuild(_types_namespace=_NAMES)
