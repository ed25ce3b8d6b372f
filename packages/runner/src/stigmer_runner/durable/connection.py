"""The connection to Temporal, by the names of the seeds and by Temporal's environment configuration standard."""

import asyncio
import os
import re
import time
from collections.abc import Mapping
from typing import Final

from stigmer_ports.logs import get_logger
from stigmer_ports.temporal_logs import forward_native_logs
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, Interceptor
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.service import RPCError, RPCStatusCode

from stigmer_runner.config import ConfigError, TemporalSettings

log = get_logger(__name__)

DEFAULT_ADDRESS: Final = "localhost:7233"
_BETWEEN_TRIES: Final = 1.0
_QUOTED: Final = re.compile('"([^"]+)"')
_REFUSED: Final = frozenset(
    {
        RPCStatusCode.NOT_FOUND,
        RPCStatusCode.UNAUTHENTICATED,
        RPCStatusCode.PERMISSION_DENIED,
        RPCStatusCode.INVALID_ARGUMENT,
    }
)


def connect_config(settings: TemporalSettings, environment: Mapping[str, str] | None = None) -> ClientConnectConfig:
    """Arguments of `Client.connect`: address, namespace, key, TLS.

    Args:
        environment: variables of the standard; those of this process when not given. Empty ones count as unset.

    Raises:
        ConfigError: the configuration file, the profile, or a file of TLS cannot be used.
    """
    given = os.environ if environment is None else environment
    try:
        config = ClientConfig.load_client_connect_config(
            override_env_vars={name: value for name, value in given.items() if value}
        )
    except Exception as error:
        # The SDK raises errors of its native part, of no documented type.
        raise ConfigError(f"The TEMPORAL_* variables cannot be used: {error}.") from None
    config["target_host"] = settings.temporal_service_address or config.get("target_host") or DEFAULT_ADDRESS
    config["namespace"] = settings.temporal_namespace or config.get("namespace") or "default"
    if settings.temporal_api_key is not None:
        config["api_key"] = settings.temporal_api_key.get_secret_value()
    return config


async def connect(
    config: ClientConnectConfig,
    converter: DataConverter,
    interceptor: Interceptor,
    *,
    patience_seconds: float,
    stop: asyncio.Event,
) -> Client | None:
    """A client whose namespace answers; None when `stop` came first.

    Raises:
        ConfigError: nobody answers within `patience_seconds`, or Temporal knows no such namespace or key.
    """
    forward_native_logs()
    where = f"Temporal at {config['target_host']}"
    deadline = time.monotonic() + patience_seconds
    told = False
    while not stop.is_set():
        try:
            client = await Client.connect(**config, data_converter=converter, interceptors=[interceptor])
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=config["namespace"]))
        except (RuntimeError, RPCError) as error:
            if isinstance(error, RPCError) and error.status in _REFUSED:
                raise ConfigError(
                    f"{where} refuses the namespace {config['namespace']!r}: {error.message.rstrip('.')}. "
                    "Check TEMPORAL_NAMESPACE and TEMPORAL_API_KEY."
                ) from None
            if time.monotonic() >= deadline:
                raise ConfigError(
                    f"{where} cannot be reached: {_cause(error)}. Check TEMPORAL_ADDRESS and TEMPORAL_TLS."
                ) from None
            if not told:
                log.warning("Temporal cannot be reached yet", address=config["target_host"], why=_cause(error))
                told = True
            await _pause(stop)
        else:
            log.info("connected to Temporal", address=config["target_host"], namespace=config["namespace"])
            return client
    return None


async def _pause(stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_BETWEEN_TRIES):
            await stop.wait()
    except TimeoutError:
        return


def _cause(error: Exception) -> str:
    """What went wrong, without the structures of the native part around it: their innermost text says it."""
    first = next(iter(str(error).splitlines()), type(error).__name__)
    quoted = _QUOTED.findall(first) if first.startswith("Failed client connect") else []
    return (quoted[-1][0].lower() + quoted[-1][1:] if quoted else first).rstrip(".")
