"""Names that must be defined under `use`."""

from collections.abc import Iterator

from stigmer_dsl.duration import is_iso_duration
from stigmer_dsl.expressions import is_strict
from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models.call_task import PROTOCOLS, RUNTIME_CALLS
from stigmer_dsl.syntax.tree import join_pointer
from stigmer_dsl.validation.findings import Findings, did_you_mean, near_word
from stigmer_dsl.validation.walk import ListPlace, TaskPlace, child

_SCHEMES = ("basic", "bearer", "digest", "oauth2", "oidc")
_SINGULAR = {
    "timeouts": "timeout",
    "errors": "error",
    "retries": "retry policy",
    "functions": "function",
    "catalogs": "catalog",
    "authentications": "authentication",
}
_DEFAULT_CATALOG = "default"


def declared_secrets(raw: JsonObject) -> frozenset[str]:
    """Return the names that `use.secrets` lists."""
    names = child(raw, "use", "secrets")
    return frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()


def check_references(raw: JsonObject, lists: tuple[ListPlace, ...], findings: Findings) -> None:
    """Check references to timeouts, errors, retries, functions, catalogs, authentications and secrets."""
    _check_timeout(raw, "", raw, findings)
    for place in lists:
        for task in place.tasks:
            _check_task(task, raw, findings)
    secrets = declared_secrets(raw)
    for part in ("authentications", "catalogs"):
        base = f"/use/{part}"
        for pointer, policy in _policies(child(raw, "use", part), base):
            _check_policy(policy, pointer, raw, secrets, findings)
    policies = child(raw, "use", "authentications")
    for name, policy in policies.items() if isinstance(policies, dict) else ():
        _check_schemes(policy, join_pointer("/use/authentications", name), secrets, findings)


def _check_task(place: TaskPlace, raw: JsonObject, findings: Findings) -> None:
    task, pointer = place.task, place.pointer
    _check_timeout(task, pointer, raw, findings)
    if place.kind == "raise":
        error = child(task, "raise", "error")
        if isinstance(error, str) and not is_strict(error):
            _check("errors", error, f"{pointer}/raise/error", raw, findings)
    elif place.kind == "try":
        _check("retries", child(task, "catch", "retry"), f"{pointer}/catch/retry", raw, findings)
    elif place.kind == "call":
        name = task.get("call")
        _check_call(name, f"{pointer}/call", raw, findings)
        if isinstance(name, str) and name in PROTOCOLS:
            for where, policy in _policies(task.get("with"), f"{pointer}/with"):
                _check_policy(policy, where, raw, declared_secrets(raw), findings)
        elif isinstance(name, str):
            _check_function_input(task, name, pointer, raw, findings)


def _check_timeout(owner: JsonObject, pointer: str, raw: JsonObject, findings: Findings) -> None:
    value = owner.get("timeout")
    hint = "Write `timeout: {after: ...}` for a duration." if isinstance(value, str) and is_iso_duration(value) else ""
    _check("timeouts", value, f"{pointer}/timeout", raw, findings, hint=hint)


def _check_call(name: JsonValue, pointer: str, raw: JsonObject, findings: Findings) -> None:
    """Check the name of a call: a protocol, a call of the runtime, a function, `name:version@catalog`, or a URL."""
    if not isinstance(name, str) or name in PROTOCOLS or name in RUNTIME_CALLS or "://" in name:
        return
    _, at, catalog = name.partition("@")
    if not at:
        _check("functions", name, pointer, raw, findings, also=(*PROTOCOLS, *RUNTIME_CALLS))
    elif catalog != _DEFAULT_CATALOG:
        _check("catalogs", catalog, pointer, raw, findings)


def _check_function_input(task: JsonObject, name: str, pointer: str, raw: JsonObject, findings: Findings) -> None:
    """Check that `with` gives what the input schema of a function of this document requires."""
    required = child(raw, "use", "functions", name, "input", "schema", "document", "required")
    arguments = task.get("with", {})
    if not isinstance(required, list) or not isinstance(arguments, dict):
        return
    where = f"{pointer}/with" if "with" in task else pointer
    for wanted in required:
        if isinstance(wanted, str) and wanted not in arguments:
            what = f"The function `{name}` requires `{wanted}`, which `with` does not give"
            near = near_word(wanted, tuple(arguments))
            hint = f"Did you mean it by `{near}`?" if near else f"Add `{wanted}` under `with`."
            findings.add("missing-input", where, what, hint, at_key=True)


def _check(
    part: str,
    name: JsonValue,
    pointer: str,
    raw: JsonObject,
    findings: Findings,
    *,
    hint: str = "",
    also: tuple[str, ...] = (),
) -> None:
    defined = child(raw, "use", part)
    known = tuple(defined) if isinstance(defined, dict) else ()
    if not isinstance(name, str) or name in known:
        return
    hint = hint or did_you_mean(name, [*known, *also]) or f"Define it under `use.{part}`."
    findings.add("unknown-reference", pointer, f"No {_SINGULAR[part]} is named `{name}`", hint)


def _policies(value: JsonValue, pointer: str) -> Iterator[tuple[str, JsonValue]]:
    """Yield every `authentication` property in nested data."""
    pending: list[tuple[str, JsonValue]] = [(pointer, value)]
    while pending:
        where, current = pending.pop()
        if isinstance(current, dict):
            for key, item in current.items():
                inner = join_pointer(where, key)
                if key == "authentication":
                    yield inner, item
                elif key not in {"body", "arguments", "parameters", "payload", "do"}:
                    pending.append((inner, item))


def _check_policy(
    policy: JsonValue, pointer: str, raw: JsonObject, secrets: frozenset[str], findings: Findings
) -> None:
    _check("authentications", child(policy, "use"), f"{pointer}/use", raw, findings)
    _check_schemes(policy, pointer, secrets, findings)


def _check_schemes(policy: JsonValue, pointer: str, secrets: frozenset[str], findings: Findings) -> None:
    for scheme in _SCHEMES:
        name = child(policy, scheme, "use")
        if isinstance(name, str) and name not in secrets:
            hint = did_you_mean(name, sorted(secrets)) or f"Add `{name}` to `use.secrets`."
            where = f"{pointer}/{scheme}/use"
            findings.add("undeclared-secret", where, f"`use.secrets` does not list `{name}`", hint)
