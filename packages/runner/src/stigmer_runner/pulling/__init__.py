"""Reads what a request left out from the Stigmer service, by the id of the execution."""

from stigmer_runner.pulling.query_client import QueryClient
from stigmer_runner.pulling.source import StigmerSource

__all__ = ["QueryClient", "StigmerSource"]
