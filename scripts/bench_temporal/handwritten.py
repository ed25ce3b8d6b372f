"""The yardstick: what one would write by hand with the Temporal Python SDK for the same steps."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    import httpx

_LONG = timedelta(minutes=5)


@workflow.defn(name="hand/set")
class SetByHand:
    """A value is computed."""

    @workflow.run
    async def run(self, given: dict[str, Any]) -> Any:
        """The sum."""
        return {"sum": given["a"] + given["b"]}


@workflow.defn(name="hand/switch")
class SwitchByHand:
    """One of two ways is taken."""

    @workflow.run
    async def run(self, given: dict[str, Any]) -> Any:
        """What the way gives."""
        if given["a"] > given["b"]:
            return {"way": "left"}
        return {"way": "right"}


@workflow.defn(name="hand/for")
class ForByHand:
    """A loop of computations."""

    @workflow.run
    async def run(self, given: dict[str, Any]) -> Any:
        """The total."""
        total = 0
        for item in given["items"]:
            total += item
        return {"total": total}


@workflow.defn(name="hand/fork")
class ForkByHand:
    """Calls side by side."""

    @workflow.run
    async def run(self, given: dict[str, Any]) -> Any:
        """What each gave."""
        calls = (_get(given["url"]) for _ in range(given["width"]))
        return list(await asyncio.gather(*calls))


@workflow.defn(name="hand/try")
class TryByHand:
    """A call whose failure would be caught."""

    @workflow.run
    async def run(self, given: dict[str, Any]) -> Any:
        """What the call gave."""
        try:
            return await _get(given["url"])
        except Exception:
            return {"failed": True}


@workflow.defn(name="hand/http")
class HttpByHand:
    """Calls one after the other."""

    @workflow.run
    async def run(self, given: dict[str, Any]) -> Any:
        """What the last one gave."""
        last = None
        for _ in given["items"]:
            last = await _get(given["url"])
        return last


WORKFLOWS = [SetByHand, SwitchByHand, ForByHand, ForkByHand, TryByHand, HttpByHand]


async def _get(url: str) -> Any:
    return await workflow.execute_activity("hand/get", url, start_to_close_timeout=_LONG)


def get_activity(client: httpx.AsyncClient) -> Callable[..., Any]:
    """The activity behind the calls."""

    @activity.defn(name="hand/get")
    async def get(url: str) -> Any:
        response = await client.get(url)
        response.raise_for_status()
        return response.json()

    return get
