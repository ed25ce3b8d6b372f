"""Documents taken apart: bytes, tokens of YAML, and the structure."""

import copy
import json
import re
from collections.abc import Sequence
from random import Random
from typing import Final

from stigmer_dsl import dump
from stigmer_dsl.json_types import JsonObject, JsonValue

from .expression_grammar import random_expression
from .values import NUMBERS, TEXTS, deep, random_value

_BYTES: Final = (
    b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x85",
    b"\xc2\x85", b"\xe2\x80\xa8", b"\r", b"\n", b"\r\n", b"\t", b" ", b"\x0b", b"\x1b", b"\x7f", b"'", b'"', b"\\",
    b"\\u0000", b"\\ud800", b"\\x41", b"{", b"}", b"[", b"]", b":", b": ", b"-", b"- ", b"#", b" #", b"&a ", b"*a",
    b"!", b"!!", b"|", b">", b"%", b"@", b"`", b",", b"?", b"? ", b"<<: ", b"${", b"---\n", b"...\n",
    b"\xf0\x9f\xa6\x84",
)  # fmt: skip
_TOKENS: Final = (
    "&a ", "*a", "&a [*a]", "*nobody", "!!str ", "!!int ", "!!binary ", "!!python/object:os.system ", "!<tag:x> ",
    "!local ", "|\n", ">\n", "|-\n", ">+2\n", "|9\n", "---\n", "...\n", "%YAML 1.1\n", "%TAG ! x\n", "? ", "<<: ",
    "<<: *a", "{", "}", "[", "]", ", ", ": ", ":", "- ", "-", "#", "# c\n", "'", '"', '"\\u0000"', '"\\ud83e\\udd84"',
    '"\\ud83e"', "null", "~", "true", "yes", "on", "0o17", "0x1F", "1_000", ".inf", "-.inf", ".nan", "1e999", "-0",
    "-0.0", "01", "1.", "+1", "12:30:45", "2026-01-01", "9" * 1001, "9" * 5000, "=", "<<", "\t", "\n", "  ", "\n  ",
    "\n\n", "''", '""', "[[[[", "]]]]", "{{{{", "}}}}", "[" * 300, "{a: " * 300, "- " * 300, "? " * 100, "x" * 5000,
    "@", "`", "!", "&", "*", "|", ">", "%", "do:", "set:", "call: http", "with:", "switch:", "for:", "try:", "catch:",
    "if: ", "then: ", "wait: ", "use:", "schedule:", "1:", "null: 1", "[a]: 1", "é: 1", "&a &b 1", "*a : 1", "&a\n",
    "!!map {}", "!!seq []", "!!null ''", "!!float 1", "!!bool yes", "!!set {a}", "!!omap []", "- - - ",
    "&a [1, 2], b: *a", "&x [*x, *x]",
)  # fmt: skip
_LEXER: Final = re.compile(r"\n[ ]*|[ \t]+|[A-Za-z_][\w.]*|[0-9]+|\"(?:[^\"\\]|\\.)*\"|'[^']*'|\$\{|.", re.DOTALL)
_RAW: Final = (
    "1e999", ".inf", "9" * 400, "9" * 1001, "!!str 1", "*a", "&a 1", "-0", "0x10", "1e400", "0.1e-400", "01",
    "\"\\ud800\"", "? a",
)  # fmt: skip
_NAMES: Final = (
    "if", "input", "output", "export", "timeout", "then", "metadata", "from", "as", "schema", "do", "set", "switch",
    "for", "while", "each", "in", "at", "fork", "branches", "compete", "try", "catch", "errors", "when", "exceptWhen",
    "retry", "raise", "error", "type", "status", "wait", "emit", "listen", "to", "one", "any", "all", "until",
    "foreach", "run", "call", "with", "use", "schedule", "every", "cron", "after", "on", "read", "evaluate",
    "document", "$a", "", "a b", "a/b", "~", "é", "<<", "delay", "backoff", "limit", "jitter", "correlate", "expect",
    "event", "data",
)  # fmt: skip
Path = tuple[str | int, ...]


def mutate_bytes(random: Random, data: bytes, other: bytes) -> bytes:
    """A few bytes changed, lost, repeated or taken from another document."""
    result = bytearray(data)
    for _ in range(1 + random.randrange(4)):
        at = random.randrange(len(result) + 1)
        end = min(len(result), at + random.choice((1, 1, 2, 8, 64)))
        match random.randrange(7):
            case 0:
                result[at:at] = random.choice(_BYTES)
            case 1:
                result[at:end] = random.choice(_BYTES)
            case 2:
                del result[at:end]
            case 3:
                result[at:at] = result[at:end] * random.choice((1, 2, 30))
            case 4:
                result[at : at + 1] = bytes([random.randrange(256)])
            case 5:
                start = random.randrange(len(other) + 1)
                result[at:end] = other[start : start + random.choice((4, 40, 400))]
            case _:
                if random.random() < 0.2:
                    del result[at:]
    return bytes(result[:200_000])


def mutate_tokens(random: Random, text: str, other: str) -> str:
    """A few words, signs or indentations changed, lost, repeated, exchanged or taken from another document."""
    tokens = _LEXER.findall(text) or [""]
    strange = _LEXER.findall(other) or [""]
    for _ in range(1 + random.randrange(4)):
        at = random.randrange(len(tokens))
        match random.randrange(7):
            case 0:
                tokens.insert(at, random.choice(_TOKENS))
            case 1:
                tokens[at] = random.choice(_TOKENS)
            case 2:
                tokens[at] = ""
            case 3:
                to = random.randrange(len(tokens))
                tokens[at], tokens[to] = tokens[to], tokens[at]
            case 4:
                tokens[at] = random.choice(strange)
            case 5:
                tokens[at:at] = tokens[at : at + random.choice((1, 5, 40))]
            case _:
                lines = [index for index, token in enumerate(tokens) if token.startswith("\n")] or [at]
                line = random.choice(lines)
                tokens[line] += random.choice((" ", "  ", "\t", "- ", "# "))
    return "".join(tokens)[:200_000]


def mutate_structure(random: Random, value: JsonObject, pool: Sequence[JsonValue], expressions: Sequence[str]) -> str:
    """Values moved, lost, repeated, renamed and of other types; then written as YAML or JSON."""
    root: JsonValue = copy.deepcopy(value)
    for _ in range(random.choice((1, 1, 1, 1, 2, 3))):
        paths = list(_paths(root))
        path = random.choice(paths)
        if path:
            _change(random, root, path, paths, pool, expressions)
    return _write(random, root)


def _change(
    random: Random,
    root: JsonValue,
    path: Path,
    paths: list[Path],
    pool: Sequence[JsonValue],
    expressions: Sequence[str],
) -> None:
    holder, last = _at(root, path[:-1]), path[-1]
    draw = random.randrange(12)
    if draw == 0:
        _delete(holder, last)
    elif draw == 1:
        _put(holder, last, copy.deepcopy(_at(root, random.choice(paths))))
    elif draw == 2:
        _repeat(random, holder, _at(root, path))
    elif draw == 3:
        _rename(random, holder, last)
    elif draw == 4:
        _put(holder, last, copy.deepcopy(random.choice(pool)))
    else:
        _put(holder, last, _another(random, _at(root, path), expressions))


def _repeat(random: Random, holder: JsonValue, value: JsonValue) -> None:
    if isinstance(holder, list):
        holder.insert(random.randrange(len(holder) + 1), copy.deepcopy(value))
    elif isinstance(holder, dict):
        holder[random.choice(_NAMES)] = copy.deepcopy(value)


def _rename(random: Random, holder: JsonValue, key: str | int) -> None:
    if isinstance(holder, dict):
        renamed = random.choice(_NAMES) if random.random() < 0.6 else random.choice(TEXTS)
        members = [(renamed if known == key else known, item) for known, item in holder.items()]
        holder.clear()
        holder.update(members)


def _another(random: Random, value: JsonValue, expressions: Sequence[str]) -> JsonValue:
    """What may stand in the place of a value."""
    match random.randrange(7):
        case 0:
            return random.choice(TEXTS)
        case 1:
            return random.choice(NUMBERS)
        case 2:
            return random_value(random)
        case 3:
            source = random_expression(random, expressions)
            wrapped = random.choice(("${ {} }", "{}", "a ${ {} } b ${ {} }", "${{}}")).replace("{}", source, 2)
            return wrapped.encode(errors="replace").decode()
        case 4:
            return f"RAW{random.randrange(len(_RAW))}RAW"
        case 5:
            return random.choice(([value], {"a": value}, [value] * 30, deep(random.choice((5, 260))), None, True))
        case _:
            return _nested(random, value)


def _nested(random: Random, value: JsonValue) -> JsonValue:
    """A task inside itself, some levels deep."""
    levels = random.choice((1, 3, 38, 41, 60))
    for _ in range(levels):
        value = random.choice(
            (
                {"do": [{"n": value}]},
                {"for": {"in": "[1]"}, "do": [{"n": value}]},
                {"try": [{"n": value}], "catch": {}},
                {"fork": {"branches": [{"n": value}]}},
            )
        )
    return value


def _paths(value: JsonValue, path: Path = ()) -> list[Path]:
    found: list[Path] = [path]
    pending: list[tuple[Path, JsonValue]] = [(path, value)]
    while pending and len(found) < 3000:
        at, current = pending.pop()
        members: list[tuple[str | int, JsonValue]] = []
        if isinstance(current, dict):
            members = list(current.items())
        elif isinstance(current, list):
            members = list(enumerate(current))
        for key, item in members:
            found.append((*at, key))
            pending.append(((*at, key), item))
    return found


def _at(value: JsonValue, path: Path) -> JsonValue:
    for key in path:
        value = value[key]
    return value


def _put(holder: JsonValue, key: str | int, value: JsonValue) -> None:
    holder[key] = value


def _delete(holder: JsonValue, key: str | int) -> None:
    del holder[key]


def _write(random: Random, root: JsonValue) -> str:
    assert isinstance(root, dict)
    text = json.dumps(root, ensure_ascii=random.random() < 0.5) if random.random() < 0.5 else dump(root)
    return re.sub(r"[\"']?RAW(\d+)RAW[\"']?", lambda match: _RAW[int(match.group(1))], text)
