"""Large payloads, and those flagged `always`, go to a store; history holds references to them."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from stigmer_engine.runtimes.temporal.payloads.blob_store import BlobStore
from stigmer_engine.runtimes.temporal.payloads.byte_cache import ByteCache
from stigmer_engine.runtimes.temporal.payloads.claim_flag import is_always
from stigmer_engine.runtimes.temporal.payloads.compression import smaller, unpack
from stigmer_engine.runtimes.temporal.payloads.problems import AlteredBlob, MissingBlob, PayloadTooLarge
from stigmer_engine.runtimes.temporal.payloads.reference import Reference, is_reference, read_reference
from stigmer_engine.runtimes.temporal.payloads.threads import work_on

THRESHOLD_BYTES: Final = 51200
CACHE_BYTES: Final = 64 * 1024 * 1024
MAX_PAYLOAD_BYTES: Final = 256 * 1024 * 1024
_STORED_SECONDS: Final = 600
"""A blob this process wrote this recently is not written again; no sweep is that quick."""


class ClaimCheckCodec(PayloadCodec):
    """Replaces payloads by references to a store where their content lies once, under its digest.

    Args:
        threshold_bytes: serialized size from which a payload is stored; None stores none (references are still read).
        compress: whether a blob is gzipped when that makes it smaller.
        ttl: how long an unused blob is kept; only said in the message about a missing one.
        cache_bytes: how much of what was written or read stays in memory, so that a replay does not fetch again.
        max_payload_bytes: the largest payload that is written, or unpacked.

    Raises from `encode`: PayloadTooLarge, StoreProblem; from `decode`: MissingBlob, AlteredBlob, StoreProblem.
    """

    def __init__(
        self,
        store: BlobStore,
        *,
        threshold_bytes: int | None = THRESHOLD_BYTES,
        compress: bool = True,
        ttl: timedelta = timedelta(days=30),
        cache_bytes: int = CACHE_BYTES,
        max_payload_bytes: int = MAX_PAYLOAD_BYTES,
    ) -> None:
        self._store = store
        self._threshold = threshold_bytes
        self._compress = compress
        self._ttl = ttl
        self._cache = ByteCache(cache_bytes)
        self._max = max_payload_bytes

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """References for those that are to be stored, the others as they are."""
        return list(await asyncio.gather(*map(self._encode, payloads)))

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """The payloads that references stand for, the others as they are."""
        return list(await asyncio.gather(*map(self._decode, payloads)))

    async def _encode(self, payload: Payload) -> Payload:
        if not self._is_to_be_stored(payload):
            return payload
        content = payload.SerializeToString(deterministic=True)
        if len(content) > self._max:
            raise PayloadTooLarge(
                f"A payload of {len(content)} bytes is larger than the {self._max} bytes that pass between tasks; "
                "keep it outside of the workflow and pass where it is."
            )
        blob, reference = await work_on(len(content), lambda: self._pack(content))
        if not self._cache.is_recent(reference.sha256, _STORED_SECONDS):
            await self._store.put(reference.sha256, blob)
            self._cache.put(reference.sha256, content)
        return reference.to_payload(always=is_always(payload))

    def _is_to_be_stored(self, payload: Payload) -> bool:
        # One that looks like a reference is wrapped like this, or it would be taken for one of ours when it comes back.
        if is_reference(payload):
            return True
        if self._threshold is None:
            return False
        return is_always(payload) or payload.ByteSize() >= self._threshold

    def _pack(self, content: bytes) -> tuple[bytes, Reference]:
        packed = smaller(content) if self._compress else None
        blob = content if packed is None else packed
        digest = hashlib.sha256(blob).hexdigest()
        return blob, Reference(sha256=digest, size=len(content), compressed=packed is not None)

    async def _decode(self, payload: Payload) -> Payload:
        if not is_reference(payload):
            return payload
        reference = read_reference(payload)
        content = self._cache.get(reference.sha256)
        if content is None or len(content) != reference.size:
            blob = await self._store.get(reference.sha256)
            if blob is None:
                raise self._missing(reference)
            content = await work_on(len(blob), lambda: self._unpack(blob, reference))
            self._cache.put(reference.sha256, content)
        try:
            return Payload.FromString(content)
        except DecodeError:
            raise self._altered(reference, "it holds no payload") from None

    def _unpack(self, blob: bytes, reference: Reference) -> bytes:
        """The serialized payload. Raises AlteredBlob, PayloadTooLarge."""
        if hashlib.sha256(blob).hexdigest() != reference.sha256:
            raise self._altered(reference, f"its {len(blob)} bytes have another digest")
        if reference.size > self._max:
            raise PayloadTooLarge(
                f"A claim check announces {reference.size} bytes, more than the {self._max} bytes that are unpacked."
            )
        content = unpack(blob, reference.size) if reference.compressed else blob
        if content is None or len(content) != reference.size:
            raise self._altered(reference, f"it does not unpack to the {reference.size} bytes announced")
        return content

    def _missing(self, reference: Reference) -> MissingBlob:
        return MissingBlob(
            f"The blob {reference.sha256} of a payload of {reference.size} bytes is not in the {self._store.name}. "
            f"It was deleted or swept (blobs unused for {self._ttl.days} days are, see CLAIMCHECK_TTL_DAYS), or it was "
            "written to another store: check that all workers and clients have the same BLOB_STORAGE_* variables. "
            "Restore it under this key and the execution goes on; otherwise terminate or reset the execution."
        )

    def _altered(self, reference: Reference, why: str) -> AlteredBlob:
        return AlteredBlob(
            f"The blob {reference.sha256} in the {self._store.name} is not what was written: {why}. "
            "Restore it from a copy and the execution goes on; otherwise terminate or reset the execution."
        )
