"""Starting: how long a user waits before anything of ours runs."""

import subprocess
import sys
from pathlib import Path

from .measure import Case, Yardstick

STIGMER = Path(sys.executable).with_name("stigmer")


def help_case() -> Case:
    """The command line's first answer."""
    return _case("`stigmer --help`", [str(STIGMER), "--help"])


def import_case() -> Case:
    """The engine as a library."""
    return _case("`import stigmer_engine`", [sys.executable, "-c", "import stigmer_engine"])


def _case(name: str, command: list[str]) -> Case:
    return Case(
        name=name,
        unit="start",
        units=1,
        run=lambda: _exit_code(command),
        yardsticks=(Yardstick(name="`python -c pass`", run=lambda: _exit_code([sys.executable, "-c", "pass"])),),
    )


def _exit_code(command: list[str]) -> int:
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=True).returncode
