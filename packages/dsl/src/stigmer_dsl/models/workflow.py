"""The whole document."""

from typing import Literal

from stigmer_dsl.model import Maybe, Model
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

    authentications: Maybe[dict[str, AuthenticationPolicy]] = None
    errors: Maybe[dict[str, ErrorDefinition]] = None
    extensions: Maybe[tuple[NamedExtension, ...]] = None
    functions: Maybe[dict[str, Task]] = None
    retries: Maybe[dict[str, RetryPolicy]] = None
    secrets: Maybe[tuple[str, ...]] = None
    timeouts: Maybe[dict[str, Timeout]] = None
    catalogs: Maybe[dict[str, Catalog]] = None


class Evaluate(Model):
    """How runtime expressions are evaluated."""

    language: str = "jq"
    mode: Literal["strict", "loose"] = "strict"


class Workflow(Model):
    """A workflow document of the Open Workflow DSL 1.0."""

    document: Document
    input: Maybe[Input] = None
    use: Maybe[Use] = None
    do: TaskList
    timeout: Maybe[TimeoutField] = None
    output: Maybe[Output] = None
    schedule: Maybe[Schedule] = None
    evaluate: Maybe[Evaluate] = None
