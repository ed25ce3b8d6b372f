"""The variables that every command reads: how to log."""

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from stigmer_ports.config.value_types import lower


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


def _log_level(value: object) -> object:
    return {"warn": "warning", "fatal": "critical", "trace": "debug"}.get(str(lower(value)), lower(value))


class LogSettings(BaseSettings):
    """What every command needs: how to log."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    log_level: Annotated[LogLevel, BeforeValidator(_log_level)] = Field(
        default=LogLevel.INFO, description="`debug`, `info`, `warning`, `error` or `critical`."
    )
    env: str = Field(default="", description="`local` logs for people; anything else logs one JSON object a line.")

    @property
    def pretty_logs(self) -> bool:
        """Whether people read the log."""
        return self.env.strip().lower() == "local"
