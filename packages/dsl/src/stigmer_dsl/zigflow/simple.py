"""Zigflow's tasks that hold no others: `set`, `wait`, `raise`, `listen`."""

import re

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.syntax.tree import join_pointer
from stigmer_dsl.zigflow import jq
from stigmer_dsl.zigflow.book import Book
from stigmer_dsl.zigflow.state import framed, known

_UNITS = ("days", "hours", "minutes", "seconds", "milliseconds")
_GO_UNITS = {"h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_GO_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")


def set_data(_name: str, task: JsonObject, pointer: str, book: Book) -> JsonObject:
    """`set` merges into `$data`."""
    book.only(task, pointer, known("set"), "a `set`")
    value = jq.template(task["set"], f"{pointer}/set", book)
    return {"set": value, **framed(task, pointer, book, data="$old.data + $raw")}


def wait(_name: str, task: JsonObject, pointer: str, book: Book) -> JsonObject:
    """`wait` gives null."""
    book.only(task, pointer, known("wait"), "a `wait`")
    duration = book.only(task["wait"], f"{pointer}/wait", _UNITS, "`wait`")
    for unit, value in duration.items():
        if unit in _UNITS and not isinstance(value, int):
            book.refuse(f"{pointer}/wait/{unit}", "An expression in `wait`", "Write a whole number.")
    return {"wait": duration, **framed(task, pointer, book, raw="null")}


def raise_error(_name: str, task: JsonObject, pointer: str, book: Book) -> JsonObject:
    """`raise`, with the error in place."""
    book.only(task, pointer, known("raise"), "a `raise`")
    where = f"{pointer}/raise/error"
    error = book.only(task["raise"], f"{pointer}/raise", ("error",), "`raise`").get("error")
    if isinstance(error, str):
        book.refuse(where, "`raise` of an error by name", "Zigflow crashes; write the error here.")
        error = {}
    known_parts = ("type", "status", "title", "detail", "instance")
    given = {key: value for key, value in book.only(error, where, known_parts, "`error`").items() if key != "instance"}
    found = framed(task, pointer, book)
    found.pop("output")
    return {"raise": {"error": jq.template(given, where, book)}, **found}


def listen(name: str, task: JsonObject, pointer: str, book: Book) -> JsonObject:
    """`listen` for signals: events whose type is the signal's name; the payload goes to `$data`, the result is null."""
    book.only(task, pointer, known("listen"), "a `listen`")
    to = book.only(task["listen"], f"{pointer}/listen", ("to",), "`listen`").get("to")
    strategies = book.only(to, f"{pointer}/listen/to", ("one", "any", "all"), "`to`")
    found: JsonObject = {}
    for strategy, value in strategies.items():
        where = f"{pointer}/listen/to/{strategy}"
        if strategy == "one":
            found["one"] = _signal(value, where, book)
        else:
            filters = enumerate(value if isinstance(value, list) else [])
            found[strategy] = [_signal(item, join_pointer(where, index), book) for index, item in filters]
    metadata = task.get("metadata")
    text = metadata.get("timeout", "60s") if isinstance(metadata, dict) else "60s"
    data = f"$old.data + {{{jq.literal(name)}: $came[-1]}}"
    return {
        "listen": {"to": found},
        "timeout": {"after": _go_duration(text, f"{pointer}/metadata/timeout", book)},
        **framed(task, pointer, book, raw="null", data=data),
    }


def _signal(value: JsonValue, pointer: str, book: Book) -> JsonObject:
    described = book.only(value, pointer, ("with",), "an event")
    given = book.only(described.get("with"), f"{pointer}/with", ("id", "type"), "`with`")
    if given.get("type") != "signal":
        book.refuse(f"{pointer}/with/type", f"`listen` for a {given.get('type')}", "Only signals can be waited for.")
    return {"with": {"type": str(given.get("id"))}}


def _go_duration(text: JsonValue, pointer: str, book: Book) -> JsonObject:
    if not isinstance(text, str) or not re.fullmatch(f"(?:{_GO_PART.pattern})+", text):
        book.findings.add("invalid-duration", pointer, "This is not a duration of Go", "Write for example `1m30s`.")
        return {"seconds": 60}
    milliseconds = sum(float(number) * _GO_UNITS[unit] for number, unit in _GO_PART.findall(text))
    return {"milliseconds": round(milliseconds)}
