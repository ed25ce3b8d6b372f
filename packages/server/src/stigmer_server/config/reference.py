"""The table of variables in `docs/server.md`, made from the fields themselves."""

from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from stigmer_server.config.settings import Settings


def table() -> str:
    """A Markdown table: variable, default, meaning."""
    rows = [_row(name, field) for name, field in Settings.model_fields.items()]
    return "\n".join(["| Variable | Default | Meaning |", "|---|---|---|", *rows]) + "\n"


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
    return f"`{value.as_posix() if isinstance(value, Path) else value}`"
