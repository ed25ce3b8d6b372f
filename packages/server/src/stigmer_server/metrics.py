"""What the server counts; docs/server.md has the table. Labels have few values: never a name, an id or a path."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from math import nan
from typing import Final

from grpclib.const import Status
from grpclib.exceptions import GRPCError
from prometheus_client import Counter, Gauge, Histogram
from stigmer_ports.http_port.metrics import SECONDS, service_registry
from stigmer_proto.ai.stigmer.agentic.workflowexecution.v1 import ExecutionPhase

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})
_UNKNOWN: Final = "unknown"


class ServerMetrics:
    """Counters of one server, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = service_registry("stigmer-server")
        self._grpc = Counter(
            "stigmer_server_grpc_requests",
            "Calls of gRPC that ended.",
            ["service", "method", "code"],
            registry=self.registry,
        )
        self._http = Counter(
            "stigmer_server_http_requests",
            "Requests of HTTP that were answered.",
            ["method", "route", "code"],
            registry=self.registry,
        )
        self._phases = Counter(
            "stigmer_server_execution_changes",
            "Times an execution reached a phase.",
            ["phase"],
            registry=self.registry,
        )
        self._write_seconds = Histogram(
            "stigmer_server_store_write_seconds",
            "Seconds until a write was on disk.",
            registry=self.registry,
            buckets=SECONDS,
        )
        self._failed_logins = Counter(
            "stigmer_server_failed_logins", "Calls without a valid API key.", registry=self.registry
        )
        self._outbox = Gauge(
            "stigmer_server_outbox_orders", "What is still to be told to runners.", registry=self.registry
        )
        for phase in ExecutionPhase:
            if phase:
                self._phases.labels(phase.name)

    def watch_subscribers(self, count: Callable[[], int]) -> None:
        """Tell how many follow an execution, counted whenever somebody asks."""
        found = Gauge("stigmer_server_subscribers", "Who follows an execution now.", registry=self.registry)
        found.set_function(count)

    @contextmanager
    def grpc_request(self, service: str, method: str) -> Iterator[None]:
        """Around a call of a method of the contract."""
        status = Status.CANCELLED  # what is left when neither an answer nor a refusal was sent
        try:
            yield
            status = Status.OK
        except GRPCError as error:
            status = error.status
            raise
        finally:
            self._grpc.labels(service, method, status.name).inc()

    def http_request(self, method: str, route: str | None, code: int) -> None:
        """Count an answer; `route` is the template of its path."""
        self._http.labels(method if method in _METHODS else _UNKNOWN, route or _UNKNOWN, str(code)).inc()

    def written(self, seconds: float, phases: Collection[int]) -> None:
        """Count a write to the store, and the phases that executions reached by it."""
        self._write_seconds.observe(seconds)
        for phase in phases:
            self._phases.labels(ExecutionPhase(phase).name).inc()

    def failed_login(self) -> None:
        """Count a call without a valid key."""
        self._failed_logins.inc()

    def outbox(self, orders: int | None) -> None:
        """Tell how many orders wait; None when the store cannot be asked."""
        self._outbox.set(nan if orders is None else orders)
