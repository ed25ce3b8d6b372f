"""Bounds of time and memory around each input."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from .finding import Hang, LawBroken

INPUT_SECONDS: Final = 10.0
"""Processor time for one input: a busy machine makes nothing hang."""

GROWTH_KIB: Final = 400 * 1024
"""How much one input may add to the largest size this process ever had."""

ADDRESS_SPACE: Final = 4 * 1024**3


def limit_memory() -> None:
    """Let this process, and its children, fail to get more memory rather than take that of others."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, hard))


def peak_kib() -> int:
    """The largest size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@contextmanager
def watched() -> Iterator[None]:
    """Raise Hang or LawBroken when what is done inside takes too much time or memory."""
    before = peak_kib()
    previous = signal.signal(signal.SIGPROF, _interrupt)
    # Again and again, in case that somebody catches it.
    signal.setitimer(signal.ITIMER_PROF, INPUT_SECONDS, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)
    grown = peak_kib() - before
    if grown > GROWTH_KIB:
        raise LawBroken("memory", f"the process grew by {grown // 1024} MiB")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise Hang(f"more than {INPUT_SECONDS:g} s of processor time")
