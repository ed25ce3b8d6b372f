"""What a schedule starts: a short workflow that has a runner start the execution.

The execution is started by a runner, and not by Temporal itself, as a start needs more than fixed arguments: the
document as it is now, an id and a nonce of its own, secrets, and the search attributes of the namespace. Temporal
starts no second one while the first waits for a runner, so one start makes up for all in a time without a runner.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from stigmer_engine.documents import DocumentRegistry
from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

from stigmer_runner.durable.executions import DurableExecutions
from stigmer_runner.durable.schedules.names import STARTER_TYPE, execution_of
from stigmer_runner.executions.schedule_variables import ScheduleVariables

_START_SECONDS: Final = timedelta(seconds=30)
_RETRY: Final = RetryPolicy(maximum_interval=timedelta(minutes=1), maximum_attempts=30)


@workflow.defn(name=STARTER_TYPE, sandboxed=False)
class ScheduledStart:
    """Starts an execution of a registered document; ends as soon as it runs."""

    @workflow.run
    async def run(self, identity: dict[str, str]) -> str:
        """Start one.

        Args:
            identity: `namespace`, `name` and `version` of the document.

        Returns:
            The id of the execution.
        """
        started: str = await workflow.execute_activity(
            STARTER_TYPE, identity, start_to_close_timeout=_START_SECONDS, retry_policy=_RETRY, result_type=str
        )
        return started


def start_scheduled(
    executions: DurableExecutions, documents: DocumentRegistry, variables: ScheduleVariables
) -> Callable[..., Any]:
    """The activity of `ScheduledStart`; tried again, maybe by another runner, when this one cannot start it."""

    @activity.defn(name=STARTER_TYPE)
    async def start(identity: dict[str, str]) -> str:
        document = documents.find(identity["namespace"], identity["name"], identity["version"])
        if document is None:
            where = "{namespace}/{name}:{version}".format_map(identity)
            raise ApplicationError(f"this runner has no document {where} in DOCUMENTS_DIR", type="stigmer/no-document")
        given = variables.of(document)
        starter = activity.info().workflow_id
        assert starter is not None
        execution = await executions.start_scheduled(
            document, execution_of(starter), env=given.env, secrets=given.secrets
        )
        return execution.id

    return start
