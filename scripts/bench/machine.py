"""The machine a measurement was made on."""

import os
import platform
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Its size, the Python that ran, the day, and how busy it was when the measurement began."""

    cores: int
    memory_gib: float
    system: str
    python: str
    day: str
    load: float


def this_machine() -> Machine:
    """The machine of this process; the cores are those it may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        cores=cores,
        memory_gib=memory / 2**30,
        system=f"{platform.system()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        day=time.strftime("%Y-%m-%d", time.gmtime()),
        load=os.getloadavg()[0],
    )
