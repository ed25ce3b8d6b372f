"""`stigmer blobs`: what lies in the blob store, and the sweep of what nobody uses."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import TypeVar

import click
from stigmer_engine.runtimes.temporal.payloads import (
    BlobStore,
    KeysInUse,
    PayloadProblem,
    SweepReport,
    blob_store,
    keys_in_use,
    sweep,
)
from stigmer_ports.redaction import Redactor
from temporalio.client import Client
from temporalio.service import RPCError

from stigmer_runner.cli.exit_codes import ExitCode, UsageFailure
from stigmer_runner.cli.log_setup import set_up_logging
from stigmer_runner.config import BlobSettings, ConfigError, load_blob_settings, secret_values
from stigmer_runner.durable.connection import connect_config
from stigmer_runner.payloads_config import payloads_config

_T = TypeVar("_T")


@click.group("blobs")
def command() -> None:
    """List or sweep the large payloads of executions on Temporal (docs/payloads.md).

    The variables BLOB_STORAGE_TYPE, BLOB_STORAGE_PATH and so on say where they lie.

    Exit codes: 0 done, 2 the store or Temporal cannot be used.
    """


@command.command("list")
def list_blobs() -> int:
    """Print a line for each blob: key, size in bytes, days since it was written or used."""
    _, store = _open()

    async def show() -> None:
        async for info in store.list():
            print(f"{info.key} {info.size} {info.age.total_seconds() / 86400:.1f}")

    _run(show())
    return ExitCode.OK


@command.command("sweep")
@click.option("--older-than", "days", type=click.IntRange(min=1), metavar="DAYS", help="Default: CLAIMCHECK_TTL_DAYS.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be deleted.")
@click.option("--by-age-alone", is_flag=True, help="Do not ask Temporal; blobs of open executions go too when old.")
def sweep_blobs(days: int | None, *, dry_run: bool, by_age_alone: bool) -> int:
    """Delete blobs that nobody has used for DAYS, except those that running executions on Temporal refer to."""
    settings, store = _open()
    older_than = timedelta(days=days) if days is not None else settings.payload_ttl
    in_use = None if by_age_alone else _asking(settings)
    report = _run(sweep(store, older_than, in_use=in_use, dry_run=dry_run))
    print(_told(report, store, dry_run=dry_run))
    return ExitCode.OK


def _open() -> tuple[BlobSettings, BlobStore]:
    try:
        settings = load_blob_settings()
        set_up_logging(Redactor(secret_values(settings)))
        return settings, blob_store(payloads_config(settings).place)
    except ConfigError as error:
        raise UsageFailure(str(error)) from None


def _asking(settings: BlobSettings) -> KeysInUse:
    """Asks the Temporal of the settings; it is connected to only when there are old blobs."""

    async def ask() -> frozenset[str]:
        try:
            config = connect_config(settings)
            return await keys_in_use(await Client.connect(**config))
        except (RuntimeError, RPCError) as error:
            raise UsageFailure(
                f"Temporal cannot be asked which blobs are in use: {error}. Set TEMPORAL_SERVICE_ADDRESS, or give "
                "--by-age-alone."
            ) from None
        except ConfigError as error:
            raise UsageFailure(str(error)) from None

    return ask


def _told(report: SweepReport, store: BlobStore, *, dry_run: bool) -> str:
    verb = "would be deleted" if dry_run else "deleted"
    return (
        f"{report.deleted} of {report.seen} blobs {verb} ({report.deleted_bytes} bytes) in the {store.name}; "
        f"{report.in_use} old ones are in use."
    )


def _run(work: Coroutine[None, None, _T]) -> _T:
    try:
        return asyncio.run(work)
    except PayloadProblem as problem:
        raise UsageFailure(str(problem)) from None
