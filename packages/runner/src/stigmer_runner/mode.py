"""What a mode of execution gives to the ports, and to whoever starts and stops the process."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from starlette.types import ASGIApp

from stigmer_runner.executions import Executions, RegisteredDocuments


class Lifecycle(Protocol):
    """How a mode begins and ends."""

    @property
    def ready(self) -> bool:
        """Whether the process should get work."""
        ...

    def begin(self) -> None:
        """Start what starts by itself; every port is open by now."""
        ...

    async def drain(self, hurry: asyncio.Event) -> None:
        """Take nothing more, and let what is under way finish or go elsewhere; hurry when told so."""
        ...

    async def settle(self) -> None:
        """Hand out what is left, when the ports have said their last."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """The executions of the process, and what goes with them.

    `event_source` takes the events that are posted from outside.
    """

    executions: Executions
    documents: RegisteredDocuments
    event_source: ASGIApp
    lifecycle: Lifecycle
