"""Where `stigmer run --runtime temporal` runs: the Temporal that is named somewhere, or a dev server for the run."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stigmer_engine.runtimes.temporal.payloads import PayloadsConfig
from stigmer_ports.logs import get_logger
from temporalio.envconfig import ClientConnectConfig

from stigmer_runner.cli.exit_codes import UsageFailure
from stigmer_runner.cli.temporal_options import TemporalOptions
from stigmer_runner.config import BlobSettings, load_blob_settings
from stigmer_runner.durable.connection import connect_config
from stigmer_runner.payloads_config import payloads_config
from stigmer_runner.temporal_server import DevServer, DevServerConfig, DevServerProblem, open_dev_server

log = get_logger(__name__)

_NAMESPACE: Final = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalPlace:
    """A Temporal that runs, and where payloads and secrets are kept for it. `connection` always has an address."""

    connection: ClientConnectConfig = field(repr=False)
    payloads: PayloadsConfig
    ui_url: str | None = None

    @property
    def address(self) -> str:
        """`host:port`."""
        return self.connection["target_host"]

    @property
    def namespace(self) -> str:
        """The namespace of the workflow."""
        return self.connection.get("namespace", _NAMESPACE)


def named_connection(address: str | None, settings: BlobSettings) -> ClientConnectConfig | None:
    """The connection that the command line or a variable names, or None.

    A configuration file counts only when a variable names it or a profile: nobody should run on a server by accident.
    Raises ConfigError.
    """
    named = (
        address
        or settings.temporal_service_address
        or settings.temporal_address
        or settings.temporal_profile
        or settings.temporal_config_file
    )
    if not named:
        return None
    config = connect_config(settings)
    if address:
        config["target_host"] = address
    return config


@asynccontextmanager
async def open_place(options: TemporalOptions) -> AsyncIterator[TemporalPlace]:
    """The Temporal to use, for as long as it is needed.

    Raises:
        ConfigError: what names a Temporal, or the store of its payloads, is wrong.
        UsageFailure: there must be one but none is named, or a dev server does not start.
    """
    settings = load_blob_settings()
    connection = named_connection(options.address, settings)
    if connection is not None:
        yield TemporalPlace(connection=connection, payloads=payloads_config(settings))
        return
    if options.queue is not None:
        raise UsageFailure("--no-worker needs a Temporal with a worker: give --temporal-address.")
    with tempfile.TemporaryDirectory(prefix="stigmer-run-") as folder:
        async with _dev_server(options) as server:
            yield TemporalPlace(
                connection={"target_host": server.address, "namespace": _NAMESPACE},
                payloads=PayloadsConfig(place=Path(folder)),
                ui_url=server.ui_url,
            )


@asynccontextmanager
async def _dev_server(options: TemporalOptions) -> AsyncIterator[DevServer]:
    started = False
    try:
        async with open_dev_server(DevServerConfig(ui_port=0 if options.ui else None)) as server:
            started = True
            yield server
    except DevServerProblem as problem:
        if not started:
            raise UsageFailure(str(problem)) from None
        # The workflow has ended before; its result counts.
        log.warning(str(problem))
