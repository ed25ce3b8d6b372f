"""The variables in `docs/configuration.md`, in the order in which a reader needs them."""

from pydantic.fields import FieldInfo
from stigmer_ports.config import LogSettings

from stigmer_runner.config.engine_settings import EngineSettings
from stigmer_runner.config.payload_settings import PayloadSettings
from stigmer_runner.config.settings import Settings
from stigmer_runner.config.temporal_settings import TemporalSettings


def fields() -> dict[str, FieldInfo]:
    """All variables: how to log, the ports, Temporal, its payloads, what workflows may do."""
    kinds = (LogSettings, EngineSettings, TemporalSettings, PayloadSettings, Settings)
    log, engine, temporal, payloads, all_ = (kind.model_fields for kind in kinds)
    placed = (*temporal, *payloads, *engine)
    ports = {name: field for name, field in all_.items() if name not in placed}
    return {**log, **ports, **{name: all_[name] for name in placed if name not in log}}


def variables() -> tuple[str, ...]:
    """The names of all variables, in the same order."""
    return tuple(name.upper() for name in fields())
