"""The call behind `emit`: an event on its way to the bus."""

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.bus.port import EventPublisher
from stigmer_engine.faults import fault
from stigmer_engine.secrets import SecretVault


class EmitCaller:
    """Publishes the event that a call carries."""

    def __init__(self, publisher: EventPublisher) -> None:
        self._publisher = publisher

    async def call(self, arguments: JsonObject, vault: SecretVault) -> JsonValue:
        """Publish the event. Gives null.

        Raises:
            Fault: `communication`; `authorization` for an event that holds a secret: an event is for everybody.
        """
        if vault.fill(arguments) != arguments:
            detail = "an event is for everybody, so it cannot hold a secret; pass its name instead"
            raise fault("authorization", "A secret stands in the event", detail)
        await self._publisher.publish(arguments)
        return None
