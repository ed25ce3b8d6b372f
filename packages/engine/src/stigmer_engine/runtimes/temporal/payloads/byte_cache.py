"""What was written or read lately, by its key."""

import time
from collections import OrderedDict


class ByteCache:
    """The most recently used contents, up to a number of bytes. For one event loop."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._contents: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return self._bytes

    def get(self, key: str) -> bytes | None:
        """The content, which counts as used by this."""
        entry = self._contents.get(key)
        if entry is None:
            return None
        self._contents.move_to_end(key)
        return entry[0]

    def put(self, key: str, content: bytes) -> None:
        """Keep the content as of now; those not used for longest go. One larger than the cache is not kept."""
        self.drop(key)
        if len(content) > self._max_bytes:
            return
        self._contents[key] = content, time.monotonic()
        self._bytes += len(content)
        while self._bytes > self._max_bytes:
            _, (dropped, _) = self._contents.popitem(last=False)
            self._bytes -= len(dropped)

    def is_recent(self, key: str, seconds: float) -> bool:
        """Whether the content was put in the last seconds."""
        entry = self._contents.get(key)
        return entry is not None and time.monotonic() - entry[1] < seconds

    def drop(self, key: str) -> None:
        """Forget the content, if there is one."""
        entry = self._contents.pop(key, None)
        if entry is not None:
            self._bytes -= len(entry[0])
