"""The virtual time of an execution."""

from typing import Protocol

from temporalio.client import Client


class VirtualTime(Protocol):
    """Use `client` to start the execution. If it is not free, its time is everybody's until it is told to jump."""

    @property
    def client(self) -> Client:
        """Starts executions whose time can jump."""
        ...

    async def attach(self, workflow_id: str) -> None:
        """Be the time of this execution from now on."""
        ...

    async def now(self) -> float:
        """Unix time in seconds."""
        ...

    async def reach(self, seconds: float) -> bool:
        """Jump until so many seconds after the start; False when the execution ends before."""
        ...

    async def run_out(self) -> None:
        """Jump whenever there is nothing to do but to wait, until the execution ends."""
        ...


class MakeTime(Protocol):
    """Makes the time of one execution."""

    def __call__(self, client: Client, *, free: bool) -> VirtualTime:
        """A time that is free, or not."""
        ...
