"""How a translated task leaves Zigflow's state behind: its `output.as`, one jq expression."""

from stigmer_dsl.json_types import JsonObject, JsonValue
from stigmer_dsl.zigflow import jq
from stigmer_dsl.zigflow.book import Book

START = "{context: null, data: {}, output: null, steps: 0, loop: null}"
"""The state before the first task."""

_COMMON = ("if", "output", "export", "then", "metadata")


def framed(
    task: JsonObject, pointer: str, book: Book, *, raw: str = "$came", data: str = "$old.data", old: str = "$input"
) -> JsonObject:
    """Return the properties that every task has: `if`, `output`, `then` and `metadata`.

    Args:
        raw: jq for the task's raw result in Zigflow, from `$came` (the output of the translated task) and `$old`.
        data: jq for the new `$data`, from `$raw` and `$old`.
        old: jq for the state before the task.
    """
    found: JsonObject = {}
    if "if" in task:
        found["if"] = jq.condition(task["if"], f"{pointer}/if", book)
    made, kept, schema = "$raw", "$old.context", {}
    # In Zigflow `$data` has the result already, `$output` not yet; `export` sees the new `$output` and the raw result.
    state = "($old + {data: $bag})"
    for part in ("output", "export"):
        where = f"{pointer}/{part}"
        described = book.only(task.get(part, {}), where, ("as", "schema"), f"`{part}`")
        if "as" in described:
            value = jq.program(described["as"], f"{where}/as", book, state=state, dot="$raw")
            made, kept = (value, kept) if part == "output" else (made, value)
        if "schema" in described:
            schema["output" if part == "output" else "context"] = _schema(described["schema"], f"{where}/schema", book)
        state = "($old + {data: $bag, output: $made})"
    combined = (
        f". as $came | {old} as $old | ({raw}) as $raw | ({data}) as $bag | ({made}) as $made | ({kept}) as $kept | "
        "$old + {context: $kept, data: $bag, output: $made, steps: ($old.steps + 1)}"
    )
    found["output"] = {"as": combined}
    if schema:
        found["output"]["schema"] = {"document": {"properties": schema}}
    if "then" in task:
        found["then"] = task["then"]
    if "metadata" in task:
        found["metadata"] = task["metadata"]
    return found


def known(*own: str) -> tuple[str, ...]:
    """Return the names of the properties of a task."""
    return (*own, *_COMMON)


def _schema(value: JsonValue, pointer: str, book: Book) -> JsonValue:
    described = book.only(value, pointer, ("format", "document"), "`schema`")
    document = described.get("document", {})
    if described.get("format", "json") != "json":
        book.refuse(f"{pointer}/format", "A schema that is not JSON Schema")
    if _refers(document):
        book.refuse(f"{pointer}/document", "A schema of a task with `$ref` or `$id`", "Write it out.")
    return document


def _refers(value: JsonValue) -> bool:
    if isinstance(value, dict):
        return bool({"$ref", "$id", "$dynamicRef"} & set(value)) or any(map(_refers, value.values()))
    return isinstance(value, list) and any(map(_refers, value))
