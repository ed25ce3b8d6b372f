"""The port of the places where large payloads lie."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

REFRESH_AFTER: Final = timedelta(days=1)
"""A blob older than this gets young again when it is used, so that no sweep takes it. Far below any TTL."""

_KEY: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobInfo:
    """One stored blob: its key, its size in bytes, and the time since it was written or used."""

    key: str
    size: int
    age: timedelta


class BlobStore(Protocol):
    """Blobs under keys that are the 64 lower-case hex digits of a SHA-256, and nothing else.

    Writing is atomic: a reader sees a blob whole or not at all. Every method raises StoreProblem when the store
    does not answer or refuses, and ValueError for a key of another form.
    """

    @property
    def name(self) -> str:
        """Where the blobs are, for messages to people: `folder ...` or `bucket ... at ...`."""
        ...

    async def put(self, key: str, content: bytes, *, replace: bool = False) -> None:
        """Store the content. One that is there is left, but gets young if it was older than REFRESH_AFTER.

        Args:
            replace: write in any case; for content that its key does not determine.
        """
        ...

    async def get(self, key: str) -> bytes | None:
        """The content, or None when there is none. A blob older than REFRESH_AFTER gets young."""
        ...

    async def describe(self, key: str) -> BlobInfo | None:
        """Size and age, or None when there is no such blob. Changes nothing."""
        ...

    async def delete(self, key: str) -> None:
        """Delete the blob; nothing happens when there is none."""
        ...

    def list(self) -> AsyncIterator[BlobInfo]:
        """All blobs, in no order."""
        ...

    async def remove_unfinished(self, older_than: timedelta) -> int:
        """Remove what writers that were killed have left, and tell how many pieces that were."""
        ...


def checked_key(key: str) -> str:
    """The key. Raises ValueError when it is no SHA-256 in lower-case hex, so that none can be a path."""
    if _KEY.fullmatch(key) is None:
        raise ValueError("a blob's key is a SHA-256 in lower-case hex, nothing else")
    return key


def is_key(text: str) -> bool:
    """Whether the text is a SHA-256 in lower-case hex."""
    return _KEY.fullmatch(text) is not None
