"""A whole Zigflow document as one of the DSL."""

from dataclasses import dataclass

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.syntax.tree import join_pointer
from stigmer_dsl.validation.findings import Findings
from stigmer_dsl.zigflow.book import Book
from stigmer_dsl.zigflow.calls import document_options
from stigmer_dsl.zigflow.lists import function_name, task_list
from stigmer_dsl.zigflow.state import START

_TOP = ("document", "input", "do", "schedule")
_HEADER = ("dsl", "taskQueue", "workflowType", "version", "title", "summary", "tags", "metadata")


@dataclass(frozen=True, slots=True)
class Translation:
    """The document in the DSL, and the book that knows where its parts came from."""

    raw: JsonObject
    book: Book


def is_zigflow(raw: JsonValue) -> bool:
    """Tell whether a document has Zigflow's header instead of that of the DSL."""
    head = raw.get("document") if isinstance(raw, dict) else None
    return isinstance(head, dict) and "taskQueue" in head and "namespace" not in head


def translate(raw: JsonObject, findings: Findings) -> Translation:
    """Translate a document; what cannot run as it does in Zigflow is in the findings, at its place in the source."""
    book = Book(findings)
    known = {key: value for key, value in raw.items() if not key.startswith((".", "x-"))}
    book.only(known, "", _TOP, "a document")
    head = book.only(raw["document"], "/document", _HEADER, "`document`")
    metadata = head.get("metadata", {})
    book.options = document_options(metadata, "/document/metadata", book)
    tasks = raw.get("do")
    callables = dict(_callables(tasks))
    book.callable = frozenset(callables)
    found: JsonObject = {"document": _header(head, book), "input": _input(raw.get("input", {}), book)}
    if isinstance(tasks, list) and tasks and len(callables) == len(tasks):
        hint = "Put each of them in a document of its own."
        book.callable = frozenset()
        book.refuse("/do", "A document whose tasks are all `do`, which are workflows of their own there", hint)
    found["do"] = task_list(tasks, "/do", "/do", book, top=True)
    if book.callable:
        _functions(callables, book)
    if book.functions:
        found["use"] = {"functions": dict(book.functions)}
    found["output"] = {"as": ".output"}
    if "schedule" in raw:
        found["schedule"] = book.only(raw["schedule"], "/schedule", ("every", "cron"), "`schedule`")
        if isinstance(metadata, dict) and "scheduleInput" in metadata:
            book.refuse("/document/metadata/scheduleInput", "`scheduleInput`")
    return Translation(found, book)


def _header(head: JsonObject, book: Book) -> JsonObject:
    names = {"taskQueue": "namespace", "workflowType": "name"}
    for old, new in names.items():
        if old not in head:
            book.findings.add(
                "missing-property", "/document", f"`{old}` is required here", f"Add `{old}`.", at_key=True
            )
        book.came(f"/document/{new}", f"/document/{old}")
    return {names.get(name, name): value for name, value in head.items() if name in _HEADER}


def _input(value: JsonValue, book: Book) -> JsonObject:
    given = book.only(value, "/input", ("schema",), "`input`")
    return {**given, "from": START}


def _callables(tasks: JsonValue) -> list[tuple[str, tuple[JsonObject, str]]]:
    found = []
    for index, item in enumerate(tasks if isinstance(tasks, list) else ()):
        for name, task in item.items() if isinstance(item, dict) else ():
            if isinstance(task, dict) and "do" in task and "for" not in task:
                found.append((name, (task, join_pointer("/do", index, name))))
    return found


def _functions(callables: dict[str, tuple[JsonObject, str]], book: Book) -> None:
    """Translate the `do` tasks that are called; one that nobody calls would never run."""
    calls: dict[str, set[str]] = {}
    pending = list(book.called)
    while pending:
        name = pending.pop()
        if name in calls:
            continue
        task, pointer = callables[name]
        book.only(task, pointer, ("do", "metadata"), "a `do` that is called")
        target = join_pointer("/use/functions", function_name(name))
        book.came(target, pointer)
        before, book.called = book.called, set()
        book.functions[function_name(name)] = {"do": task_list(task["do"], f"{pointer}/do", f"{target}/do", book)}
        calls[name], book.called = book.called, before | book.called
        pending.extend(calls[name])
    for name, (_, pointer) in callables.items():
        if name not in calls:
            book.refuse(pointer, "A `do` that no `switch` or `run` leads to", "Zigflow never runs it.")
        elif _reaches_itself(name, calls):
            book.refuse(pointer, "A `do` that calls itself", "Use a `for`.")


def _reaches_itself(name: str, calls: dict[str, set[str]]) -> bool:
    pending, seen = list(calls[name]), set()
    while pending:
        current = pending.pop()
        if current == name:
            return True
        if current not in seen:
            seen.add(current)
            pending.extend(calls.get(current, ()))
    return False
