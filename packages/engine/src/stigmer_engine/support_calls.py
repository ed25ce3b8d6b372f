"""What calls cannot do here: refused when a document is loaded, by name and place."""

from collections.abc import Iterator
from typing import Final

from pydantic import BaseModel
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models import CallTask, Workflow

from stigmer_engine.executors.authentication import SCHEMES
from stigmer_engine.executors.call import REFUSED_CALLS
from stigmer_engine.executors.task_list import escape

Refusal = tuple[str, str, str]
"""Pointer, what is not supported, and what to do instead."""

_LATER: Final = "Take it out, or run the document where it is supported."
_GRANT_HINT: Final = "It needs a person at a browser; use client_credentials, password or a token exchange."


def refused_call(pointer: str, task: CallTask) -> Iterator[Refusal]:
    """What of a call is not supported."""
    if task.call in REFUSED_CALLS:
        yield f"{pointer}/call", f"`call: {task.call}`", _LATER
        return
    arguments = task.with_ or {}
    base = f"{pointer}/with"
    match task.call:
        case "http":
            yield from _of_endpoint(arguments, base)
        case "openapi":
            yield from _of_endpoint(_object(arguments.get("document")), f"{base}/document")
            yield from _policy(arguments.get("authentication"), f"{base}/authentication")
        case "grpc":
            yield from _of_endpoint(_object(arguments.get("proto")), f"{base}/proto")
            policy = _object(arguments.get("service")).get("authentication")
            yield from _policy(policy, f"{base}/service/authentication")
            if "digest" in _object(policy):
                yield f"{base}/service/authentication/digest", "Digest authentication of gRPC", "Use bearer or basic."
        case _:
            pass


def refused_use(workflow: Workflow) -> Iterator[Refusal]:
    """What of `use` is not supported: policies, and functions that call themselves."""
    if workflow.use is None:
        return
    for name, policy in (workflow.use.authentications or {}).items():
        dumped = policy.model_dump(mode="json", by_alias=True, exclude_none=True)
        yield from _policy(dumped, f"/use/authentications/{escape(name)}")
    calls = {name: frozenset(_called(task)) for name, task in (workflow.use.functions or {}).items()}
    for name in calls:
        if _reaches(calls, name):
            pointer = f"/use/functions/{escape(name)}"
            yield pointer, f"A function that calls itself (`{name}`)", "Use a loop: `for`, or `then` with a name."


def _of_endpoint(owner: JsonObject, pointer: str) -> Iterator[Refusal]:
    policy = _object(owner.get("endpoint")).get("authentication")
    yield from _policy(policy, f"{pointer}/endpoint/authentication")


def _policy(policy: JsonValue, pointer: str) -> Iterator[Refusal]:
    for scheme in SCHEMES:
        settings = _object(_object(policy).get(scheme))
        if settings.get("grant") == "authorization_code":
            yield f"{pointer}/{scheme}/grant", "The grant `authorization_code`", _GRANT_HINT


def _called(value: object) -> Iterator[str]:
    """The names that the calls inside a task call."""
    if isinstance(value, CallTask):
        yield value.call
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _called(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from _called(item)


def _reaches(calls: dict[str, frozenset[str]], start: str) -> bool:
    """Whether a function comes to call itself."""
    seen: dict[str, None] = {}
    pending = sorted(calls[start])
    while pending:
        name = pending.pop()
        if name == start:
            return True
        if name in calls and name not in seen:
            seen[name] = None
            pending += sorted(calls[name])
    return False


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}
