"""What workflows may do, and where their events go: read by `stigmer serve` and `stigmer run`."""

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode
from stigmer_engine import AddressPolicy
from stigmer_engine.schedule import Cron, InvalidCron
from stigmer_ports.config.log_settings import LogSettings
from stigmer_ports.config.value_types import MIB, Bytes, Count, PositiveSeconds, fits_a_header, lower


def _items(value: object) -> object:
    """The items of a comma-separated list."""
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


Items = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_items)]
Folders = Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_items)]


class EngineSettings(LogSettings):
    """What the engine needs. `stigmer_runner.engine_config` makes its configuration of it."""

    call_allow: Items = Field(
        default=(),
        description="Addresses, CIDRs, host names and `*.names` that calls may reach, comma-separated.",
    )
    call_deny: Items = Field(default=(), description="The same for what calls must not reach; wins over `CALL_ALLOW`.")
    call_default: Annotated[Literal["allow", "deny"], BeforeValidator(lower)] = Field(
        default="allow", description="What happens to addresses without a rule; `deny` makes `CALL_ALLOW` complete."
    )
    call_private: bool = Field(
        default=True, description="Whether calls may reach private networks (10.0.0.0/8, 192.168.0.0/16 and so on)."
    )
    call_loopback: bool = Field(default=True, description="Whether calls may reach the runner's own machine.")
    call_max_response_bytes: Bytes = Field(
        default=32 * MIB, description="Largest response of a call, after decompression; of gRPC, all its messages."
    )
    call_max_request_bytes: Bytes = Field(default=32 * MIB, description="Largest body of an HTTP call.")
    call_connect_seconds: PositiveSeconds = Field(
        default=30, description="Limit for opening a connection, name resolution included."
    )
    call_idle_seconds: PositiveSeconds = Field(
        default=300, description="How long an HTTP peer may send nothing; the task's `timeout` bounds the whole call."
    )
    call_ca_file: Path | None = Field(
        default=None, description="Certificates (PEM) that calls trust: beside the usual ones in HTTP, alone in gRPC."
    )
    resource_dirs: Folders = Field(
        default=(),
        description="Folders, comma-separated, below which documents may refer to files (schemas, protos, OpenAPI, "
        "functions). Without one, no file is read.",
    )
    resource_max_bytes: Bytes = Field(default=8 * MIB, description="Largest external resource.")
    default_catalog: str | None = Field(
        default=None,
        pattern=r"^(https?|file)://[^\s?#]+$",
        examples=["https://catalog.example.com"],
        description="URL of the catalog of functions that documents call `default`.",
    )
    expression_seconds: PositiveSeconds = Field(default=1, description="Processor time that one evaluation may take.")
    expression_memory_bytes: Annotated[int, Field(ge=64 * MIB, le=64 * 1024 * MIB)] = Field(
        default=512 * MIB, description="Memory of a process that evaluates expressions."
    )
    max_steps: Annotated[int, Field(ge=1, le=1_000_000_000)] = Field(
        default=250_000, description="Tasks that one execution may go through; more is a `runtime` error."
    )
    max_waiting_events: Count = Field(
        default=10_000, description="Events that one execution keeps for its listeners; beyond that the oldest go."
    )
    max_workflow_depth: Annotated[int, Field(ge=0, le=100)] = Field(
        default=16, description="How deep `run: workflow` may be nested; `0` allows none."
    )
    max_document_bytes: Bytes = Field(default=MIB, description="Largest workflow document, in UTF-8 bytes.")
    documents_dir: Path | None = Field(
        default=None,
        description="Folder of documents that `run: workflow` finds; those with a `schedule` start by themselves "
        "under `stigmer serve`.",
    )
    allow_shell: bool = Field(
        default=False, description="Whether `run: shell` is on: workflows then start commands on this machine."
    )
    allow_script: bool = Field(
        default=False, description="Whether `run: script` is on: workflows then start scripts on this machine."
    )
    process_seconds: PositiveSeconds = Field(default=300, description="How long a process of a workflow may run.")
    process_cpu_seconds: PositiveSeconds = Field(
        default=60, description="Processor time of a process, all that it starts included."
    )
    process_memory_bytes: Annotated[int, Field(ge=16 * MIB, le=1024 * 1024 * MIB)] = Field(
        default=512 * MIB, description="Memory of a process, all that it starts included."
    )
    process_output_bytes: Bytes = Field(default=MIB, description="Largest output of a process, stderr included.")
    process_tasks: Count = Field(
        default=64, description="Processes and threads that one process may be at a time, itself included."
    )
    process_concurrency: Count = Field(
        default=16, description="Processes of workflows that run at a time; others wait for their turn."
    )
    process_namespaces: Annotated[Literal["auto", "require", "off"], BeforeValidator(lower)] = Field(
        default="auto",
        description="Whether each process gets a PID namespace of its own: `auto` where the kernel allows it, "
        "`require` (else it does not run), `off`.",
    )
    schedule_time_zone: str = Field(default="UTC", description="Time zone of `schedule.cron`, by its IANA name.")
    event_sink_url: str | None = Field(
        default=None,
        description="Gets a POST for each event that `emit` publishes. Unset: only executions here get them.",
    )
    event_sink_mode: Annotated[Literal["structured", "binary"], BeforeValidator(lower)] = Field(
        default="structured", description="Content mode of these CloudEvents: `structured` or `binary`."
    )
    event_sink_token: SecretStr | None = Field(
        default=None, description="Sent with them as `authorization: Bearer <token>`."
    )
    event_sink_retries: Annotated[int, Field(ge=0, le=100)] = Field(
        default=3, description="Further tries for an event that was not taken for a passing reason."
    )
    event_sink_timeout_seconds: PositiveSeconds = Field(default=30, description="Limit of one try.")
    lifecycle_sink_url: str | None = Field(
        default=None, description="Gets the specification's lifecycle events of every execution, in the same way."
    )
    lifecycle_sink_token: SecretStr | None = Field(
        default=None, description="Sent with these as `authorization: Bearer <token>`."
    )
    lifecycle_status_changes: bool = Field(
        default=False, description="Whether the optional `status-changed` lifecycle events are sent too."
    )

    @field_validator("call_allow", "call_deny")
    @classmethod
    def _are_rules(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        AddressPolicy(allow=value)
        return value

    @field_validator("call_ca_file")
    @classmethod
    def _holds_certificates(cls, value: Path | None) -> Path | None:
        if value is not None:
            try:
                ssl.create_default_context().load_verify_locations(value)
            except (OSError, ssl.SSLError) as error:
                why = error.strerror if isinstance(error, OSError) and error.strerror else "it holds no certificates"
                raise ValueError(f"{str(value)!r} cannot be used: {why}") from None
        return value

    @field_validator("resource_dirs", "documents_dir")
    @classmethod
    def _are_folders(cls, value: tuple[Path, ...] | Path | None) -> tuple[Path, ...] | Path | None:
        for folder in (value,) if isinstance(value, Path) else value or ():
            if not folder.is_dir():
                raise ValueError(f"names {str(folder)!r}, which is not a folder")
        return value

    @field_validator("schedule_time_zone")
    @classmethod
    def _is_time_zone(cls, value: str) -> str:
        try:
            Cron("0 0 * * *", value).next_after(datetime.now(UTC).timestamp())
        except InvalidCron:
            raise ValueError(f"must be a time zone such as Europe/Berlin, not {value!r}") from None
        return value

    @field_validator("event_sink_url", "lifecycle_sink_url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            raise ValueError("must be a URL such as https://broker.example.com/events") from None
        if parts.username is not None or parts.password is not None:
            raise ValueError("must not contain a user name or password; use the variable that ends with _TOKEN")
        if not usable or any(character.isspace() for character in value):
            raise ValueError("must be a URL such as https://broker.example.com/events")
        return value

    @field_validator("event_sink_token", "lifecycle_sink_token")
    @classmethod
    def _fits_the_sink(cls, value: SecretStr | None) -> SecretStr | None:
        return fits_a_header(value)

    @model_validator(mode="after")
    def _tokens_have_a_receiver(self) -> "EngineSettings":
        for sink in ("event_sink", "lifecycle_sink"):
            if getattr(self, f"{sink}_token") is not None and getattr(self, f"{sink}_url") is None:
                raise ValueError(f"{sink.upper()}_URL must be set because {sink.upper()}_TOKEN is")
        return self
