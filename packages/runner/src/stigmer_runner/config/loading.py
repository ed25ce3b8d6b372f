"""Reads the settings and turns pydantic's report into one sentence a person can act on."""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails
from stigmer_ports.config import ConfigError

from stigmer_runner.config.engine_settings import EngineSettings
from stigmer_runner.config.log_settings import LogLevel, LogSettings
from stigmer_runner.config.payload_settings import PayloadSettings
from stigmer_runner.config.service_settings import ServiceSettings
from stigmer_runner.config.settings import ExecutionMode, Settings
from stigmer_runner.config.temporal_settings import TemporalSettings

_S = TypeVar("_S", bound=LogSettings)

_CHOICES: Mapping[str, str] = {
    "log_level": ", ".join(LogLevel),
    "execution_mode": ", ".join(ExecutionMode),
    "call_default": "allow, deny",
    "event_sink_mode": "structured, binary",
    "schedules": "on, off",
    "blob_storage_type": "filesystem, s3, r2",
    "temporal_versioning": "pinned, auto-upgrade",
}


class BlobSettings(TemporalSettings, PayloadSettings):
    """What `stigmer blobs` needs: where blobs lie, and which Temporal has executions that use them."""


class RunSettings(EngineSettings, ServiceSettings):
    """What `stigmer run` needs: what workflows may do, and the Stigmer service whose agents they call."""


def load_settings() -> Settings:
    """The settings of `stigmer serve` from the environment. Raises ConfigError."""
    return _load(Settings)


def load_run_settings() -> RunSettings:
    """The settings of `stigmer run` from the environment. Raises ConfigError."""
    return _load(RunSettings)


def load_blob_settings() -> BlobSettings:
    """The settings of `stigmer blobs` from the environment. Raises ConfigError."""
    return _load(BlobSettings)


def load_payload_settings() -> PayloadSettings:
    """The settings of payloads alone from the environment. Raises ConfigError."""
    return _load(PayloadSettings)


def load_log_settings() -> LogSettings:
    """The settings of every other command from the environment. Raises ConfigError."""
    return _load(LogSettings)


def secret_values(settings: LogSettings) -> tuple[str, ...]:
    """Every secret that the settings hold, for those who hide them."""
    values = (getattr(settings, name) for name in type(settings).model_fields)
    return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))


def _load(kind: type[_S]) -> _S:
    try:
        return kind()
    except ValidationError as error:
        problems = [_phrase(problem) for problem in error.errors(include_url=False)]
        raise ConfigError("; ".join(dict.fromkeys(problems)) + ".") from None


def _phrase(problem: ErrorDetails) -> str:
    """`NAME must be ...`. Secrets reach no phrase: only the numeric and choice types show what was given."""
    context = problem.get("ctx", {})
    if not problem["loc"]:
        return str(context.get("error", problem["msg"]))
    field = str(problem["loc"][0])
    name = field.upper()
    if problem["type"] == "value_error":
        return f"{name} {context['error']}"
    if field in _CHOICES:
        return f"{name} must be one of {_CHOICES[field]}, not {problem['input']!r}"
    return f"{name} {_requirement(problem)}"


def _requirement(problem: ErrorDetails) -> str:
    """The rest of the sentence for the pydantic error types our fields can raise."""
    context = problem.get("ctx", {})
    given = f", not {problem['input']!r}"
    match problem["type"]:
        case "int_parsing" | "int_type" | "int_from_float":
            return f"must be a whole number{given}"
        case "float_parsing" | "float_type" | "finite_number":
            return f"must be a number of seconds{given}"
        case "bool_parsing" | "bool_type":
            return f"must be true or false{given}"
        case "greater_than_equal":
            return f"must be at least {context['ge']}{given}"
        case "greater_than":
            return f"must be more than {context['gt']}{given}"
        case "less_than_equal":
            return f"must be at most {context['le']}{given}"
        case "string_pattern_mismatch":
            return f"must be a URL such as https://runner.example.com{given}"
        case _:
            return f"is not valid: {problem['msg']}"
