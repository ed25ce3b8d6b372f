"""`call: agent`: a question to an agent of the Stigmer service (contract.md, AgentCallTaskConfig)."""

import hashlib
import json
from dataclasses import replace
from typing import Final

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models import CallTask, TaskBase

from stigmer_engine.executors.call_frame import open_call
from stigmer_engine.faults import fault
from stigmer_engine.frames import TaskFrame, input_of
from stigmer_engine.interpreter.outcome import Outcome
from stigmer_engine.interpreter.run import Run, within
from stigmer_engine.interpreter.scope import Scope
from stigmer_engine.scalar_text import scalar_text

DEFAULT_TIMEOUT: Final = 300
"""Seconds for an agent call that names no timeout, as the contract has it."""

ORGANIZATION: Final = "__stigmer_org_id"
"""The variable by which the Stigmer service tells the organization of an execution."""


async def run_agent_call(run: Run, task: TaskBase, frame: TaskFrame, scope: Scope) -> Outcome:
    """Output: what the agent answered, as its caller gives it."""
    assert isinstance(task, CallTask)
    call = await open_call(run, frame, lambda: _arguments(run, task, frame, scope))
    # Derived when it is made, from what a repeated call has too. The nonce tells apart runs with one execution id.
    key = hashlib.sha256(f"{run.tree.nonce}/{call.id}".encode()).hexdigest()[:32]
    known = replace(call, arguments={**call.arguments, "call": call.id, "key": key})

    async def ask() -> Outcome:
        return Outcome(await run.call("agent", known, frame.reference))

    if frame.deadline is not None:
        return await ask()
    # Kept in the frame, so that whoever goes on from it has the same deadline, and a pause moves it.
    frame.deadline = frame.started_at + (call.arguments["config"].get("timeout") or DEFAULT_TIMEOUT)
    return await within(run, frame.deadline, f"Task {frame.name}", ask)


async def _arguments(run: Run, task: CallTask, frame: TaskFrame, scope: Scope) -> JsonObject:
    """`{agent, message, scope, org, env, config}`: texts, with placeholders of secrets; scope and org may be empty.

    Raises:
        Fault: `expression`, when something evaluates to another type than the call needs.
    """
    evaluated = await run.template("with", dict(task.with_ or {}), input_of(frame), scope)
    assert isinstance(evaluated, dict)
    return {
        "agent": _text(evaluated["agent"], "agent"),
        "message": _message(evaluated["message"]),
        "scope": evaluated.get("scope", ""),
        "org": run.environment.get(ORGANIZATION, ""),
        "env": _env(evaluated.get("env", {})),
        "config": _config(evaluated.get("config", {})),
    }


def _text(value: JsonValue, what: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise fault("expression", f"`{what}` of the agent call is not a text")
    return value


def _message(value: JsonValue) -> str:
    """Text as it is, data as JSON: an agent reads either."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return _text(scalar_text(value), "message")


def _env(value: JsonValue) -> JsonObject:
    if not isinstance(value, dict):
        raise fault("expression", "`env` of the agent call is not an object")
    found: JsonObject = {}
    for name, given in value.items():
        text = scalar_text(given)
        if text is None:
            raise fault("expression", f"`env.{name}` of the agent call is not a text")
        found[name] = text
    return found


def _config(value: JsonValue) -> JsonObject:
    settings: JsonObject = dict(value)
    if "model" in settings:
        _text(settings["model"], "config.model")
    temperature = settings.get("temperature", 0)
    if isinstance(temperature, bool) or not isinstance(temperature, int | float) or not 0 <= temperature <= 1:
        raise fault("expression", "`config.temperature` of the agent call is not a number from 0 to 1")
    return settings
