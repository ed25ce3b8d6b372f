"""Which task an activity is called by: the activity is not told, but the worker of the workflow knows its summary."""

from typing import Any

from temporalio import client, worker

_names: dict[tuple[str, str], str] = {}


def calling_task(workflow_id: str, activity_id: str) -> str:
    """The calling task as a reference of one part, its name; empty when it is not known."""
    return _names.get((workflow_id, activity_id), "")


class CallingTasks(client.Interceptor, worker.Interceptor):
    """Takes note of the task of every activity that workflows of this process start."""

    def workflow_interceptor_class(
        self,
        input: worker.WorkflowInterceptorClassInput,  # noqa: A002 - the base's own name
    ) -> type[worker.WorkflowInboundInterceptor]:
        """What stands around each workflow."""
        del input
        return _Inbound


class _Inbound(worker.WorkflowInboundInterceptor):
    def init(self, outbound: worker.WorkflowOutboundInterceptor) -> None:
        """Stand around what leaves the workflow."""
        super().init(_Outbound(outbound))


class _Outbound(worker.WorkflowOutboundInterceptor):
    def start_activity(self, input: worker.StartActivityInput) -> Any:  # noqa: A002 - the base's own name
        """Take note."""
        name = (input.summary or "").partition(": ")[2]
        if input.activity_id is not None and name:
            _names[self.info().workflow_id, input.activity_id] = "/" + name.replace("~", "~0").replace("/", "~1")
        return super().start_activity(input)
