"""Performs the calls `shell` and `script`: starts a process, and makes a value or a fault of its end."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.calls.caller import Caller, GuardedCaller
from stigmer_engine.faults import Fault, fault
from stigmer_engine.processes.config import ProcessConfig
from stigmer_engine.processes.hiding import hide_this_process
from stigmer_engine.processes.supervised import ProcessEnd, ProcessPlan, Script, run_supervised
from stigmer_engine.secrets import SecretVault

_log = logging.getLogger(__name__)

_SCRIPT_NAMES: Final = {"python": "script.py", "js": "script.mjs", "javascript": "script.mjs"}


_Planner = Callable[[JsonObject, ProcessConfig], ProcessPlan]


class Processes:
    """The callers of processes of one engine, by kind; empty when nothing is allowed. Close it when done."""

    def __init__(self, config: ProcessConfig) -> None:
        self._config = config
        self._turns = asyncio.Semaphore(config.concurrent)
        self._detached: set[asyncio.Task[None]] = set()
        callers: dict[str, Caller] = {}
        if config.available and config.allow_shell:
            callers["shell"] = GuardedCaller("shell", _ProcessCaller(self, _shell_plan))
        if config.available and config.allow_script:
            callers["script"] = GuardedCaller("script", _ProcessCaller(self, _script_plan))
        if callers:
            hide_this_process()
        self.by_kind: Mapping[str, Caller] = MappingProxyType(callers)

    @property
    def config(self) -> ProcessConfig:
        """What is allowed."""
        return self._config

    async def close(self) -> None:
        """Kill what nobody waits for."""
        for task in list(self._detached):
            task.cancel()
        await asyncio.gather(*self._detached, return_exceptions=True)

    async def run(self, plan: ProcessPlan) -> ProcessEnd:
        """Run a process when it is its turn. Raises Fault when it cannot be started."""
        try:
            async with self._turns:
                return await run_supervised(plan, self._config)
        except OSError as error:
            raise fault("runtime", "The process cannot be started", error.strerror or "") from None

    def detach(self, plan: ProcessPlan) -> None:
        """Run a process that nobody waits for, until its own end or that of this engine."""
        task = asyncio.ensure_future(self._run_detached(plan))
        self._detached.add(task)
        task.add_done_callback(self._detached.discard)

    async def _run_detached(self, plan: ProcessPlan) -> None:
        try:
            end = await self.run(plan)
        except Fault as error:
            _log.warning("a process that nobody waits for failed: %s", error)
        else:
            if end.reason or end.code:
                _log.warning("a process that nobody waits for ended: %s", end.reason or f"exit code {end.code}")


class _ProcessCaller:
    def __init__(self, processes: Processes, plan: _Planner) -> None:
        self._processes = processes
        self._plan = plan

    async def call(self, arguments: JsonObject, vault: SecretVault) -> JsonValue:
        """Run a process.

        Args:
            arguments: `command` or `language` and `code`; `arguments` `environment` `stdin` as text; `await`.
            vault: fills secrets in at the last moment, and takes them out of what the process writes.

        Returns:
            `{code, stdout, stderr}`; null when nobody waits for it.

        Raises:
            Fault: `timeout`, `runtime` when it went over another limit or cannot be started.
        """
        filled = vault.fill(arguments)
        assert isinstance(filled, dict)
        plan = self._plan(filled, self._processes.config)
        if not arguments.get("await", True):
            self._processes.detach(plan)
            return None
        end = await self._processes.run(plan)
        if end.reason:
            raise Fault(vault.scrub_error(_broken(end.reason, self._processes.config).error))
        texts = {name: vault.scrub_bytes(data) for name, data in (("stdout", end.stdout), ("stderr", end.stderr))}
        return vault.scrub({"code": end.code, **{name: data.decode(errors="replace") for name, data in texts.items()}})


def _shell_plan(arguments: JsonObject, config: ProcessConfig) -> ProcessPlan:
    # What follows the command are the name of the shell and its positional parameters.
    return _plan((config.shell, "-c", str(arguments["command"]), "sh"), arguments)


def _script_plan(arguments: JsonObject, config: ProcessConfig) -> ProcessPlan:
    language = str(arguments["language"])
    command = config.interpreter(language)
    if command is None:
        raise fault("configuration", f"This runner has no interpreter for {language}")
    return _plan(command, arguments, Script(name=_SCRIPT_NAMES[language], text=str(arguments["code"])))


def _plan(command: tuple[str, ...], arguments: JsonObject, script: Script | None = None) -> ProcessPlan:
    given, environment, stdin = arguments.get("arguments"), arguments.get("environment"), arguments.get("stdin")
    plan = ProcessPlan(
        command=command,
        script=script,
        arguments=tuple(map(str, given)) if isinstance(given, list) else (),
        environment={name: str(value) for name, value in environment.items()} if isinstance(environment, dict) else {},
        stdin=None if stdin is None else str(stdin),
    )
    for name in plan.environment:
        if not name or "=" in name:
            raise fault("configuration", "A variable of the process has no usable name", repr(name))
    if any("\0" in text for text in (*plan.command, *plan.arguments, *plan.environment, *plan.environment.values())):
        raise fault("configuration", "A process cannot be given text with a NUL character")
    return plan


def _broken(reason: str, config: ProcessConfig) -> Fault:
    limits = config.limits
    cause, _, detail = reason.partition(": ")
    match cause:
        case "time":
            return fault("timeout", "The process ran too long", f"more than {limits.wall_seconds:g} s")
        case "cpu":
            used = f"more than {limits.cpu_seconds:g} s"
            return fault("runtime", "The process used too much processor time", used)
        case "memory":
            return fault("runtime", "The process used too much memory", f"more than {limits.memory_bytes >> 20} MiB")
        case "output":
            return fault("runtime", "The process wrote too much", f"more than {limits.output_bytes} bytes")
        case "processes":
            return fault("runtime", "The process started too many others", f"more than {limits.tasks} at a time")
        case "namespaces":
            detail = "the runner requires namespaces, and the kernel refuses them"
            return fault("configuration", "The process cannot be isolated", detail)
        case "start":
            return fault("runtime", "The process cannot be started", detail)
        case _:
            return fault("runtime", "The process was lost", "its supervisor was killed")
