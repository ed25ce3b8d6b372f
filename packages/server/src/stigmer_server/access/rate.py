"""How often a name may be used: a bucket of tokens that refills by the second."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_MOST_NAMES: Final = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class RateLimit:
    """Allows `per_second` uses on average and twice as many in a burst, for each name.

    Of more than `most_names` names, the one that was not used for longest is forgotten.
    """

    def __init__(
        self, per_second: float, *, most_names: int = _MOST_NAMES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._capacity = max(1.0, 2 * per_second)
        self._most_names = most_names
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, name: str) -> bool:
        """Take one token; False when none is left."""
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = _Bucket(self._capacity, self._clock())
            if len(self._buckets) > self._most_names:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(name)
            self._refill(bucket)
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def spent(self, name: str) -> bool:
        """Whether no token is left to take."""
        bucket = self._buckets.get(name)
        if bucket is None:
            return False
        self._refill(bucket)
        return bucket.tokens < 1

    def _refill(self, bucket: _Bucket) -> None:
        now = self._clock()
        bucket.tokens = min(self._capacity, bucket.tokens + (now - bucket.filled_at) * self._per_second)
        bucket.filled_at = now
