"""One process under the supervision of `launcher.py`, seen from the runner."""

import asyncio
import contextlib
import json
import secrets
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from stigmer_dsl.json_types import JsonObject

from stigmer_engine.processes import launcher
from stigmer_engine.processes.config import ProcessConfig

_LAUNCHER: Final = str(Path(launcher.__file__))
_PATIENCE_SECONDS: Final = 15.0
_endings: set["asyncio.Task[None]"] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A file beside the working directory; its path becomes an argument of the process."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessPlan:
    """What to start. Secrets stand in it as themselves, so it does not show.

    Attributes:
        command: the program, by its path, and its first arguments.
        script: the file to run, if any; its path comes between `command` and `arguments`.
        stdin: text for standard input; without one, that is empty.
    """

    command: tuple[str, ...]
    arguments: tuple[str, ...]
    environment: dict[str, str]
    stdin: str | None
    script: Script | None = None

    def __repr__(self) -> str:
        return f"ProcessPlan({self.command[0]})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessEnd:
    """How it ended. `reason` is empty when it ended by itself, and otherwise what the launcher ended it for."""

    reason: str
    code: int
    stdout: bytes
    stderr: bytes


async def run_supervised(plan: ProcessPlan, config: ProcessConfig) -> ProcessEnd:
    """Run a process to its end. When cancelled, it and all that it started have ended when this returns.

    Raises:
        OSError: the supervisor cannot be started.
    """
    directory = (config.folder or Path(tempfile.gettempdir())).resolve() / f"stigmer-{secrets.token_hex(8)}"
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        _LAUNCHER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"LC_ALL": "C.UTF-8"},
        cwd="/",
        start_new_session=True,
    )
    assert supervisor.stdin is not None
    assert supervisor.stdout is not None
    try:
        supervisor.stdin.write(_request(plan, config, directory))
        # When it has ended early, what it said, or did not say, tells why.
        with contextlib.suppress(ConnectionError):
            await supervisor.stdin.drain()
        return _read(await supervisor.stdout.read())
    finally:
        ending = asyncio.ensure_future(_end(supervisor, directory))
        _endings.add(ending)
        ending.add_done_callback(_endings.discard)
        await asyncio.shield(ending)


async def _end(supervisor: asyncio.subprocess.Process, directory: Path) -> None:
    """Let the supervisor kill what it supervises, which it does at the end of its input; then see that it has."""
    assert supervisor.stdin is not None
    supervisor.stdin.close()
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await supervisor.wait()
    except TimeoutError:
        supervisor.kill()
        await supervisor.wait()
    # It removes the directory itself, unless somebody killed it.
    if supervisor.returncode != 0:
        await asyncio.to_thread(launcher.remove, str(directory))


def _request(plan: ProcessPlan, config: ProcessConfig, directory: Path) -> bytes:
    script = plan.script
    path = () if script is None else (str(directory / script.name),)
    work = str(directory / "work")
    request: JsonObject = {
        "argv": [*plan.command, *path, *plan.arguments],
        "env": {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": work,
            "TMPDIR": work,
            **plan.environment,
        },
        "directory": str(directory),
        "script": None if script is None else [script.name, script.text],
        "stdin": plan.stdin,
        "limits": asdict(config.limits),
        "namespaces": config.namespaces,
    }
    body = json.dumps(request).encode()
    return launcher.SIZE.pack(len(body)) + body


def _read(reply: bytes) -> ProcessEnd:
    size = launcher.SIZE.size
    if len(reply) < size:
        return ProcessEnd(reason="lost", code=0, stdout=b"", stderr=b"")
    begin = size + launcher.SIZE.unpack_from(reply)[0]
    head = json.loads(reply[size:begin])
    middle = begin + head["stdout"]
    return ProcessEnd(
        reason=head["reason"],
        code=head["code"],
        stdout=reply[begin:middle],
        stderr=reply[middle : middle + head["stderr"]],
    )
