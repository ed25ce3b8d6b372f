"""The `try` task: tasks, and what happens to the errors they raise."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, Tag

from stigmer_dsl.model import TEXT_OR_OBJECT, Maybe, Model
from stigmer_dsl.models.error import ErrorFilter
from stigmer_dsl.models.retry import RetryPolicy
from stigmer_dsl.models.task_base import TaskBase
from stigmer_dsl.models.text import VariableName

if TYPE_CHECKING:
    from stigmer_dsl.models.task import TaskList


RetryField = Annotated[Annotated[str, Tag("<text>")] | Annotated[RetryPolicy, Tag("<object>")], TEXT_OR_OBJECT]
"""A `RetryPolicy`, or the name of one in `use.retries`."""


class CatchErrors(Model):
    """Which errors are caught."""

    with_: Maybe[ErrorFilter] = Field(default=None, alias="with")


class Catch(Model):
    """The filter, the conditions, the retries and the tasks that handle a caught error."""

    errors: Maybe[CatchErrors] = None
    as_: VariableName = Field(default="error", alias="as")
    when: Maybe[str] = None
    except_when: Maybe[str] = Field(default=None, alias="exceptWhen")
    retry: Maybe[RetryField] = None
    do: "Maybe[TaskList]" = None
    then: Maybe[str] = None


class TryTask(TaskBase):
    """Runs the tasks of `try`; errors that `catch` selects do not leave it."""

    try_: "TaskList" = Field(alias="try")
    catch: Catch
