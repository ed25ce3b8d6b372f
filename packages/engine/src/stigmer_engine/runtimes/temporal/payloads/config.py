"""What is known about payloads before anything is opened."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from stigmer_engine.runtimes.temporal.payloads.claim_check import CACHE_BYTES, MAX_PAYLOAD_BYTES, THRESHOLD_BYTES
from stigmer_engine.runtimes.temporal.payloads.keys import KeyRing
from stigmer_engine.runtimes.temporal.payloads.s3_store import Bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadsConfig:
    """How payloads are kept. All workers and clients of a namespace need the same places and keys.

    `place` is a folder or a bucket: blobs lie in it, and secrets below `secrets/`. `claim_check=False` stores no
    payload, but those stored before are still read. Without keys nothing in history or blobs is encrypted; secrets are
    in any case.
    """

    place: Path | Bucket
    claim_check: bool = True
    threshold_bytes: int = THRESHOLD_BYTES
    compress: bool = True
    ttl: timedelta = timedelta(days=30)
    keys: KeyRing = field(default_factory=KeyRing)
    cache_bytes: int = CACHE_BYTES
    max_payload_bytes: int = MAX_PAYLOAD_BYTES
