"""What workflows may start on this machine, and within which bounds."""

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

LANGUAGES: Final = {"python": "python", "js": "js", "javascript": "js"}
"""The languages of scripts by the names that documents use."""

Namespaces = Literal["auto", "require", "off"]

_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessLimits:
    """Bounds of one `run: shell` or `run: script`, everything that it starts included where not said otherwise.

    Attributes:
        wall_seconds: time until it is killed.
        cpu_seconds: processor time.
        memory_bytes: memory; also the bound on the data of each single process.
        output_bytes: standard output and standard error together.
        tasks: processes and threads at a time.
        open_files: of each single process.
        file_bytes: largest file that it may write.
    """

    wall_seconds: float = 300.0
    cpu_seconds: float = 60.0
    memory_bytes: int = 512 * _MIB
    output_bytes: int = _MIB
    tasks: int = 64
    open_files: int = 256
    file_bytes: int = 64 * _MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessConfig:
    """What may be started; without a word of the operator, nothing.

    Attributes:
        allow_shell, allow_script: whether `run: shell` and `run: script` are on.
        concurrent: how many run at a time in one engine; others wait for their turn.
        namespaces: `auto` puts them into a PID namespace of their own where the kernel lets us, `require` refuses to
            run them elsewhere.
        folder: where their working directories are made; None for that of the system.
        shell: the shell, called with `-c`.
        python: command that runs Python scripts.
        node: command that runs JavaScript; None when there is none.
    """

    allow_shell: bool = False
    allow_script: bool = False
    limits: ProcessLimits = field(default_factory=ProcessLimits)
    concurrent: int = 16
    namespaces: Namespaces = "auto"
    folder: Path | None = None
    shell: str = "/bin/sh"
    python: tuple[str, ...] = (sys.executable, "-I")
    node: str | None = field(default_factory=lambda: shutil.which("node"))

    @property
    def available(self) -> bool:
        """Whether this machine can keep processes under supervision at all."""
        return sys.platform == "linux"

    def interpreter(self, language: str) -> tuple[str, ...] | None:
        """The command for scripts in a language, or None."""
        match LANGUAGES.get(language):
            case "python":
                return self.python
            case "js" if self.node is not None:
                return (self.node,)
            case _:
                return None
