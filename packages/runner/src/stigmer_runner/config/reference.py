"""The table of variables in `docs/configuration.md`, made from the fields themselves."""

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from stigmer_runner.config.engine_settings import EngineSettings
from stigmer_runner.config.log_settings import LogSettings
from stigmer_runner.config.payload_settings import PayloadSettings
from stigmer_runner.config.settings import Settings
from stigmer_runner.config.temporal_settings import TemporalSettings


def variables() -> tuple[str, ...]:
    """The names of all variables, in the order of the table."""
    return tuple(name.upper() for name in _fields())


def table() -> str:
    """A Markdown table: variable, default, meaning."""
    rows = [_row(name, field) for name, field in _fields().items()]
    return "\n".join(["| Variable | Default | Meaning |", "|---|---|---|", *rows]) + "\n"


def _fields() -> dict[str, FieldInfo]:
    """How to log, the ports, Temporal, its payloads, what workflows may do: the order in which a reader needs them."""
    kinds = (LogSettings, EngineSettings, TemporalSettings, PayloadSettings, Settings)
    log, engine, temporal, payloads, all_ = (kind.model_fields for kind in kinds)
    placed = (*temporal, *payloads, *engine)
    ports = {name: field for name, field in all_.items() if name not in placed}
    return {**log, **ports, **{name: all_[name] for name in placed if name not in log}}


def _row(name: str, field: FieldInfo) -> str:
    secret = " Secret." if SecretStr.__name__ in str(field.annotation) else ""
    return f"| `{name.upper()}` | {_default(field.default)} | {field.description}{secret} |"


def _default(value: object) -> str:
    if value is None or value in ("", ()):
        return "-"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, float) and value.is_integer():
        return f"`{int(value)}`"
    return f"`{value}`"
