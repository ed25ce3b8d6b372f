"""A client that reports to nobody."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from stigmer_proto.ai.stigmer.agentic.workflowrunner.v1 import ReportProgressResponse, WorkflowProgressEvent


class NullClient:
    """Stands in for a `CallbackClient` where nobody listens: accepts every event and forgets it."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def report_progress(self, event: WorkflowProgressEvent) -> ReportProgressResponse:  # noqa: ARG002
        """Accept `event`."""
        return ReportProgressResponse(success=True)

    async def report_progress_with_retry(
        self,
        event: WorkflowProgressEvent,  # noqa: ARG002
        attempts: int = 3,  # noqa: ARG002
    ) -> ReportProgressResponse:
        """Accept `event` at the first attempt."""
        return ReportProgressResponse(success=True)
