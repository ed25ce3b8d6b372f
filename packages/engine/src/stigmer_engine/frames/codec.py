"""Frames to JSON and back.

The same values stand at many levels of a tree (a task's input is its parent's value). They are stored once, in a
table, and referred to by index: without it 45 kB under three nested tasks were seen to make 494 kB.
"""

import dataclasses
import json
from typing import TYPE_CHECKING, Final

from stigmer_dsl.json_types import JsonObject, JsonValue

from stigmer_engine.frames.field_types import field_checks
from stigmer_engine.frames.frame import (
    UNSET,
    BranchFrame,
    CallFrame,
    ChildFrame,
    DoFrame,
    ExtensionFrame,
    ForFrame,
    ForkFrame,
    FunctionFrame,
    InboxEvent,
    ListenFrame,
    TakenEvent,
    TaskFrame,
    Tree,
    TryFrame,
    WaitFrame,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FORMAT: Final = 1
_KINDS: Final[dict[str, "type[DataclassInstance]"]] = {
    "tree": Tree,
    "task": TaskFrame,
    "do": DoFrame,
    "for": ForFrame,
    "branch": BranchFrame,
    "fork": ForkFrame,
    "try": TryFrame,
    "wait": WaitFrame,
    "call": CallFrame,
    "child": ChildFrame,
    "function": FunctionFrame,
    "extension": ExtensionFrame,
    "inbox-event": InboxEvent,
    "listen": ListenFrame,
    "taken-event": TakenEvent,
}
_NAMES: Final[dict[type, str]] = {cls: name for name, cls in _KINDS.items()}
_FIELDS: Final = {cls: tuple(field.name for field in dataclasses.fields(cls)) for cls in _NAMES}
_CHECKS: Final = {cls: field_checks(cls) for cls in _NAMES}
# Fields that hold user data of any size, and so go through the value table.
_VALUES: Final = frozenset(
    {
        "raw",
        "raw_input",
        "input",
        "output",
        "value",
        "items",
        "context",
        "error",
        "arguments",
        "definition",
        "authorization",
        "resources",
        "event",
        "expectations",
        "correlations",
        "fulfilled",
        "notes",
        "result",
    }
)


class BrokenTree(Exception):
    """A serialised tree that this version cannot read; says why."""


def encode_tree(tree: Tree) -> JsonObject:
    """The tree as plain JSON: `{"format", "values", "tree"}`. Values are shared, not copied; treat as read-only."""
    encoder = _Encoder()
    encoded = encoder.frame(tree)
    return {"format": FORMAT, "values": encoder.values, "tree": encoded}


def decode_tree(encoded: JsonObject) -> Tree:
    """The inverse of `encode_tree`.

    Raises:
        BrokenTree: another format, or not a tree at all.
    """
    if encoded.get("format") != FORMAT:
        raise BrokenTree(f"the tree has format {encoded.get('format')!r}; this version reads format {FORMAT}")
    values = encoded.get("values")
    body = encoded.get("tree")
    if not isinstance(values, list) or not isinstance(body, dict):
        raise BrokenTree("the tree lacks its values or its frames")
    try:
        tree = _decode(body, values)
    except (KeyError, IndexError, TypeError) as error:
        raise BrokenTree(f"the tree is damaged: {error!r}") from error
    if not isinstance(tree, Tree):
        raise BrokenTree("the root is not a tree")
    return tree


class _Encoder:
    def __init__(self) -> None:
        self.values: list[JsonValue] = []
        self._by_identity: dict[int, int] = {}
        self._by_text: dict[str, int] = {}

    def frame(self, frame: object) -> JsonObject:
        kind = type(frame)
        encoded: JsonObject = {"kind": _NAMES[kind]}
        for name in _FIELDS[kind]:
            value = getattr(frame, name)
            if value is UNSET:
                continue
            if name in _VALUES:
                encoded[name] = self._value(value)
            elif type(value) in _NAMES:
                encoded[name] = self.frame(value)
            elif isinstance(value, list):
                encoded[name] = [self.frame(item) for item in value]
            else:
                encoded[name] = value
        return encoded

    def _value(self, value: JsonValue) -> JsonValue:
        if value is None or isinstance(value, bool | int | float):
            return [value]
        index = self._by_identity.get(id(value))
        if index is None:
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            index = self._by_text.get(text)
            if index is None:
                index = len(self.values)
                self.values.append(value)
                self._by_text[text] = index
            self._by_identity[id(value)] = index
        return index


def _decode(encoded: JsonObject, values: list[JsonValue]) -> object:
    kind = _KINDS[str(encoded["kind"])]
    fields: dict[str, object] = {}
    for name, value in encoded.items():
        if name == "kind":
            continue
        if name in _VALUES:
            fields[name] = _value(value, values)
        elif isinstance(value, dict):
            fields[name] = _decode(value, values)
        elif isinstance(value, list):
            fields[name] = [_decode(item, values) for item in value if isinstance(item, dict)]
        else:
            fields[name] = value
        if not _CHECKS[kind][name](fields[name]):
            raise BrokenTree(f"the tree is damaged: `{name}` of a {encoded['kind']} frame cannot be {value!r:.50}")
    result: object = kind(**fields)
    return result


def _value(place: JsonValue, values: list[JsonValue]) -> JsonValue:
    if isinstance(place, list):
        return place[0]
    if isinstance(place, int) and not isinstance(place, bool) and place >= 0:
        return values[place]
    raise BrokenTree("the tree is damaged: a value is neither in the table nor inline")
