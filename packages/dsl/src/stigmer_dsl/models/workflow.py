"""The whole document."""

from typing import Literal

from stigmer_dsl.model import Model
from stigmer_dsl.models.authentication import AuthenticationPolicy
from stigmer_dsl.models.data_flow import Input, Output, Timeout, TimeoutField
from stigmer_dsl.models.document import Document
from stigmer_dsl.models.error import ErrorDefinition
from stigmer_dsl.models.extension import NamedExtension
from stigmer_dsl.models.resource import Catalog
from stigmer_dsl.models.retry import RetryPolicy
from stigmer_dsl.models.schedule import Schedule
from stigmer_dsl.models.task import Task, TaskList


class Use(Model):
    """Components that the workflow's tasks use by name."""

    authentications: dict[str, AuthenticationPolicy] | None = None
    errors: dict[str, ErrorDefinition] | None = None
    extensions: tuple[NamedExtension, ...] | None = None
    functions: dict[str, Task] | None = None
    retries: dict[str, RetryPolicy] | None = None
    secrets: tuple[str, ...] | None = None
    timeouts: dict[str, Timeout] | None = None
    catalogs: dict[str, Catalog] | None = None


class Evaluate(Model):
    """How runtime expressions are evaluated."""

    language: str = "jq"
    mode: Literal["strict", "loose"] = "strict"


class Workflow(Model):
    """A workflow document of the Open Workflow DSL 1.0."""

    document: Document
    do: TaskList
    input: Input | None = None
    use: Use | None = None
    output: Output | None = None
    timeout: TimeoutField | None = None
    schedule: Schedule | None = None
    evaluate: Evaluate | None = None
