"""What stands in a document at the reference of a task."""

from typing import Final

from stigmer_dsl.json_types import JsonObject, JsonValue

_FUNCTION: Final = "function"
_EXTENSION: Final = "extension"
_LOOP: Final = "for"


def is_listen(raw: JsonObject, reference: str) -> bool:
    """Whether the task at a reference is a `listen`."""
    task = _find(raw, reference)
    return isinstance(task, dict) and "listen" in task


def _find(raw: JsonObject, reference: str) -> JsonValue:
    """The task at a reference, or null.

    References are JSON pointers, except where a task calls a function (`/do/0/x/function/<name>`) or an extension is
    around it (`/do/0/x/extension/<name>/before/0/y`): there they go on in `use`.
    """
    tokens = [token.replace("~1", "/").replace("~0", "~") for token in reference.split("/")[1:]]
    value: JsonValue = raw
    while tokens:
        token = tokens.pop(0)
        if isinstance(value, list):
            # An entry of a list is an object with one name, and that may be any word.
            value = _step(_step(value, token), tokens.pop(0)) if tokens else None
        elif token == _FUNCTION and tokens and isinstance(value, dict) and "call" in value:
            value = _in_use(raw, "functions", tokens.pop(0))
        elif token == _EXTENSION and len(tokens) > 1 and isinstance(value, dict) and token not in value:
            value = _extension(raw, tokens.pop(0))
        elif token == _LOOP and isinstance(value, dict) and tokens[:1] == ["do"]:
            continue  # `do` is beside `for` in the document, and below it in references (decision A13)
        else:
            value = _step(value, token)
    return value


def _step(value: JsonValue, token: str) -> JsonValue:
    if isinstance(value, dict):
        return value.get(token)
    if isinstance(value, list) and token.isdecimal() and int(token) < len(value):
        return value[int(token)]
    return None


def _in_use(raw: JsonObject, part: str, name: str) -> JsonValue:
    return _step(_step(raw.get("use"), part), name)


def _extension(raw: JsonObject, name: str) -> JsonValue:
    extensions = _step(raw.get("use"), "extensions")
    for item in extensions if isinstance(extensions, list) else ():
        if isinstance(item, dict) and name in item:
            return item[name]
    return None
