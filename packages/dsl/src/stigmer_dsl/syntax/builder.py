"""Builds JSON with positions from a stream of parts, and enforces the limits while it grows."""

import json
from dataclasses import dataclass, field

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.limits import Limits
from stigmer_dsl.syntax.fault import SyntaxFault
from stigmer_dsl.syntax.tree import Entry, Position, SyntaxTree


@dataclass(slots=True)
class _Frame:
    """A container under construction; `nodes` and `height` are those of its content after alias expansion."""

    value: dict[str, JsonValue] | list[JsonValue]
    position: Position
    anchor: str | None
    entries: dict[str | int, Entry] = field(default_factory=dict)
    key: str | None = None
    key_position: Position | None = None
    merging: bool = False
    merged: dict[str, Entry] = field(default_factory=dict)
    merged_values: dict[str, JsonValue] = field(default_factory=dict)
    nodes: int = 1
    height: int = 1


@dataclass(frozen=True, slots=True)
class _Anchored:
    value: JsonValue
    nodes: int
    height: int


class Builder:
    """Takes the parts of one document in order of appearance; every method raises SyntaxFault."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._frames: list[_Frame] = []
        self._entries: dict[int, dict[str | int, Entry]] = {}
        self._anchors: dict[str, _Anchored] = {}
        self._open_anchors: set[str] = set()
        self._nodes = 0
        self._root: tuple[JsonValue, Position] | None = None

    @property
    def is_empty(self) -> bool:
        """Tell whether the document has no content, or only a null."""
        return self._root is None or self._root[0] is None

    def finish(self) -> SyntaxTree:
        """Return the tree of the completed document."""
        if self._root is None:
            raise SyntaxFault("empty-document", "The document is empty", "Start with `document:` and `do:`.")
        return SyntaxTree(self._root[0], self._root[1], self._entries)

    def scalar(self, value: JsonValue, position: Position, *, anchor: str | None = None, merge: bool = False) -> None:
        """Add a scalar: a key when a key is due, else a value. `merge` marks a plain `<<`, a merge key as a key."""
        if anchor is not None:
            self._anchors[anchor] = _Anchored(value, 1, 0)
        frame = self._frames[-1] if self._frames else None
        if frame is not None and isinstance(frame.value, dict) and frame.key_position is None:
            self._key(frame, value, position, merge=merge)
        else:
            self._count(1)
            self._add(value, position, nodes=1, height=0)

    def start_object(self, position: Position, *, anchor: str | None = None) -> None:
        """Open an object."""
        self._start({}, position, anchor)

    def start_array(self, position: Position, *, anchor: str | None = None) -> None:
        """Open an array."""
        self._start([], position, anchor)

    def end(self) -> None:
        """Close the innermost container and add it to the one around it."""
        frame = self._frames.pop()
        if isinstance(frame.value, dict):
            for key, value in frame.merged_values.items():
                if key not in frame.value:
                    frame.value[key] = value
                    frame.entries[key] = frame.merged[key]
        self._entries[id(frame.value)] = frame.entries
        if frame.anchor is not None:
            self._open_anchors.discard(frame.anchor)
            self._anchors[frame.anchor] = _Anchored(frame.value, frame.nodes, frame.height)
        self._add(frame.value, frame.position, nodes=frame.nodes, height=frame.height)

    def alias(self, name: str, position: Position) -> None:
        """Add the value of an anchor again; every use counts with its full size."""
        if name in self._open_anchors:
            raise SyntaxFault(
                "recursive-alias", f"The alias `*{name}` contains itself", "Write the value out.", position
            )
        anchored = self._anchors.get(name)
        if anchored is None:
            raise SyntaxFault(
                "invalid-syntax", f"The alias `*{name}` has no anchor", f"Define `&{name}` before this line.", position
            )
        frame = self._frames[-1] if self._frames else None
        if frame is not None and isinstance(frame.value, dict) and frame.key_position is None:
            self._key(frame, anchored.value, position, merge=False)
            return
        self._count(anchored.nodes)
        if len(self._frames) + anchored.height > self._limits.max_depth:
            raise self._too_deep(position)
        self._add(anchored.value, position, nodes=anchored.nodes, height=anchored.height)

    def _start(self, value: dict[str, JsonValue] | list[JsonValue], position: Position, anchor: str | None) -> None:
        self._count(1)
        frame = self._frames[-1] if self._frames else None
        if frame is not None and isinstance(frame.value, dict) and frame.key_position is None:
            raise _not_text(value, position)
        if len(self._frames) >= self._limits.max_depth:
            raise self._too_deep(position)
        if anchor is not None:
            self._open_anchors.add(anchor)
        self._frames.append(_Frame(value, position, anchor))

    def _key(self, frame: _Frame, key: JsonValue, position: Position, *, merge: bool) -> None:
        if not isinstance(key, str):
            raise _not_text(key, position)
        if not merge and key in frame.entries:
            first = frame.entries[key].key
            raise SyntaxFault(
                "duplicate-key",
                f"The key `{key}` is there twice, first on line {first.line}",
                "Remove or rename one of the two.",
                position,
            )
        frame.key, frame.key_position, frame.merging = key, position, merge

    def _add(self, value: JsonValue, position: Position, *, nodes: int, height: int) -> None:
        if not self._frames:
            self._root = (value, position)
            return
        frame = self._frames[-1]
        frame.nodes += nodes
        frame.height = max(frame.height, height + 1)
        if isinstance(frame.value, list):
            frame.entries[len(frame.value)] = Entry(position, position)
            frame.value.append(value)
            return
        key, key_position = frame.key, frame.key_position
        frame.key_position = None
        if key is None or key_position is None:
            raise SyntaxFault("invalid-syntax", "A value has no key", "", position)
        if frame.merging:
            self._merge(frame, value, position)
        else:
            frame.value[key] = value
            frame.entries[key] = Entry(key_position, position)

    def _merge(self, frame: _Frame, value: JsonValue, position: Position) -> None:
        """Note the members of merged objects; own members win over merged ones, earlier objects over later ones."""
        sources = value if isinstance(value, list) else [value]
        for source in sources:
            if not isinstance(source, dict):
                raise SyntaxFault(
                    "invalid-merge",
                    "`<<` merges objects only",
                    "Write `<<: *anchor` with the anchor of an object, or quote the key.",
                    position,
                )
            self._count(len(source))
            for key, member in source.items():
                frame.merged_values.setdefault(key, member)
                frame.merged.setdefault(key, self._entries[id(source)][key])

    def _count(self, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > self._limits.max_nodes:
            raise SyntaxFault(
                "too-many-values",
                f"The document has more than {self._limits.max_nodes} values, aliases expanded",
                "Split the document, or use fewer aliases.",
            )

    def _too_deep(self, position: Position) -> SyntaxFault:
        return SyntaxFault(
            "too-deep",
            f"The document is nested more than {self._limits.max_depth} levels deep",
            "Flatten it, or move parts into functions or workflows of their own.",
            position,
        )


def _not_text(key: JsonValue, position: Position) -> SyntaxFault:
    shown = "a collection" if isinstance(key, (dict, list)) else f"`{json.dumps(key)}`"
    return SyntaxFault(
        "invalid-key", f"A key must be text, this one is {shown}", "Quote the key, as in `'1':`.", position
    )
