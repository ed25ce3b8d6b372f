"""Types of settings: what a variable's text may be."""

from typing import Annotated, Final

from pydantic import Field, SecretStr

MIB: Final = 1024 * 1024

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(ge=0, le=86400 * 365, allow_inf_nan=False)]
PositiveSeconds = Annotated[float, Field(gt=0, le=86400, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Bytes = Annotated[int, Field(ge=1024, le=1024 * MIB)]


def lower(value: object) -> object:
    """A text without spaces around it, in lower case; anything else as it is."""
    return value.strip().lower() if isinstance(value, str) else value


def fits_a_header(value: SecretStr | None) -> SecretStr | None:
    """The secret without spaces around it. Raises ValueError when it cannot be sent as a bearer token."""
    if value is None:
        return None
    key = value.get_secret_value().strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("must be printable ASCII without spaces")
    return SecretStr(key)
