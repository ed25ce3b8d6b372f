"""Every place of a document that holds a runtime expression, with the variables that exist there."""

from collections.abc import Iterator
from dataclasses import dataclass

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.syntax.tree import join_pointer
from stigmer_dsl.validation.flow import cases
from stigmer_dsl.validation.walk import ListPlace, TaskPlace, child, error_variable, iterator_variables

ARGUMENTS = frozenset({"$context", "$input", "$output", "$secrets", "$authorization", "$task", "$workflow", "$runtime"})
"""The arguments of every expression; one that a place does not set is null there."""

_NO_LOCALS: frozenset[str] = frozenset()
_BEFORE_WORKFLOW = frozenset({"$context", "$input", "$output", "$authorization", "$task"})
_AFTER_WORKFLOW = frozenset({"$output", "$authorization", "$task"})
_IN_TASK = frozenset({"$output"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A text that holds an expression (`bare`: as a whole, with or without `${ }`) or may hold some (`${ }` only).

    `local` are the names bound by surrounding tasks, `unset` the arguments that are always null there.
    """

    pointer: str
    text: str
    bare: bool
    local: frozenset[str] = _NO_LOCALS
    unset: frozenset[str] = _IN_TASK


def sites(raw: JsonObject, lists: tuple[ListPlace, ...]) -> Iterator[Site]:
    """Yield the expression sites of the whole document."""
    yield from _template(child(raw, "input", "from"), "/input/from", _NO_LOCALS, _BEFORE_WORKFLOW)
    yield from _template(child(raw, "output", "as"), "/output/as", _NO_LOCALS, _AFTER_WORKFLOW)
    yield from _data(child(raw, "timeout", "after"), "/timeout/after", _NO_LOCALS)
    yield from _consumption(child(raw, "schedule", "on"), "/schedule/on", _NO_LOCALS)
    for name in ("every", "after"):
        yield from _data(child(raw, "schedule", name), f"/schedule/{name}", _NO_LOCALS)
    yield from _use_sites(raw)
    for place in lists:
        for task in place.tasks:
            yield from _task_sites(task)


def _use_sites(raw: JsonObject) -> Iterator[Site]:
    use = child(raw, "use")
    for part in ("authentications", "errors", "timeouts", "catalogs"):
        yield from _data(child(use, part), f"/use/{part}", _NO_LOCALS)
    retries = child(use, "retries")
    for name, policy in retries.items() if isinstance(retries, dict) else ():
        # The name of the error variable is known only where the policy is used.
        yield from _retry(policy, join_pointer("/use/retries", name), frozenset({"$error"}))
    extensions = child(use, "extensions")
    for index, item in enumerate(extensions if isinstance(extensions, list) else ()):
        for name, extension in item.items() if isinstance(item, dict) else ():
            yield from _bare(child(extension, "when"), join_pointer("/use/extensions", index, name, "when"), _NO_LOCALS)


def _task_sites(place: TaskPlace) -> Iterator[Site]:
    task, pointer, local = place.task, place.pointer, place.variables
    yield from _bare(task.get("if"), f"{pointer}/if", local)
    yield from _template(child(task, "input", "from"), f"{pointer}/input/from", local)
    yield from _template(child(task, "output", "as"), f"{pointer}/output/as", local)
    yield from _template(child(task, "export", "as"), f"{pointer}/export/as", local, _NO_LOCALS)
    yield from _data(child(task, "timeout", "after"), f"{pointer}/timeout/after", local)
    yield from _data(child(task, "metadata", "searchAttributes"), f"{pointer}/metadata/searchAttributes", local)
    if place.kind == "for":
        yield from _for(task, pointer, local)
    elif place.kind == "switch":
        for index, name, case in cases(place):
            yield from _bare(child(case, "when"), join_pointer(pointer, "switch", index, name, "when"), local)
    elif place.kind == "try":
        yield from _catch(task, pointer, local)
    elif place.kind == "listen":
        yield from _consumption(child(task, "listen", "to"), f"{pointer}/listen/to", local)
        yield from _foreach(task.get("foreach"), f"{pointer}/foreach", local)
    elif place.kind == "call":
        yield from _call(task, pointer, local)
    elif place.kind in {"set", "raise", "wait", "emit", "run"}:
        yield from _data(task.get(place.kind), f"{pointer}/{place.kind}", local)


def _for(task: JsonObject, pointer: str, local: frozenset[str]) -> Iterator[Site]:
    collection = child(task, "for", "in")
    yield from _bare(collection, f"{pointer}/for/in", local)
    if not isinstance(collection, str):
        yield from _data(collection, f"{pointer}/for/in", local)
    yield from _bare(task.get("while"), f"{pointer}/while", local | iterator_variables(task.get("for"), "each"))


def _catch(task: JsonObject, pointer: str, local: frozenset[str]) -> Iterator[Site]:
    names = local | error_variable(task)
    for name in ("when", "exceptWhen"):
        yield from _bare(child(task, "catch", name), f"{pointer}/catch/{name}", names)
    yield from _data(child(task, "catch", "errors"), f"{pointer}/catch/errors", local)
    yield from _retry(child(task, "catch", "retry"), f"{pointer}/catch/retry", names)


def _retry(policy: JsonValue, pointer: str, local: frozenset[str]) -> Iterator[Site]:
    if not isinstance(policy, dict):
        return
    for name in ("when", "exceptWhen"):
        yield from _bare(policy.get(name), f"{pointer}/{name}", local)
    for name in ("delay", "limit", "jitter"):
        yield from _data(policy.get(name), f"{pointer}/{name}", local)


def _consumption(strategy: JsonValue, pointer: str, local: frozenset[str]) -> Iterator[Site]:
    yield from _filter(child(strategy, "one"), f"{pointer}/one", local)
    for name in ("any", "all"):
        filters = child(strategy, name)
        for index, item in enumerate(filters if isinstance(filters, list) else ()):
            yield from _filter(item, f"{pointer}/{name}/{index}", local)
    until = child(strategy, "until")
    yield from _bare(until, f"{pointer}/until", local)
    if isinstance(until, dict) and "until" not in until:
        yield from _consumption(until, f"{pointer}/until", local)


def _filter(value: JsonValue, pointer: str, local: frozenset[str]) -> Iterator[Site]:
    yield from _data(child(value, "with"), f"{pointer}/with", local)
    correlations = child(value, "correlate")
    for name, correlation in correlations.items() if isinstance(correlations, dict) else ():
        inner = join_pointer(pointer, "correlate", name)
        yield from _bare(child(correlation, "from"), f"{inner}/from", local)
        yield from _data(child(correlation, "expect"), f"{inner}/expect", local)


def _foreach(value: JsonValue, pointer: str, local: frozenset[str]) -> Iterator[Site]:
    names = local | iterator_variables(value)
    yield from _template(child(value, "output", "as"), f"{pointer}/output/as", names)
    yield from _template(child(value, "export", "as"), f"{pointer}/export/as", names, _NO_LOCALS)


def _call(task: JsonObject, pointer: str, local: frozenset[str]) -> Iterator[Site]:
    arguments = task.get("with")
    if task.get("call") == "activity" and isinstance(arguments, dict):
        # The options are literal.
        arguments = {name: value for name, value in arguments.items() if name != "options"}
    if task.get("call") != "asyncapi" or not isinstance(arguments, dict):
        yield from _data(arguments, f"{pointer}/with", local)
        return
    base = f"{pointer}/with"
    for name, value in arguments.items():
        if name != "subscription":
            yield from _data(value, join_pointer(base, name), local)
    subscription, base = arguments.get("subscription"), f"{base}/subscription"
    yield from _bare(child(subscription, "filter"), f"{base}/filter", local)
    for name in ("while", "until"):
        yield from _bare(child(subscription, "consume", name), f"{base}/consume/{name}", local)
    yield from _data(child(subscription, "consume", "for"), f"{base}/consume/for", local)
    yield from _foreach(child(subscription, "foreach"), f"{base}/foreach", local)


def _bare(value: JsonValue, pointer: str, local: frozenset[str], unset: frozenset[str] = _IN_TASK) -> Iterator[Site]:
    if isinstance(value, str):
        yield Site(pointer=pointer, text=value, bare=True, local=local, unset=unset)


def _template(
    value: JsonValue, pointer: str, local: frozenset[str], unset: frozenset[str] = _IN_TASK
) -> Iterator[Site]:
    yield from _bare(value, pointer, local, unset)
    if isinstance(value, dict):
        yield from _data(value, pointer, local, unset)


def _data(value: JsonValue, pointer: str, local: frozenset[str], unset: frozenset[str] = _IN_TASK) -> Iterator[Site]:
    """Yield the strings of nested data that contain `${`; keys are never evaluated."""
    pending: list[tuple[str, JsonValue]] = [(pointer, value)]
    while pending:
        where, current = pending.pop()
        if isinstance(current, str):
            if "${" in current:
                yield Site(pointer=where, text=current, bare=False, local=local, unset=unset)
        elif isinstance(current, dict):
            pending.extend((join_pointer(where, key), item) for key, item in current.items())
        elif isinstance(current, list):
            pending.extend((join_pointer(where, index), item) for index, item in enumerate(current))
