"""Zigflow's task lists, and the tasks that hold others."""

from collections.abc import Callable, Iterator

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.models.task import kinds_in
from stigmer_dsl.syntax.tree import join_pointer
from stigmer_dsl.validation.walk import child
from stigmer_dsl.zigflow import jq
from stigmer_dsl.zigflow.book import Book
from stigmer_dsl.zigflow.calls import call
from stigmer_dsl.zigflow.simple import listen, raise_error, set_data, wait
from stigmer_dsl.zigflow.state import framed, known

Translator = Callable[[str, JsonObject, str, Book], JsonObject]
DIRECTIVES = ("continue", "exit", "end")
_METADATA = ("heartbeat", "searchAttributes")
_LOOP_DATA = "(.loop.base + .loop.last + {{{each}: $zigflow_item.value, {at}: $zigflow_item.key}})"


def task_list(value: JsonValue, source: str, target: str, book: Book, *, top: bool = False) -> list[JsonValue]:
    """Translate a list of tasks; at the `top` its `do` tasks are left out, since others call them."""
    found: list[JsonValue] = []
    entries = list(_entries(value, source, book))
    names = [name for name, _, _ in entries]
    for position, (name, task, pointer) in enumerate(entries):
        kinds = kinds_in(task)
        if top and kinds == ("do",):
            continue
        _check_target(task.get("then"), names[position + 1 :], f"{pointer}/then", book)
        where = join_pointer(target, len(found), name)
        book.came(where, pointer)
        found.append({name: _task(name, task, pointer, where, kinds, book)})
    return found


def _check_target(target: JsonValue, later: list[str], pointer: str, book: Book) -> None:
    if not isinstance(target, str) or target in DIRECTIVES:
        return
    if target not in later or target in book.callable:
        book.refuse(pointer, f"`then: {target}`, which leads to no later task of its list", "There it fails.")


def _entries(value: JsonValue, pointer: str, book: Book) -> Iterator[tuple[str, JsonObject, str]]:
    if not isinstance(value, list):
        book.findings.add("wrong-type", pointer, "A list of tasks is expected", "Start each task with `- name:`.")
        return
    for index, item in enumerate(value):
        if not isinstance(item, dict) or len(item) != 1 or not isinstance(next(iter(item.values())), dict):
            where = join_pointer(pointer, index)
            book.findings.add("list-item", where, "A list entry is an object with one name", "Write `- name: {...}`.")
            continue
        ((name, task),) = item.items()
        yield name, task, join_pointer(pointer, index, name)


def _task(name: str, task: JsonObject, pointer: str, where: str, kinds: tuple[str, ...], book: Book) -> JsonObject:
    for key in _METADATA:
        metadata = task.get("metadata")
        if isinstance(metadata, dict) and key in metadata:
            book.refuse(join_pointer(pointer, "metadata", key), f"`metadata.{key}`")
    if "call" not in kinds and isinstance(task.get("metadata"), dict) and "activityOptions" in task["metadata"]:
        book.refuse(f"{pointer}/metadata/activityOptions", "`activityOptions` of a task that is no `call`")
    kind = kinds[0] if len(kinds) == 1 else ""
    if kind in _SIMPLE:
        return _SIMPLE[kind](name, task, pointer, book)
    if kind in _HOLDERS:
        return _HOLDERS[kind](name, task, pointer, where, book)
    if kind == "do":
        book.refuse(pointer, "A `do` inside another list", "Zigflow does not run it in sequence; write its tasks here.")
    elif kind:
        book.refuse(pointer, f"`{kind}`")
    else:
        book.findings.add("unknown-task", pointer, "This task has no property that says what it does", "")
    return {"do": []}


def _for(name: str, task: JsonObject, pointer: str, where: str, book: Book) -> JsonObject:
    book.only(task, pointer, known("for", "while", "do"), "a `for`")
    loop = book.only(task.get("for", {}), f"{pointer}/for", ("each", "in", "at"), "`for`")
    over = jq.source_of(loop["in"]) if isinstance(loop.get("in"), str) else None
    if over is None:
        book.refuse(f"{pointer}/for/in", "A `for.in` that is not one `${ }` expression", "Write it in `${ }`.")
        over = "[]"
    items = jq.bind(over, f"{pointer}/for/in", book)
    each, at = jq.literal(loop.get("each", "item")), jq.literal(loop.get("at", "index"))
    data = _LOOP_DATA.format(each=each, at=at)
    failure = 'error("for.in needs an array, an object or a whole number")'
    listed = (
        f'{items} | if type == "array" or type == "object" then (if type == "array" then to_entries else '
        f'[keys_unsorted[] as $key | {{key: $key, value: .[$key]}}] end) elif type == "number" and . == floor then '
        f"[range(.) | {{key: ., value: .}}] else {failure} end"
    )
    results = f'(if ({items} | type) == "object" then {{}} else [] end)'
    collected = (
        'if (.loop.results | type) == "object" then .loop.results[$zigflow_item.key] = .output '
        f"else .loop.results += [.output] end | .loop.last = {{{jq.literal(name)}: .output}}"
    )
    inner = join_pointer(where, "do", 0, "iteration")
    book.came(join_pointer(where, "do"), pointer)
    found: JsonObject = {
        "input": {"from": f". + {{loop: {{outer: .loop, base: .data, last: {{}}, results: {results}}}}}"},
        "for": {"each": "zigflow_item", "in": listed, "at": "zigflow_index"},
        "do": [
            {
                "iteration": {
                    "input": {"from": f". + {{data: {data}}}"},
                    "do": task_list(task.get("do"), f"{pointer}/do", f"{inner}/do", book),
                    "output": {"as": collected},
                }
            }
        ],
        **framed(
            task,
            pointer,
            book,
            old="($input + {loop: $input.loop.outer})",
            raw="$came.loop.results",
            data="$old.data + $came.loop.last",
        ),
    }
    if "while" in task:
        text = task["while"]
        goes_on = jq.source_of(text) if isinstance(text, str) else None
        if goes_on is None:
            book.refuse(f"{pointer}/while", "A condition that is not one `${ }` expression", "Write it in `${ }`.")
        else:
            state = f"(. + {{data: {data}}})"
            found["while"] = f"{jq.bind(goes_on, f'{pointer}/while', book, state=state)} == true"
    return found


def _fork(_name: str, task: JsonObject, pointer: str, where: str, book: Book) -> JsonObject:
    book.only(task, pointer, known("fork"), "a `fork`")
    fork = book.only(task.get("fork", {}), f"{pointer}/fork", ("branches", "compete"), "`fork`")
    branches: list[JsonValue] = []
    names: list[str] = []
    for index, (branch, content, source) in enumerate(_entries(fork.get("branches"), f"{pointer}/fork/branches", book)):
        inner = join_pointer(where, "fork", "branches", index, branch)
        book.came(inner, source)
        names.append(branch)
        if kinds_in(content) == ("do",):
            book.only(content, source, ("do", "metadata"), "a branch that is a list")
            tasks = task_list(content["do"], f"{source}/do", f"{inner}/do", book)
        else:
            tasks = [
                {branch: _task(branch, content, source, join_pointer(inner, "do", 0, branch), kinds_in(content), book)}
            ]
            book.came(join_pointer(inner, "do", 0, branch), source)
        branches.append({branch: {"do": tasks}})
    compete = fork.get("compete") is True
    members = ", ".join(f"{jq.literal(name)}: $came[{index}].output" for index, name in enumerate(names))
    raw = "$came.output" if compete else f"{{{members}}}"
    return {"fork": {"branches": branches, "compete": compete}, **framed(task, pointer, book, raw=raw)}


def _try(_name: str, task: JsonObject, pointer: str, where: str, book: Book) -> JsonObject:
    book.only(task, pointer, known("try", "catch"), "a `try`")
    catch = book.only(task.get("catch", {}), f"{pointer}/catch", ("as", "do"), "`catch`")
    if "do" not in catch:
        book.refuse(f"{pointer}/catch", "A `catch` without `do`")
    told = "$zigflow_error + {message: ($zigflow_error.detail // $zigflow_error.title)}"
    inner = join_pointer(where, "catch", "do", 0, "handle")
    book.came(join_pointer(where, "catch"), f"{pointer}/catch")
    handle: JsonObject = {
        "input": {"from": f". + {{data: (.data + {{{jq.literal(catch.get('as', 'error'))}: ({told})}})}}"},
        "do": task_list(catch.get("do", []), f"{pointer}/catch/do", f"{inner}/do", book),
    }
    return {
        "try": task_list(task.get("try"), f"{pointer}/try", f"{where}/try", book),
        "catch": {"as": "zigflow_error", "do": [{"handle": handle}]},
        **framed(task, pointer, book, raw="$came.output"),
    }


def _switch(_name: str, task: JsonObject, pointer: str, where: str, book: Book) -> JsonObject:
    book.only(task, pointer, known("switch"), "a `switch`")
    cases: list[tuple[str, JsonObject, str]] = list(_entries(task.get("switch"), f"{pointer}/switch", book))
    translated: list[JsonValue] = []
    targets: dict[str, None] = {}
    for index, (name, case, source) in enumerate(cases):
        book.only(case, source, ("when", "then"), "a case")
        then = str(case.get("then"))
        found: JsonObject = {"then": then}
        if case.get("when") is not None:
            found["when"] = jq.condition(case["when"], f"{source}/when", book)
        elif index < len(cases) - 1:
            book.refuse(source, "A default case that is not the last one", "There it wins where it stands.")
        if then in book.callable:
            targets[then] = None
        elif then not in DIRECTIVES:
            book.refuse(f"{source}/then", f"`then: {then}`, which names no `do` of the document's own list")
        translated.append({name: found})
    if not targets:
        own = framed(task, pointer, book, raw="null") if {"output", "export"} & set(task) else {}
        if own and child(task, "output", "as") is None:
            own = framed(task, pointer, book, raw="$old.output")
        plain = {key: value for key, value in framed(task, pointer, book).items() if key != "output"}
        book.came(join_pointer(where, "switch"), f"{pointer}/switch")
        return {"switch": translated, **(own or plain)}
    return _calling_switch(task, pointer, where, translated, tuple(targets), book)


def _calling_switch(
    task: JsonObject, pointer: str, where: str, cases: list[JsonValue], targets: tuple[str, ...], book: Book
) -> JsonObject:
    """A `switch` to a name calls the `do` of that name and goes on behind itself."""
    for index, item in enumerate(cases):
        ((name, case),) = item.items()
        if case["then"] == "exit":
            source = join_pointer(pointer, "switch", index, name, "then")
            book.refuse(source, "`then: exit` in a switch that also calls tasks")
        case["then"] = {"continue": "exit"}.get(case["then"], case["then"])
    book.came(join_pointer(where, "do", 0, "choose", "switch"), f"{pointer}/switch")
    steps: list[JsonValue] = [{"choose": {"switch": cases, "then": "exit"}}]
    steps += [{target: {**_called(target, book), "then": "exit"}} for target in targets]
    return {"do": steps, **framed(task, pointer, book, raw="$came.output")}


def _called(name: str, book: Book) -> JsonObject:
    book.called.add(name)
    parts = ("context", "data", "output", "steps", "loop")
    return {"call": function_name(name), "with": {part: f"${{ .{part} }}" for part in parts}}


def function_name(name: str) -> str:
    """Return the name of the function that a callable `do` becomes; it cannot be that of a protocol."""
    return f"zigflow-{name}"


def _run(name: str, task: JsonObject, pointer: str, _where: str, book: Book) -> JsonObject:
    book.only(task, pointer, known("run"), "a `run`")
    process = book.only(task.get("run", {}), f"{pointer}/run", ("workflow", "await"), "`run`")
    workflow = book.only(process.get("workflow", {}), f"{pointer}/run/workflow", ("type", "input"), "`run.workflow`")
    if "input" in workflow:
        book.refuse(f"{pointer}/run/workflow/input", "`run.workflow.input`", "Zigflow ignores it.")
    if process.get("await", True) is not True:
        book.refuse(f"{pointer}/run/await", "`await: false`")
    target = str(workflow.get("type"))
    if "workflow" not in process:
        # Refused by its name above, when it has one.
        if not process:
            book.refuse(f"{pointer}/run", "`run` of nothing")
        return {"do": []}
    if target not in book.callable:
        book.refuse(f"{pointer}/run", "`run` of anything but a `do` of the same document")
        return {"do": []}
    data = f"$old.data + {{{jq.literal(name)}: $raw}}"
    return {**_called(target, book), **framed(task, pointer, book, raw="$came.output", data=data)}


_SIMPLE: dict[str, Translator] = {"set": set_data, "wait": wait, "raise": raise_error, "listen": listen, "call": call}
_HOLDERS: dict[str, Callable[[str, JsonObject, str, str, Book], JsonObject]] = {
    "for": _for, "fork": _fork, "try": _try, "switch": _switch, "run": _run,
}  # fmt: skip
