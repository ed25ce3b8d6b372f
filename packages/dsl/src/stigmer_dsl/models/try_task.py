"""The `try` task: tasks, and what happens to the errors they raise."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, Tag

from stigmer_dsl.model import TEXT_OR_OBJECT, Model
from stigmer_dsl.models.error import ErrorFilter
from stigmer_dsl.models.retry import RetryPolicy
from stigmer_dsl.models.task_base import TaskBase

if TYPE_CHECKING:
    from stigmer_dsl.models.task import TaskList


class CatchErrors(Model):
    """Which errors are caught."""

    with_: ErrorFilter | None = Field(default=None, alias="with")


class Catch(Model):
    """The filter, the conditions, the retries and the tasks that handle a caught error."""

    errors: CatchErrors | None = None
    as_: str = Field(default="error", alias="as")
    when: str | None = None
    except_when: str | None = Field(default=None, alias="exceptWhen")
    retry: Annotated[Annotated[str, Tag("<text>")] | Annotated[RetryPolicy, Tag("<object>")], TEXT_OR_OBJECT] | None = (
        None
    )
    do: "TaskList | None" = None
    then: str | None = None


class TryTask(TaskBase):
    """Runs the tasks of `try`; errors that `catch` selects do not leave it."""

    try_: "TaskList" = Field(alias="try")
    catch: Catch
