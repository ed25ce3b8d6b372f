"""Publishes the lifecycle events of executions, each at its own pace behind the run."""

import asyncio
import logging

from stigmer_engine.event_log import EventLog
from stigmer_engine.faults import Fault
from stigmer_engine.interpreter.prepared import PreparedDocument
from stigmer_engine.lifecycle_events.config import LifecycleConfig
from stigmer_engine.lifecycle_events.translation import LifecycleTranslation

_log = logging.getLogger(__name__)


class LifecycleSink:
    """Follows event logs; a publisher that is slow, down or wrong costs lifecycle events, and never a run."""

    def __init__(self, config: LifecycleConfig) -> None:
        self._config = config
        self._following: set[asyncio.Task[None]] = set()

    def follow(self, document: PreparedDocument, log: EventLog) -> None:
        """Publish what a log says, from its beginning to its end."""
        translation = LifecycleTranslation(
            document.workflow.document,
            document.raw,
            status_changes=self._config.status_changes,
            output_base=self._config.output_base,
        )
        task = asyncio.ensure_future(self._publish(translation, log))
        self._following.add(task)
        task.add_done_callback(self._following.discard)

    async def close(self) -> None:
        """Wait for what is on its way, for as long as the configuration says."""
        if self._following:
            _done, late = await asyncio.wait(self._following, timeout=self._config.closing_seconds)
            for task in late:
                task.cancel()
            if late:
                _log.warning("lifecycle events of %d executions were not published in time", len(late))
                await asyncio.wait(late)

    async def _publish(self, translation: LifecycleTranslation, log: EventLog) -> None:
        lost, reason, broken = 0, "", False
        async for progress in log.follow():
            for event in translation.translate(progress):
                try:
                    await self._config.publisher.publish(event)
                except Fault as error:
                    lost, reason = lost + 1, error.error.sentence
                except Exception as error:
                    lost, reason = lost + 1, f"a defect of the publisher ({type(error).__name__})"
                    if not broken:
                        broken = True
                        _log.exception("the publisher of lifecycle events is broken")
        if lost:
            _log.warning("%d lifecycle events were lost; the last reason: %s", lost, reason)
