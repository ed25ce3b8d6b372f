"""Files of `NAME=VALUE` lines."""

from pathlib import Path

from stigmer_runner.config import ConfigError, Settings


def read_env_file(path: Path, variable: str) -> dict[str, str]:
    """The variables of a file; blank lines and lines that begin with # are passed over.

    A value is everything after the first `=`, without spaces around it; quotes are part of it.

    Raises:
        ConfigError: naming the setting and the line, and no value.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{variable} {str(path)!r} is not UTF-8 text.") from None
    except OSError as error:
        raise ConfigError(f"{variable} {str(path)!r} cannot be read: {(error.strerror or '').lower()}.") from None
    values: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        name, separator, value = (part.strip() for part in line.partition("="))
        if not name or name.startswith("#"):
            if separator and not name:
                raise ConfigError(f"{variable} {str(path)!r}, line {number}, must be written NAME=VALUE.")
            continue
        if not separator or any(character.isspace() for character in name):
            raise ConfigError(f"{variable} {str(path)!r}, line {number}, must be written NAME=VALUE.")
        values[name] = value
    return values


def schedule_environment(settings: Settings) -> dict[str, str]:
    """What executions started by a schedule get. Raises ConfigError."""
    if settings.schedule_env_file is None:
        return {}
    return read_env_file(settings.schedule_env_file, "SCHEDULE_ENV_FILE")
