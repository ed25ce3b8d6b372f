"""Keeps the runner's own environment and memory from the processes that it starts."""

import ctypes
import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4


def hide_this_process() -> None:
    """Close `/proc/<pid>/environ` and the memory of this process to other processes of the same user.

    By prctl(2) PR_SET_DUMPABLE; it also means that this process leaves no core dumps, and that only root can attach a
    debugger to it.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, ctypes.c_ulong(0))
