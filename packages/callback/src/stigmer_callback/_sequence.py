"""Gap-free numbers for the events of one execution."""

from __future__ import annotations


class SequenceCounter:
    """Counts the events of ONE execution: 1, 2, 3 without gaps.

    `last` continues a count, for example after the execution moved to another process. Take a number only for an event
    that is reported for sure, as receivers read a missing number as a lost event.
    """

    __slots__ = ("_last",)

    def __init__(self, last: int = 0) -> None:
        if last < 0:
            msg = f"the last sequence number must be 0 or more, not {last}"
            raise ValueError(msg)
        self._last = last

    @property
    def last(self) -> int:
        """The number given out last; 0 when none was."""
        return self._last

    def next(self) -> int:
        """Return the next number."""
        self._last += 1
        return self._last
