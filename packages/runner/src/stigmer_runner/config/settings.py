"""Every environment variable the runner reads. Seeds 000 to 004; `docs/configuration.md` is held equal by a test."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from stigmer_ports.config.value_types import MIB, Bytes, Count, Port, Seconds, fits_a_header, lower

from stigmer_runner.config.engine_settings import EngineSettings
from stigmer_runner.config.payload_settings import PayloadSettings
from stigmer_runner.config.service_settings import ServiceSettings
from stigmer_runner.config.temporal_settings import TemporalSettings


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


class Settings(EngineSettings, TemporalSettings, PayloadSettings, ServiceSettings):
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
        examples=["https://runner.example.com"],
        description="Beginning of the status URLs given to clients, when they reach the HTTP port by another "
        "address. Default: `http://BIND_HOST:HTTP_PORT`.",
    )
    runner_api_key: SecretStr | None = Field(
        default=None,
        description="When set, every call except health, reflection and probes must send "
        "`authorization: Bearer <key>`.",
    )
    grpc_tls_cert_file: Path | None = Field(
        default=None, description="PEM certificate chain; with the key file, the gRPC port speaks TLS."
    )
    grpc_tls_key_file: Path | None = Field(default=None, description="PEM private key of the certificate.")

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

    @field_validator("runner_api_key")
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
