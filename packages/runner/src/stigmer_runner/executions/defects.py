"""The last event of a run that a defect of ours has ended, so that nobody waits for it for ever."""

import time
import traceback

from stigmer_engine import EventError, EventType, ProgressEvent, Status
from stigmer_ports.redaction import Redactor

from stigmer_runner.executions.run import Run


def close_after_defect(run: Run, defect: Exception, redactor: Redactor) -> None:
    """Append `workflow_failed` with code SYSTEM_PANIC, unless the log is closed already."""
    if run.log.closed:
        return
    last = run.log.last
    trace = "".join(traceback.format_exception(defect))
    run.log.append(
        ProgressEvent(
            workflow_execution_id=run.id,
            event_type=EventType.WORKFLOW_FAILED,
            workflow_name=run.workflow_name,
            status=Status.FAILED,
            message="Workflow failed by a defect of the runner",
            timestamp_ms=time.time_ns() // 1_000_000,
            sequence_number=(last.sequence_number if last else 0) + 1,
            error=EventError(
                code="SYSTEM_PANIC",
                message=f"a defect of the runner: {type(defect).__name__}",
                stack_trace=redactor.text(trace),
            ),
        )
    )
