"""A parsed document: plain JSON, and where in the text each part of it stands."""

from typing import NamedTuple

from stigmer_dsl.json_types import JsonValue


class Position(NamedTuple):
    """A place in the text; both count from 1, columns in characters."""

    line: int
    column: int


class Entry(NamedTuple):
    """Positions of one member of a container: its key (an array item has none of its own) and its value."""

    key: Position
    value: Position


class SyntaxTree:
    """JSON with positions.

    Positions are kept for each container by identity, so values that YAML aliases share are stored once. The tree
    holds the containers and thereby keeps their identities valid.
    """

    __slots__ = ("_entries", "_root_position", "value")

    def __init__(self, value: JsonValue, root: Position, entries: dict[int, dict[str | int, Entry]]) -> None:
        self.value = value
        self._root_position = root
        self._entries = entries

    def position(self, pointer: str, *, key: bool = False) -> Position:
        """Return where the pointer's value (or, on request, its key) stands.

        A pointer to something absent gives the position of the deepest part that exists.
        """
        current: JsonValue = self.value
        found = self._root_position
        for token in parse_pointer(pointer):
            step: str | int = int(token) if isinstance(current, list) and token.isdigit() else token
            entry = self._entries.get(id(current), {}).get(step)
            if entry is None:
                break
            found = entry.key if key else entry.value
            current = current[step]
        return found


def parse_pointer(pointer: str) -> tuple[str, ...]:
    """Split a JSON pointer (RFC 6901) into its unescaped tokens."""
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:])


def escape_token(token: str | int) -> str:
    """Escape one token of a JSON pointer."""
    return str(token).replace("~", "~0").replace("/", "~1")


def join_pointer(base: str, *tokens: str | int) -> str:
    """Append tokens to a JSON pointer."""
    return base + "".join(f"/{escape_token(token)}" for token in tokens)
