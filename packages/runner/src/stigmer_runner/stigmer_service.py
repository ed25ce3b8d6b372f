"""The ways to the Stigmer service, opened from the settings."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from stigmer_callback import CallbackClient, CallbackConfig, Secret
from stigmer_ports.logs import get_logger

from stigmer_runner.config import Settings
from stigmer_runner.pulling import QueryClient, StigmerSource

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StigmerServiceClients:
    """What reads from the service and what reports to it; both or neither."""

    source: StigmerSource | None = None
    callback: CallbackClient | None = None


async def open_stigmer_service(settings: Settings, stack: AsyncExitStack) -> StigmerServiceClients:
    """The clients, closed with the stack."""
    service = settings.stigmer_service
    if service is None:
        log.info("no Stigmer service: events are not reported, requests must bring their document")
        return StigmerServiceClients()
    for note in service.notes:
        log.warning(note)
    log.info(
        "Stigmer service",
        endpoint=str(service.endpoint),
        endpoint_from=service.endpoint_variable,
        key_from=service.api_key_variable,
        tls=service.use_tls,
        tls_because=service.tls_reason,
    )
    config = CallbackConfig(
        endpoint=str(service.endpoint),
        api_key=Secret(service.api_key.get_secret_value()),
        use_tls=service.use_tls,
    )
    callback = await stack.enter_async_context(CallbackClient(config))
    query = await stack.enter_async_context(
        QueryClient(service, config.ssl_context(), timeout_seconds=settings.pull_timeout_seconds)
    )
    return StigmerServiceClients(source=StigmerSource(query), callback=callback)
