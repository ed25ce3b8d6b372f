"""What a runtime asks of whoever performs a kind of call."""

from typing import Protocol

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.secrets import SecretVault


class Caller(Protocol):
    """One kind of call."""

    async def call(self, arguments: JsonObject, vault: SecretVault) -> JsonValue:
        """Perform the call. Raises Fault; stops when cancelled."""
        ...
