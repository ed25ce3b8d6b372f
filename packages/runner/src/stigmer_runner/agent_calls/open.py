"""The caller of agents, as the settings want it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stigmer_engine.calls.caller import Caller

from stigmer_runner.config import StigmerService


@asynccontextmanager
async def open_agents(service: StigmerService | None) -> AsyncIterator[Caller | None]:
    """Who performs `call: agent`, for as long as it is needed; nobody without a service."""
    if service is None:
        yield None
        return
    # Whoever has no service needs nothing of gRPC and the contract, which take a while to import.
    from stigmer_callback import CallbackConfig, Secret  # noqa: PLC0415 - see above

    from stigmer_runner.agent_calls.agent_client import AgentClient  # noqa: PLC0415
    from stigmer_runner.agent_calls.caller import AgentCaller  # noqa: PLC0415
    from stigmer_runner.agent_calls.config import AgentCallConfig  # noqa: PLC0415

    connection = CallbackConfig(
        endpoint=str(service.endpoint),
        api_key=Secret(service.api_key.get_secret_value()),
        use_tls=service.use_tls,
    )
    config = AgentCallConfig()
    async with AgentClient(service, connection.ssl_context(), rpc_seconds=config.rpc_seconds) as client:
        yield AgentCaller(client, config)
