"""The variables that name the Stigmer service."""

from typing import Literal, TypeVar

from pydantic import Field, SecretStr, field_validator, model_validator
from stigmer_ports.config import is_loopback
from stigmer_ports.config.log_settings import LogSettings
from stigmer_ports.config.value_types import fits_a_header

from stigmer_runner.config.service import StigmerService
from stigmer_runner.endpoint import Endpoint

_T = TypeVar("_T")


class ServiceSettings(LogSettings):
    """Where the Stigmer service is, and the key for it."""

    stigmer_service_endpoint: str | None = Field(
        default=None,
        description="`host:port` of the Stigmer service that gets progress events, answers queries by id and runs "
        "agents. Unset: events go nowhere, every request must bring its document, and no workflow can call an agent.",
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

    @field_validator("stigmer_service_endpoint", "stigmer_backend_endpoint")
    @classmethod
    def _is_endpoint(cls, value: str | None) -> str | None:
        if value is not None:
            Endpoint.parse(value)
        return value

    @field_validator("stigmer_service_api_key", "stigmer_api_key")
    @classmethod
    def _service_key_fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        return fits_a_header(value)

    @model_validator(mode="after")
    def _endpoint_needs_key(self) -> "ServiceSettings":
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
