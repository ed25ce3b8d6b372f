"""What a conversion needs to know and a `WorkflowSpec` cannot say."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpcTarget:
    """Where a gRPC service listens and where its descriptors come from.

    `host` is a name or IPv4 address, `port` a TCP port. `proto` is the URI of the `.proto` file; None means that the
    descriptors are asked from the server itself (gRPC reflection). `tls` chooses an encrypted connection.
    """

    host: str
    port: int = 50051
    proto: str | None = None
    tls: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertOptions:
    """Settings of a conversion, the same for both directions.

    `grpc_services` maps full service names (`shop.v1.Inventory`) to their targets, for GRPC_CALL tasks whose `service`
    is a bare name. `activity_task_queue` is the Temporal task queue of CALL_ACTIVITY tasks; empty leaves the choice to
    the runner. `run_version` is the version of workflows that RUN tasks name without one; empty takes the version of
    the calling document. `max_depth` bounds the nesting of JSON values in a specification, `max_bytes` the size of
    one that is read from a file.
    """

    grpc_services: Mapping[str, GrpcTarget] = field(default_factory=dict)
    activity_task_queue: str = ""
    run_version: str = ""
    max_depth: int = 128
    max_bytes: int = 10 * 1024 * 1024


DEFAULT_OPTIONS = ConvertOptions()
