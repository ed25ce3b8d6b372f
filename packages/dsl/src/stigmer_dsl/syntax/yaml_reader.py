"""YAML 1.2 from PyYAML's event stream to JSON with positions, without recursion."""

from collections.abc import Iterator
from typing import Any

import yaml
from yaml import events as ev

from stigmer_dsl.json_types import JsonValue
from stigmer_dsl.limits import Limits
from stigmer_dsl.syntax import scalars
from stigmer_dsl.syntax.builder import Builder
from stigmer_dsl.syntax.fault import SyntaxFault
from stigmer_dsl.syntax.tree import Position, SyntaxTree

# libyaml's parser is about ten times as fast; the pure one gives the same events where it is not built in.
PARSERS: tuple[Any, ...] = ((yaml.CLoader,) if yaml.__with_libyaml__ else ()) + (yaml.Loader,)

_CORE = "tag:yaml.org,2002:"
_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "null": (type(None),),
}


def read_yaml(text: str, limits: Limits, parser: Any = PARSERS[0]) -> SyntaxTree:
    """Read one YAML 1.2 document; decision 0201 tells what is made of tags, merge keys and aliases.

    `parser` is a PyYAML loader class, used for its events only. Raises SyntaxFault.
    """
    builder = Builder(limits)
    documents = 0
    for event in _events(text, parser):
        position = Position(event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, ev.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise SyntaxFault(
                    "multiple-documents",
                    "The file holds more than one YAML document",
                    "Keep one workflow a file and remove this `---`.",
                    position,
                )
        else:
            _feed(builder, event, position)
    if documents == 0 or builder.is_empty:
        raise SyntaxFault(
            "empty-document", "The document is empty", "Start with `document:` and `do:`.", Position(1, 1)
        )
    return builder.finish()


def _events(text: str, parser: Any) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=parser)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = _place(text, mark.line, mark.column) if mark is not None else None
        raise _yaml_fault(str(error.problem or error.context), position, _row(text, position)) from error
    except yaml.reader.ReaderError as error:
        # The reader counts an offset only.
        offset = error.position if isinstance(error.position, int) else 0
        line = text.count("\n", 0, offset) + 1
        raise SyntaxFault(
            "invalid-encoding",
            f"The character U+{_codepoint(error.character):04X} is not allowed in YAML",
            "Remove it, or write it as an escape in double quotes.",
            Position(line, offset - (text.rfind("\n", 0, offset) + 1) + 1),
        ) from error
    except RecursionError as error:
        raise SyntaxFault("too-deep", "The document is nested too deeply", "Flatten the document.") from error


def _place(text: str, line: int, column: int) -> Position:
    """Return a mark as a position in the text; at the end of the text the parsers point to a line of their own."""
    rows = text.split("\n")
    if line < len(rows):
        return Position(line + 1, min(column, len(rows[line])) + 1)
    return Position(len(rows), len(rows[-1]) + 1)


def _row(text: str, position: Position | None) -> str:
    return "" if position is None else text.split("\n")[position.line - 1]


def _codepoint(character: Any) -> int:
    return character if isinstance(character, int) else ord(character[:1])


def _yaml_fault(reason: str, position: Position | None, row: str) -> SyntaxFault:
    if "nest" in reason and ("level" in reason or "depth" in reason):
        return SyntaxFault("too-deep", "The document is nested too deeply", "Flatten the document.", position)
    hint = "Check indentation, quotes and colons here and on the line before."
    if position is not None and row[position.column - 1 : position.column] == "\t":
        hint = "Indent with spaces; YAML does not allow tabs there."
    elif "undefined alias" in reason:
        hint = "Define the anchor (`&name`) before it is used."
    elif "${" in row:
        hint = "Put text with an expression in quotes: '${ ... }'."
    elif "mapping values" in reason:
        hint = "Put text with `: ` in quotes, or check indentation here and on the line before."
    return SyntaxFault("invalid-syntax", f"This is not YAML: {reason}", hint, position)


def _feed(builder: Builder, event: Any, position: Position) -> None:
    try:
        if isinstance(event, ev.ScalarEvent):
            merge = event.value == "<<" and event.implicit[0] and event.tag is None
            builder.scalar(_scalar(event), position, anchor=event.anchor, merge=merge)
        elif isinstance(event, ev.MappingStartEvent):
            _check_tag(event.tag, "map")
            builder.start_object(position, anchor=event.anchor)
        elif isinstance(event, ev.SequenceStartEvent):
            _check_tag(event.tag, "seq")
            builder.start_array(position, anchor=event.anchor)
        elif isinstance(event, (ev.MappingEndEvent, ev.SequenceEndEvent)):
            builder.end()
        elif isinstance(event, ev.AliasEvent):
            builder.alias(str(event.anchor), position)
    except SyntaxFault as fault:
        if fault.position is None:
            fault.position = position
        raise


def _scalar(event: Any) -> JsonValue:
    text: str = event.value
    tag = event.tag
    if tag is None:
        return scalars.resolve(text) if event.implicit[0] else text
    if tag in ("!", _CORE + "str"):
        return text
    value = scalars.resolve(text)
    wanted = _TYPES.get(tag.removeprefix(_CORE))
    if wanted is None or not tag.startswith(_CORE):
        raise _unsupported_tag(tag)
    if not isinstance(value, wanted) or (isinstance(value, bool) and "bool" not in tag):
        raise SyntaxFault("unsupported-tag", f"The value does not fit its tag `{_shown(tag)}`", "Remove the tag.")
    return float(value) if tag == _CORE + "float" and isinstance(value, (int, float)) else value


def _check_tag(tag: str | None, kind: str) -> None:
    if tag not in (None, "!", _CORE + kind):
        raise _unsupported_tag(str(tag))


def _unsupported_tag(tag: str) -> SyntaxFault:
    return SyntaxFault(
        "unsupported-tag",
        f"The tag `{_shown(tag)}` is not supported",
        "Remove it; only the tags of the YAML core schema (`!!str`, `!!int`, ...) are known.",
    )


def _shown(tag: str) -> str:
    return "!!" + tag.removeprefix(_CORE) if tag.startswith(_CORE) else tag[:80]
