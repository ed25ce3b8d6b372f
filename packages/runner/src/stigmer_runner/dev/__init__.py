"""The whole platform on one machine, as one tree of processes: `stigmer dev`."""

from stigmer_runner.dev.platform import run_platform
from stigmer_runner.dev.ports import WantedPorts
from stigmer_runner.dev.problems import DevProblem

__all__ = ["DevProblem", "WantedPorts", "run_platform"]
