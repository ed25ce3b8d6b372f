"""What a service counts, told in the text format of Prometheus."""

import platform
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, Info, ProcessCollector, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import Request
from starlette.responses import Response

# Otherwise each counter brings a second series that tells when it was made.
disable_created_metrics()  # type: ignore[no-untyped-call]

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Bounds of a histogram of what is over soon."""


def service_registry(distribution: str) -> CollectorRegistry:
    """A registry of one service, with its build and its process; that of the library is one for a whole process.

    Args:
        distribution: the installed package whose version is told: `stigmer-runner`.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    build = Info("stigmer_build", "What runs here; always 1.", registry=registry)
    build.info(
        {"service": distribution, "version": version(distribution), "python": platform.python_version()},
    )
    return registry


def metrics_endpoint(
    registry: CollectorRegistry, *, refresh: Callable[[], Awaitable[None]] | None = None
) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of `GET /metrics`; `refresh` is awaited first, for what must be asked for."""

    async def metrics(_request: Request) -> Response:
        if refresh is not None:
            await refresh()
        headers = {"content-type": CONTENT_TYPE_PLAIN_0_0_4, "cache-control": "no-store"}
        return Response(generate_latest(registry), headers=headers)

    return metrics
