"""JSON (RFC 8259) to JSON with positions, without recursion."""

import re
from bisect import bisect_right
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]  # public in effect, missing in the stubs

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.limits import Limits
from stigmer_dsl.syntax import scalars
from stigmer_dsl.syntax.builder import Builder
from stigmer_dsl.syntax.fault import SyntaxFault
from stigmer_dsl.syntax.tree import Position, SyntaxTree

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORD = re.compile(r"true|false|null")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_SURROGATE = re.compile("[\ud800-\udfff]")


def read_json(text: str, limits: Limits) -> SyntaxTree:
    """Read one JSON text; raises SyntaxFault."""
    return _Reader(text, limits).read()


class _Reader:
    def __init__(self, text: str, limits: Limits) -> None:
        self._text = text
        self._builder = Builder(limits)
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self._closers: list[str] = []

    def read(self) -> SyntaxTree:
        offset = self._skip(0)
        after_value = False
        while not (after_value and not self._closers):
            offset = self._after_value(offset) if after_value else self._before_value(offset)
            after_value = self._value_done
            offset = self._skip(offset)
        if offset != len(self._text):
            raise self._fault("the document ends before this text", offset)
        return self._builder.finish()

    _value_done = False

    def _before_value(self, offset: int) -> int:
        """Read what stands where a value (in an object: a key and a value) is due."""
        if self._closers and self._closers[-1] == "}":
            offset = self._key(offset)
        position = self._position(offset)
        character = self._text[offset : offset + 1]
        if character in ("{", "["):
            return self._open(character, offset, position)
        value, end = self._scalar(offset)
        self._put(value, position)
        self._value_done = True
        return end

    def _open(self, character: str, offset: int, position: Position) -> int:
        closer = "}" if character == "{" else "]"
        if character == "{":
            self._builder.start_object(position)
        else:
            self._builder.start_array(position)
        self._closers.append(closer)
        end = self._skip(offset + 1)
        self._value_done = self._text[end : end + 1] == closer
        return self._close(end) if self._value_done else end

    def _after_value(self, offset: int) -> int:
        """Read the comma or the closing bracket after a value."""
        character = self._text[offset : offset + 1]
        if character == self._closers[-1]:
            return self._close(offset)
        if character != ",":
            raise self._fault(f"`,` or `{self._closers[-1]}` is expected here", offset)
        self._value_done = False
        return offset + 1

    def _close(self, offset: int) -> int:
        self._closers.pop()
        self._builder.end()
        return offset + 1

    def _key(self, offset: int) -> int:
        if self._text[offset : offset + 1] != '"':
            raise self._fault("a key in double quotes is expected here", offset)
        key, end = self._string(offset)
        self._put(key, self._position(offset))
        end = self._skip(end)
        if self._text[end : end + 1] != ":":
            raise self._fault("`:` is expected here", end)
        return self._skip(end + 1)

    def _scalar(self, offset: int) -> tuple[JsonValue, int]:
        if self._text[offset : offset + 1] == '"':
            return self._string(offset)
        word = _WORD.match(self._text, offset)
        if word is not None:
            return _WORDS[word.group()], word.end()
        number = _NUMBER.match(self._text, offset)
        if number is None:
            raise self._fault("a value is expected here", offset)
        try:
            is_integer = number.group(1) is None and number.group(2) is None
            value = scalars.to_integer(number.group()) if is_integer else scalars.to_float(number.group())
        except SyntaxFault as fault:
            fault.position = self._position(offset)
            raise
        return value, number.end()

    def _string(self, offset: int) -> tuple[str, int]:
        try:
            text, end = scanstring(self._text, offset + 1, True)
        except JSONDecodeError as error:
            raise self._fault(error.msg.lower(), error.pos) from error
        if _SURROGATE.search(text):
            raise SyntaxFault(
                "invalid-encoding",
                "A text contains half of a surrogate pair",
                "Write both halves, or the character itself.",
                self._position(offset),
            )
        return text, end

    def _put(self, value: JsonValue, position: Position) -> None:
        try:
            self._builder.scalar(value, position)
        except SyntaxFault as fault:
            fault.position = fault.position or position
            raise

    def _skip(self, offset: int) -> int:
        match = _SPACE.match(self._text, offset)
        return match.end() if match else offset

    def _position(self, offset: int) -> Position:
        line = bisect_right(self._lines, offset)
        return Position(line, offset - self._lines[line - 1] + 1)

    def _fault(self, reason: str, offset: int) -> SyntaxFault:
        return SyntaxFault(
            "invalid-syntax",
            f"This is not JSON: {reason}",
            "Check quotes, commas and brackets here and before.",
            self._position(offset),
        )
