"""Models of the Open Workflow DSL 1.0 document: frozen, strict, one file a task kind."""

from stigmer_dsl.models.call_arguments import HttpArguments
from stigmer_dsl.models.call_task import PROTOCOLS, CallTask
from stigmer_dsl.models.data_flow import Export, Input, Output, Timeout
from stigmer_dsl.models.do_task import DoTask
from stigmer_dsl.models.document import Document
from stigmer_dsl.models.emit_task import EmitTask
from stigmer_dsl.models.error import ErrorDefinition, ErrorFilter
from stigmer_dsl.models.for_task import ForDefinition, ForTask
from stigmer_dsl.models.fork_task import ForkDefinition, ForkTask
from stigmer_dsl.models.listen_task import ListenTask
from stigmer_dsl.models.raise_task import RaiseDefinition, RaiseTask
from stigmer_dsl.models.resource import Endpoint, SchemaDefinition
from stigmer_dsl.models.retry import RetryPolicy
from stigmer_dsl.models.run_task import RunTask
from stigmer_dsl.models.set_task import SetTask
from stigmer_dsl.models.switch_task import NamedCase, SwitchCase, SwitchTask
from stigmer_dsl.models.task import TASK_KINDS, NamedTask, Task, TaskList, kind_of
from stigmer_dsl.models.task_base import TaskBase
from stigmer_dsl.models.try_task import Catch, TryTask
from stigmer_dsl.models.wait_task import WaitTask
from stigmer_dsl.models.workflow import Use, Workflow

__all__ = [
    "PROTOCOLS", "TASK_KINDS", "CallTask", "Catch", "DoTask", "Document", "EmitTask", "Endpoint", "ErrorDefinition",
    "ErrorFilter", "Export", "ForDefinition", "ForTask", "ForkDefinition", "ForkTask", "HttpArguments", "Input",
    "ListenTask", "NamedCase", "NamedTask", "Output", "RaiseDefinition", "RaiseTask", "RetryPolicy", "RunTask",
    "SchemaDefinition", "SetTask", "SwitchCase", "SwitchTask", "Task", "TaskBase", "TaskList", "Timeout", "TryTask",
    "Use", "WaitTask", "Workflow", "kind_of",
]  # fmt: skip
