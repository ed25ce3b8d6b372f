"""Agents of cases: they let documents call agents, and mocks answer."""

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.faults import fault
from stigmer_engine.secrets import SecretVault


class MockedAgents:
    """A caller that the mocked world stands before."""

    async def call(self, arguments: JsonObject, vault: SecretVault) -> JsonValue:
        """Raise Fault: no call comes through."""
        del vault
        raise fault("configuration", f"The agent {arguments['agent']} is not mocked")
