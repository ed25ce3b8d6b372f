"""Text or bytes to JSON with positions."""

from stigmer_dsl.limits import Limits
from stigmer_dsl.syntax.fault import SyntaxFault
from stigmer_dsl.syntax.json_reader import read_json
from stigmer_dsl.syntax.tree import Position, SyntaxTree
from stigmer_dsl.syntax.yaml_reader import read_yaml

_BYTE_ORDER_MARK = "\ufeff"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def decode(data: str | bytes, limits: Limits) -> str:
    """Return the text of a document without its byte order mark; raises SyntaxFault for size and encoding."""
    if len(data) > limits.max_bytes:
        raise _too_large(limits)
    if isinstance(data, bytes):
        if data.startswith(_UTF16_MARKS):
            raise SyntaxFault("invalid-encoding", "The document is UTF-16", "Save the file as UTF-8.", Position(1, 1))
        try:
            return data.decode("utf-8").removeprefix(_BYTE_ORDER_MARK)
        except UnicodeDecodeError as error:
            raise SyntaxFault(
                "invalid-encoding",
                f"The byte 0x{data[error.start]:02x} is not UTF-8",
                "Save the file as UTF-8.",
                _byte_position(data, error.start),
            ) from None
    try:
        size = len(data.encode("utf-8"))
    except UnicodeEncodeError as error:
        line = data.count("\n", 0, error.start) + 1
        raise SyntaxFault(
            "invalid-encoding",
            "The text contains half of a surrogate pair",
            "Remove it.",
            Position(line, error.start - data.rfind("\n", 0, error.start)),
        ) from None
    if size > limits.max_bytes:
        raise _too_large(limits)
    return data.removeprefix(_BYTE_ORDER_MARK)


def read(text: str, limits: Limits, *, json_only: bool = False) -> SyntaxTree:
    """Read YAML 1.2 or JSON.

    Text that opens with a brace is tried as JSON first, because YAML readers stumble over some JSON (surrogate
    escapes, tabs). Raises SyntaxFault.
    """
    if json_only:
        return read_json(text, limits)
    if text.lstrip(" \t\r\n").startswith("{"):
        try:
            return read_json(text, limits)
        except SyntaxFault as fault:
            if fault.code != "invalid-syntax":
                raise
            return _yaml_after_json(text, limits, fault)
    return read_yaml(text, limits)


def _yaml_after_json(text: str, limits: Limits, json_fault: SyntaxFault) -> SyntaxTree:
    try:
        return read_yaml(text, limits)
    except SyntaxFault as fault:
        # The reader that came further was the right one.
        if fault.code != "invalid-syntax" or (fault.position or (0, 0)) > (json_fault.position or (0, 0)):
            raise
        raise json_fault from fault


def _byte_position(data: bytes, offset: int) -> Position:
    line_start = data.rfind(b"\n", 0, offset) + 1
    before = data[line_start:offset].decode("utf-8", errors="replace")
    return Position(data.count(b"\n", 0, offset) + 1, len(before) + 1)


def _too_large(limits: Limits) -> SyntaxFault:
    return SyntaxFault(
        "too-large",
        f"The document is larger than {limits.max_bytes} bytes",
        "Split it, or move data out of the document.",
        Position(1, 1),
    )
