"""Deletes blobs that nobody has used for longer than the TTL."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from stigmer_engine.runtimes.temporal.payloads.blob_store import BlobStore
from stigmer_engine.runtimes.temporal.payloads.problems import StoreProblem

log = logging.getLogger(__name__)

KeysInUse = Callable[[], Awaitable[AbstractSet[str]]]

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepReport:
    """What a sweep did, or would do: blobs looked at, kept because in use, and deleted, with the bytes of these."""

    seen: int = 0
    in_use: int = 0
    deleted: int = 0
    deleted_bytes: int = 0
    unfinished: int = 0


async def sweep(
    store: BlobStore, older_than: timedelta, *, in_use: KeysInUse | None = None, dry_run: bool = False
) -> SweepReport:
    """Delete blobs older than that, except those in use. Blobs get young whenever they are written or read again.

    Args:
        in_use: gives the keys that open executions refer to; asked once, and only when there is an old blob. What it
            gives is read (and so gets young) rather than deleted. Without it, age alone decides.
        dry_run: only report.

    Raises StoreProblem, and what `in_use` raises; nothing is deleted then.
    """
    seen, old = 0, []
    async for info in store.list():
        seen += 1
        if info.age > older_than:
            old.append(info)
    used = await in_use() if old and in_use is not None else frozenset()
    deleted = [info for info in old if info.key not in used]
    if dry_run:
        unfinished = 0
    else:
        for info in old:
            if info.key in used:
                await store.get(info.key)
        deleted = [info for info in deleted if await _delete_if_still_old(store, info.key, older_than)]
        unfinished = await store.remove_unfinished(_DAY)
    return SweepReport(
        seen=seen,
        in_use=sum(info.key in used for info in old),
        deleted=len(deleted),
        deleted_bytes=sum(info.size for info in deleted),
        unfinished=unfinished,
    )


async def _delete_if_still_old(store: BlobStore, key: str, older_than: timedelta) -> bool:
    # It may have been used while the others were looked at, or deleted by another worker's sweep.
    now = await store.describe(key)
    if now is None or now.age <= older_than:
        return False
    await store.delete(key)
    return True


async def sweep_periodically(
    store: BlobStore, older_than: timedelta, *, in_use: KeysInUse, every: timedelta = _DAY
) -> None:
    """Sweep again and again until cancelled; a sweep that fails is logged, and the next one comes as usual.

    The first one comes after a random part of the period, so that workers that start together do not sweep together.
    """
    await asyncio.sleep(every.total_seconds() * random.random())  # noqa: S311
    while True:
        try:
            report = await sweep(store, older_than, in_use=in_use)
        except StoreProblem as problem:
            log.warning("blobs are not swept: %s", problem)
        except Exception:
            log.warning("blobs are not swept: what open executions use is not known", exc_info=True)
        else:
            log.info(
                "swept the %s: %d of %d blobs deleted (%d bytes), %d old ones are in use",
                store.name, report.deleted, report.seen, report.deleted_bytes, report.in_use,
            )  # fmt: skip
        await asyncio.sleep(every.total_seconds())
