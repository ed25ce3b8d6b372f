"""Every environment variable the server reads; `docs/server.md` lists them."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict
from stigmer_ports.config import is_loopback
from stigmer_ports.config.value_types import MIB, Bytes, Port, PositiveSeconds, fits_a_header

from stigmer_server.config.orchestration_settings import OrchestrationSettings

_LEAST_KEY_CHARS = 32

Rate = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]


class Settings(OrchestrationSettings):
    """What `stigmer server` needs. Built once at the edge and passed down; fields are variables in lower case."""

    model_config = SettingsConfigDict(populate_by_name=True)

    stigmer_server_host: str = Field(
        default="127.0.0.1", min_length=1, description="Address both ports listen on. `0.0.0.0` in a container."
    )
    stigmer_server_port: Port = Field(default=7234, description="gRPC port. `0` takes a free one and logs it.")
    stigmer_server_http_port: Port = Field(default=7235, description="HTTP port. `0` takes a free one and logs it.")
    stigmer_server_tls_cert_file: Path | None = Field(
        default=None, description="PEM certificate chain; with the key file, the ports speak TLS."
    )
    stigmer_server_tls_key_file: Path | None = Field(default=None, description="PEM private key of the certificate.")

    stigmer_data_dir: Path = Field(
        default=Path("~/.stigmer/data"), description="Folder of the database file and of the key of secrets."
    )
    stigmer_database_url: str | None = Field(
        default=None,
        description="`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`. Default: SQLite in the data folder. "
        "Several servers may share one PostgreSQL database, never one SQLite file. Secret.",
    )
    stigmer_secret_keys: SecretStr | None = Field(
        default=None,
        description="Keys that encrypt secrets at rest, comma-separated `NAME:BASE64` of 32 bytes; the first encrypts, "
        "all decrypt. Default: the file `secret-keys` in the data folder, made when missing.",
    )

    stigmer_server_admin_key: SecretStr | None = Field(
        default=None,
        description="API key with the role admin. Default on loopback: made at the first start, shown once.",
    )
    stigmer_server_client_key: SecretStr | None = Field(default=None, description="API key with the role client.")
    stigmer_server_runner_key: SecretStr | None = Field(default=None, description="API key with the role runner.")

    stigmer_runner_endpoint: str | None = Field(
        default=None,
        pattern=r"^grpcs?://[^/]+:[0-9]+$",
        examples=["grpc://localhost:8080"],
        description="Runner to register at the start as `default`, such as `grpc://localhost:8080`.",
    )
    stigmer_runner_key: SecretStr | None = Field(
        default=None, description="Sent to runners as `authorization: Bearer <key>` (their `RUNNER_API_KEY`)."
    )
    stigmer_runner_ca_file: Path | None = Field(
        default=None, description="Certificates (PEM) to trust, beside the usual ones, in calls to `grpcs://` runners."
    )
    stigmer_runner_type: str = Field(
        default="", description="Type of the runners that get executions. Default: any healthy runner."
    )
    stigmer_runner_check_seconds: PositiveSeconds = Field(
        default=5, description="Time between two health checks of a runner."
    )
    stigmer_runner_call_seconds: PositiveSeconds = Field(default=20, description="Limit of one call to a runner.")

    stigmer_server_cors_origins: str = Field(
        default="",
        pattern=r"^(https?://[^/,\s]+(\s*,\s*https?://[^/,\s]+)*)?$",
        examples=["https://ops.example.com", "https://ops.example.com, https://dev.example.com"],
        description="Origins whose pages may call the HTTP API, comma-separated, such as `https://ops.example.com`. "
        "Default: none but the server's own.",
    )
    stigmer_server_max_message_bytes: Bytes = Field(default=10 * MIB, description="Largest request.")
    stigmer_server_max_document_bytes: Bytes = Field(
        default=MIB, description="Largest workflow document, in UTF-8 bytes."
    )
    stigmer_server_requests_per_second: Rate = Field(
        default=500, description="Requests that one API key may make a second; twice as many in a burst."
    )
    stigmer_server_runner_requests_per_second: Rate = Field(
        default=10_000, description="The same for keys of runners, whose events are many."
    )
    stigmer_server_failed_logins_per_second: Rate = Field(
        default=10,
        description="Requests without a valid API key that one address may make a second; twice as many in a burst.",
    )

    @field_validator(
        "stigmer_server_admin_key", "stigmer_server_client_key", "stigmer_server_runner_key", "stigmer_runner_key"
    )
    @classmethod
    def _fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        return fits_a_header(value)

    @field_validator("stigmer_server_admin_key", "stigmer_server_client_key", "stigmer_server_runner_key")
    @classmethod
    def _is_long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < _LEAST_KEY_CHARS:
            raise ValueError(f"must be at least {_LEAST_KEY_CHARS} characters of printable ASCII without spaces")
        return value

    @model_validator(mode="after")
    def _pairs(self) -> "Settings":
        if (self.stigmer_server_tls_cert_file is None) != (self.stigmer_server_tls_key_file is None):
            raise ValueError("STIGMER_SERVER_TLS_CERT_FILE and STIGMER_SERVER_TLS_KEY_FILE must be set together")
        return self

    @property
    def data_dir(self) -> Path:
        """The data folder, `~` resolved."""
        return self.stigmer_data_dir.expanduser()

    @property
    def database_url(self) -> str:
        """The URL of the store, as it was given or the default."""
        return self.stigmer_database_url or f"sqlite:///{self.data_dir / 'stigmer.db'}"

    @property
    def cors_origins(self) -> tuple[str, ...]:
        """The origins that may call the HTTP API."""
        return tuple(origin.strip() for origin in self.stigmer_server_cors_origins.split(",") if origin.strip())

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.stigmer_server_host)
