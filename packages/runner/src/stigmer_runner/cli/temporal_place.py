"""Where `stigmer run --runtime temporal` runs: the Temporal that is named somewhere, or a dev server for the run."""

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stigmer_engine.runtimes.temporal.payloads import PayloadsConfig
from temporalio.envconfig import ClientConfigProfile

from stigmer_runner.cli.exit_codes import UsageFailure
from stigmer_runner.cli.temporal_options import TemporalOptions
from stigmer_runner.logs import get_logger
from stigmer_runner.temporal_server import DevServer, DevServerConfig, DevServerProblem, open_dev_server

log = get_logger(__name__)

_OTHER_ADDRESS: Final = "TEMPORAL_SERVICE_ADDRESS"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalPlace:
    """A Temporal that runs, and where payloads and secrets are kept for it. `profile` always has an address."""

    profile: ClientConfigProfile = field(repr=False)
    payloads: PayloadsConfig
    ui_url: str | None = None


def named_place(address: str | None) -> ClientConfigProfile | None:
    """The connection that the command line, the environment or Temporal's configuration file names, or None.

    In this order: the option, TEMPORAL_ADDRESS and its relatives, TEMPORAL_SERVICE_ADDRESS. Raises UsageFailure.
    """
    try:
        profile = ClientConfigProfile.load()
    except RuntimeError as error:
        raise UsageFailure(f"The configuration of the Temporal client cannot be read: {error}.") from None
    found = address or profile.address or os.environ.get(_OTHER_ADDRESS)
    if not found:
        return None
    return ClientConfigProfile(
        address=found,
        namespace=profile.namespace,
        api_key=profile.api_key,
        tls=profile.tls,
        grpc_meta=profile.grpc_meta,
    )


@asynccontextmanager
async def open_place(options: TemporalOptions) -> AsyncIterator[TemporalPlace]:
    """The Temporal to use, for as long as it is needed.

    Raises:
        UsageFailure: there must be one but none is named, what names it is wrong, or a dev server does not start.
    """
    profile = named_place(options.address)
    if profile is None and options.queue is not None:
        raise UsageFailure("--no-worker needs a Temporal with a worker: give --temporal-address.")
    with tempfile.TemporaryDirectory(prefix="stigmer-run-") as folder:
        payloads = PayloadsConfig(place=Path(folder))
        if profile is not None:
            yield TemporalPlace(profile=profile, payloads=payloads)
            return
        async with _dev_server(options) as server:
            profile = ClientConfigProfile(address=server.address)
            yield TemporalPlace(profile=profile, payloads=payloads, ui_url=server.ui_url)


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
