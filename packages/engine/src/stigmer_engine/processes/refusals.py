"""Processes that this engine does not start: refused when a document is loaded, by name and place."""

from collections.abc import Iterator
from typing import Final

from stigmer_dsl.models import RunTask

from stigmer_engine.processes.config import LANGUAGES, ProcessConfig

UNSUPPORTED: Final = "unsupported-construct"
NOT_ALLOWED: Final = "process-not-allowed"
_LATER: Final = "Take it out, or run the document where it is supported."

Finding = tuple[str, str, str, str]
"""Code, pointer, message and hint."""


def refused_process(pointer: str, task: RunTask, config: ProcessConfig) -> Iterator[Finding]:
    """What of a `run` task is not supported, or not allowed."""
    run = task.run
    if run.container is not None:
        yield UNSUPPORTED, f"{pointer}/run/container", "`run: container` is not supported by this runner", _LATER
    if run.shell is not None:
        yield from _general(f"{pointer}/run/shell", "shell", config, allowed=config.allow_shell)
    if run.script is not None:
        yield from _general(f"{pointer}/run/script", "script", config, allowed=config.allow_script)
        yield from _language(f"{pointer}/run/script/language", run.script.language, config)


def _general(pointer: str, kind: str, config: ProcessConfig, *, allowed: bool) -> Iterator[Finding]:
    if not config.available:
        yield UNSUPPORTED, pointer, f"`run: {kind}` needs a runner on Linux", _LATER
    elif not allowed:
        hint = f"Start the runner with ALLOW_{kind.upper()}=true, or `stigmer run` with --allow-{kind}."
        yield NOT_ALLOWED, pointer, f"`run: {kind}` is off in this runner", hint


def _language(pointer: str, language: str, config: ProcessConfig) -> Iterator[Finding]:
    if language not in LANGUAGES:
        message = f"Scripts in `{language}` are not supported by this runner"
        yield UNSUPPORTED, pointer, message, "Write it in `python` or `js`, or call its interpreter by `run: shell`."
    elif config.allow_script and config.interpreter(language) is None:
        message = f"Scripts in `{language}` need `node`, which this machine does not have"
        yield UNSUPPORTED, pointer, message, "Install Node.js beside the runner, or write the script in `python`."
