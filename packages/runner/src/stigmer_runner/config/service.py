"""The Stigmer service this runner reports to and pulls from, resolved from the variables that may name it."""

from dataclasses import dataclass

from pydantic import SecretStr

from stigmer_runner.endpoint import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class StigmerService:
    """Endpoint, key and TLS of the Stigmer service, and which variable each came from.

    `notes` are sentences for the log: an older name that was used, or two names that disagree.
    """

    endpoint: Endpoint
    endpoint_variable: str
    api_key: SecretStr
    api_key_variable: str | None
    use_tls: bool
    tls_reason: str
    notes: tuple[str, ...] = ()
