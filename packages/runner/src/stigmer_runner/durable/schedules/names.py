"""Names of schedules on Temporal, and of what they start."""

from typing import Final

from stigmer_engine import PreparedDocument

SCHEDULE_PREFIX: Final = "stigmer/schedule/"
STARTER_TYPE: Final = "stigmer/scheduled-start"
"""The workflow type that a schedule starts, which starts the execution; an activity has the same name."""
QUEUE_MEMO: Final = "stigmer-task-queue"
"""Memo of a schedule: the task queue of the runners that keep it."""


def schedule_id(document: PreparedDocument) -> str:
    """`stigmer/schedule/{namespace}/{name}:{version}`."""
    head = document.workflow.document
    return f"{SCHEDULE_PREFIX}{head.namespace}/{head.name}:{head.version}"


def execution_of(starter_id: str) -> str:
    """The execution that a starter starts, by its workflow id, which is its schedule's with the time.

    The same each time, so that it is started once. A slash would make it a sub-workflow of something.
    """
    return starter_id.removeprefix(SCHEDULE_PREFIX).replace("/", ".")
