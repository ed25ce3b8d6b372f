"""Everything that is registered: workflows, instances, environments, contexts of executions, runners."""

from stigmer_server.resources.contexts import ExecutionContexts
from stigmer_server.resources.environments import Environments
from stigmer_server.resources.instances import WorkflowInstances
from stigmer_server.resources.runners import WorkflowRunners
from stigmer_server.resources.workflows import Workflows

__all__ = ["Environments", "ExecutionContexts", "WorkflowInstances", "WorkflowRunners", "Workflows"]
