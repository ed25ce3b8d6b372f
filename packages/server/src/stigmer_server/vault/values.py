"""Secrets among the named values of a message: taken out before it is stored, put back for those who may see them."""

from collections.abc import Mapping
from typing import Protocol


class NamedValue(Protocol):
    """`EnvironmentValue` or `ExecutionValue` of the contract."""

    value: str
    is_secret: bool


def take_secrets(values: "Mapping[str, NamedValue]") -> dict[str, str]:
    """Leave the values of secrets empty and return those that were not."""
    taken: dict[str, str] = {}
    for name, given in values.items():
        if given.is_secret and given.value:
            taken[name] = given.value
            given.value = ""
    return taken


def put_secrets(values: "Mapping[str, NamedValue]", secrets: Mapping[str, str]) -> None:
    """Fill in the values of secrets, as far as they are known."""
    for name, given in values.items():
        if given.is_secret and name in secrets:
            given.value = secrets[name]
