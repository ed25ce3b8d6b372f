"""Every environment variable the runner reads. Seeds 000 to 004; `docs/configuration.md` is held equal by a test."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from stigmer_runner.config.endpoint import Endpoint, is_loopback
from stigmer_runner.config.engine_settings import EngineSettings
from stigmer_runner.config.payload_settings import PayloadSettings
from stigmer_runner.config.service import StigmerService
from stigmer_runner.config.temporal_settings import TemporalSettings
from stigmer_runner.config.value_types import MIB, Bytes, Count, Seconds, fits_a_header, lower

_T = TypeVar("_T")


class ExecutionMode(StrEnum):
    """Where executions run, and which front ends the process starts."""

    GRPC = "grpc"
    TEMPORAL = "temporal"
    DUAL = "dual"

    @property
    def on_temporal(self) -> bool:
        """Whether executions run on Temporal."""
        return self is not ExecutionMode.GRPC


def _port_or_off(value: object) -> object:
    return None if lower(value) == "off" else value


Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(EngineSettings, TemporalSettings, PayloadSettings):
    """What `stigmer serve` needs. Built once at the edge and passed down."""

    execution_mode: Annotated[ExecutionMode, BeforeValidator(lower)] = Field(
        default=ExecutionMode.GRPC,
        description="`grpc`: executions run in this process. `temporal`: they run on Temporal, and other services "
        "start them there. `dual`: they run on Temporal, and gRPC starts them too.",
    )
    bind_host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address both ports listen on. `0.0.0.0` in a container; then set `RUNNER_API_KEY` too.",
    )
    grpc_port: Port = Field(default=8080, description="gRPC port. `0` takes a free one and logs it.")
    http_port: Annotated[Port | None, BeforeValidator(_port_or_off)] = Field(
        default=8081, description="HTTP port for status, events and probes. `0` takes a free one, `off` starts none."
    )
    public_base_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s?#]+$",
        description="Beginning of the status URLs given to clients, when they reach the HTTP port by another "
        "address. Default: `http://BIND_HOST:HTTP_PORT`.",
    )
    runner_api_key: SecretStr | None = Field(
        default=None,
        description="When set, every call except health, reflection and probes must send "
        "`authorization: Bearer <key>`.",
    )
    grpc_tls_cert_file: str | None = Field(
        default=None, description="PEM certificate chain; with the key file, the gRPC port speaks TLS."
    )
    grpc_tls_key_file: str | None = Field(default=None, description="PEM private key of the certificate.")

    stigmer_service_endpoint: str | None = Field(
        default=None,
        description="`host:port` of the Stigmer service that gets progress events and answers queries by id. "
        "Unset: events go nowhere and every request must bring its document.",
    )
    stigmer_backend_endpoint: str | None = Field(
        default=None, description="Other name of `STIGMER_SERVICE_ENDPOINT`, used only when that is not set."
    )
    stigmer_service_api_key: SecretStr | None = Field(
        default=None, description="Sent to the Stigmer service as `authorization: Bearer <key>`. Never logged."
    )
    stigmer_api_key: SecretStr | None = Field(
        default=None, description="Other name of `STIGMER_SERVICE_API_KEY`, used only when that is not set."
    )
    stigmer_service_use_tls: bool | None = Field(
        default=None,
        description="TLS to the Stigmer service. Default: `true`, but `false` when the endpoint is a loopback address.",
    )

    max_concurrent_executions: Count = Field(
        default=256, description="Executions that may run or be paused at a time; one more is RESOURCE_EXHAUSTED."
    )
    max_message_bytes: Bytes = Field(default=10 * MIB, description="Largest gRPC request.")
    retain_finished_executions: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=1000, description="How many finished executions stay readable."
    )
    retain_finished_seconds: Seconds = Field(default=3600, description="How long a finished execution stays readable.")
    cancel_on_disconnect: bool = Field(
        default=False,
        description="`true`: an execution whose last `Execute` client leaves is cancelled. `false`: it goes on, and "
        "the client may come back with the same id.",
    )
    shutdown_grace_seconds: Seconds = Field(
        default=30, description="After SIGTERM, how long running executions may go on before they are cancelled."
    )
    pull_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=10,
        description="Limit for reading an execution from the Stigmer service when a request has no document.",
    )

    max_event_bytes: Bytes = Field(default=MIB, description="Largest request that posts events.")
    max_event_batch: Count = Field(default=1000, description="Events in one batch at most.")
    schedules: Annotated[Literal["on", "off"], BeforeValidator(lower)] = Field(
        default="on",
        description="`on`: documents of `DOCUMENTS_DIR` that have a `schedule` start by themselves; `off`.",
    )
    schedule_env_file: Path | None = Field(
        default=None,
        description="File of `NAME=VALUE` lines: the variables, and the secrets, of executions started by a schedule.",
    )

    @field_validator("stigmer_service_endpoint", "stigmer_backend_endpoint")
    @classmethod
    def _is_endpoint(cls, value: str | None) -> str | None:
        if value is not None:
            Endpoint.parse(value)
        return value

    @field_validator("stigmer_service_api_key", "stigmer_api_key", "runner_api_key")
    @classmethod
    def _fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        return fits_a_header(value)

    @model_validator(mode="after")
    def _tls_files_come_in_pairs(self) -> "Settings":
        if (self.grpc_tls_cert_file is None) != (self.grpc_tls_key_file is None):
            raise ValueError("GRPC_TLS_CERT_FILE and GRPC_TLS_KEY_FILE must be set together")
        return self

    @model_validator(mode="after")
    def _ports_differ(self) -> "Settings":
        if self.grpc_port and self.grpc_port == self.http_port:
            raise ValueError(f"HTTP_PORT must differ from GRPC_PORT, both are {self.grpc_port}")
        return self

    @model_validator(mode="after")
    def _endpoint_needs_key(self) -> "Settings":
        service = self.stigmer_service
        if service is not None and service.api_key_variable is None:
            raise ValueError(f"STIGMER_SERVICE_API_KEY must be set because {service.endpoint_variable} is")
        return self

    @property
    def stigmer_service(self) -> StigmerService | None:
        """The Stigmer service, or None when no endpoint is set. The names with `SERVICE` win."""
        endpoint_variable, endpoint_text, notes = _first(
            ("STIGMER_SERVICE_ENDPOINT", self.stigmer_service_endpoint),
            ("STIGMER_BACKEND_ENDPOINT", self.stigmer_backend_endpoint),
        )
        if endpoint_text is None or endpoint_variable is None:
            return None
        key_variable, key, key_notes = _first(
            ("STIGMER_SERVICE_API_KEY", self.stigmer_service_api_key), ("STIGMER_API_KEY", self.stigmer_api_key)
        )
        endpoint = Endpoint.parse(endpoint_text)
        use_tls, reason = self._tls(endpoint)
        return StigmerService(
            endpoint=endpoint,
            endpoint_variable=endpoint_variable,
            api_key=key or SecretStr(""),
            api_key_variable=key_variable,
            use_tls=use_tls,
            tls_reason=reason,
            notes=notes + key_notes,
        )

    def _tls(
        self, endpoint: Endpoint
    ) -> tuple[bool, Literal["STIGMER_SERVICE_USE_TLS", "scheme", "loopback", "default"]]:
        if self.stigmer_service_use_tls is not None:
            return self.stigmer_service_use_tls, "STIGMER_SERVICE_USE_TLS"
        if endpoint.tls is not None:
            return endpoint.tls, "scheme"
        if is_loopback(endpoint.host):
            return False, "loopback"
        return True, "default"


def _first(
    preferred: tuple[str, _T | None], other: tuple[str, _T | None]
) -> tuple[str | None, _T | None, tuple[str, ...]]:
    """The variable that counts, its value, and what to tell about the choice."""
    if preferred[1] is not None:
        both = other[1] is not None and other[1] != preferred[1]
        return *preferred, ((f"{preferred[0]} and {other[0]} differ; {preferred[0]} is used",) if both else ())
    if other[1] is not None:
        return *other, (f"{other[0]} is used because {preferred[0]} is not set",)
    return None, None, ()
