"""The tables of variables in the documentation, made from the fields themselves."""

from collections.abc import Mapping

from pydantic import SecretStr
from pydantic.fields import FieldInfo


def table(fields: Mapping[str, FieldInfo]) -> str:
    """A Markdown table in the order of the fields: variable, default, meaning."""
    rows = [_row(name, field) for name, field in fields.items()]
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
    return f"`{value}`"
