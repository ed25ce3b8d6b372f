"""A place to its stores."""

from pathlib import Path
from typing import Final

from stigmer_engine.runtimes.temporal.payloads.blob_store import BlobStore
from stigmer_engine.runtimes.temporal.payloads.filesystem_store import FilesystemStore
from stigmer_engine.runtimes.temporal.payloads.s3_store import Bucket, S3BlobStore

SECRETS: Final = "secrets"


def blob_store(place: Path | Bucket) -> BlobStore:
    """The store of payloads in a folder or a bucket. Connects to nothing yet."""
    return S3BlobStore(place, prefix="blobs") if isinstance(place, Bucket) else FilesystemStore(place)


def sealed_secrets(place: Path | Bucket) -> BlobStore:
    """The store of encrypted secrets beside the payloads. No sweep of payloads sees it."""
    return S3BlobStore(place, prefix=SECRETS) if isinstance(place, Bucket) else FilesystemStore(place / SECRETS)
