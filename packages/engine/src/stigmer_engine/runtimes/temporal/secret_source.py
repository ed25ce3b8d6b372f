"""Where the values of secrets come from, at the moment of a call."""

from collections.abc import Mapping
from typing import Protocol


class SecretSource(Protocol):
    """Knows the secrets of executions."""

    async def fetch(self, execution_id: str) -> Mapping[str, str]:
        """The secrets of an execution, by name; none for one without. Raises Fault `authorization`."""
        ...


class NoSecrets:
    """Knows none."""

    async def fetch(self, execution_id: str) -> Mapping[str, str]:
        """Nothing."""
        del execution_id
        return {}
