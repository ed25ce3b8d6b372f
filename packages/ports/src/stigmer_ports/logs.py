"""One log for the process: structlog and the standard library through the same chain, to standard error.

Standard output is left to commands, whose output is data. JSON lines, or text for people with `ENV=local`.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from stigmer_ports.config import LogLevel, LogSettings
from stigmer_ports.redaction import MASK, Redactor, log_line, names_a_secret

# These log headers or whole frames, `authorization` included; nothing below a warning of theirs is ever wanted.
_QUIET = ("hpack", "h2", "httpcore", "httpx", "uvicorn", "asyncio", "grpclib", "alembic", "sqlalchemy")

_FIRST = ("timestamp", "level", "logger", "event")


def configure_logging(settings: LogSettings, redactor: Redactor, *, stream: TextIO | None = None) -> None:
    """Set up logging for the whole process; call once, before the first line. Calling again replaces the set-up."""
    target = stream if stream is not None else sys.stderr
    shared = _shared_processors()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,  # first, so that what is not wanted costs nothing
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_exceptions(settings),
                _FieldRedaction(redactor),
                _renderer(settings, colors=target.isatty()),
                _LineRedaction(redactor),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_level(settings.log_level))
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose keyword arguments become fields."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger


def _level(level: LogLevel) -> int:
    return logging.getLevelNamesMapping()[level.value.upper()]


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _exceptions(settings: LogSettings) -> list[Processor]:
    return [] if settings.pretty_logs else [structlog.processors.format_exc_info]


def _renderer(settings: LogSettings, *, colors: bool) -> Processor:
    if settings.pretty_logs:
        return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)
    return structlog.processors.JSONRenderer(default=str, ensure_ascii=False)


class _FieldRedaction:
    """Works on the values, before a renderer escapes them in its own way."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        first = {key: event[key] for key in _FIRST if key in event}
        return {key: self._field(key, value) for key, value in {**first, **event}.items()}

    def _field(self, key: str, value: object) -> object:
        if isinstance(value, str) and value and names_a_secret(key):
            return MASK
        return value if key == "exc_info" else self._value(value)

    def _value(self, value: object) -> object:
        match value:
            case None | bool() | int() | float():
                return value
            case str():
                return self._redactor.text(value)
            case dict():
                return {str(key): self._field(str(key), item) for key, item in value.items()}
            case list() | tuple():
                return [self._value(item) for item in value]
            case _:
                return self._redactor.text(repr(value))


class _LineRedaction:
    """Works on the finished line, tracebacks and all, so no formatter can slip a value past it."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, _logger: WrappedLogger, _method: str, event: "MutableMapping[str, Any] | str | bytes") -> str:
        return log_line(self._redactor.text(str(event)))
