"""Find what a jq program takes from outside: fields of its own input, and variables that it does not bind.

`.item` is a field of the program's input only where `.` still is that input: not after a pipe, not in `map(.item)`,
not as a suffix (`.order.item`). Where that is unknown the answer is no. The walk is by token, so strings, keys of
objects and local variables are never taken for something else.
"""

import json
from dataclasses import dataclass, field
from typing import Literal

from stigmer_dsl.expressions import Token, tokenize

# `end` ends a term, so it is none of these.
_KEYWORDS = frozenset(
    {"and", "or", "def", "as", "reduce", "foreach", "if", "then", "elif", "else", "try", "catch", "label", "import"}
    | {"include", "break"}
)
_SAME_INPUT = frozenset(
    {"has", "contains", "inside", "startswith", "endswith", "ltrimstr", "rtrimstr", "trimstr", "split", "join"}
    | {"test", "match", "capture", "scan", "range", "index", "rindex", "indices", "limit", "skip", "first", "last"}
    | {"nth", "error", "getpath", "setpath", "flatten", "isempty", "add", "select", "strftime", "strptime", "pow"}
    | {"log", "atan2", "fmin", "fmax", "fmod", "ldexp", "scalb", "combinations", "splits"}
)
"""Functions whose arguments are evaluated on the input of the call itself."""
_ASSIGNMENTS = frozenset({"=", "|=", "+=", "-=", "*=", "/=", "%=", "//="})
_CLOSING = frozenset({")", "]", "}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One use of a name from outside.

    `short` marks the key of an object that is its own value (`{item}`, `{$item}`). `root` tells whether `.` is the
    program's input there; it matters for fields. `key` is the name that is taken from it at once (`.KEY`, `["KEY"]`)
    and `key_end` where that ends; `dotted` tells the first form. `start` and `end` are offsets of the name itself.
    """

    kind: Literal["field", "variable"]
    name: str
    start: int
    end: int
    root: bool
    short: bool = False
    key: str | None = None
    key_end: int = 0
    dotted: bool = False
    assigned: bool = False


@dataclass(slots=True)
class _Frame:
    """An open bracket or keyword: what `.` is in it now and at its start, and what was bound outside."""

    kind: str
    root: bool
    base: bool
    bound: frozenset[str]
    at_key: bool = False
    started: bool = False


@dataclass(slots=True)
class _Walk:
    tokens: tuple[Token, ...]
    closers: dict[int, int]
    frames: list[_Frame]
    bound: frozenset[str] = frozenset()
    defined: set[str] = field(default_factory=set)
    found: list[Occurrence] = field(default_factory=list)

    @property
    def top(self) -> _Frame:
        return self.frames[-1]

    def push(self, kind: str, *, root: bool) -> None:
        self.frames.append(_Frame(kind, root, root, self.bound, at_key=kind == "{"))

    def pop(self) -> None:
        if len(self.frames) > 1:
            self.bound = self.frames.pop().bound

    def token(self, index: int) -> Token | None:
        return self.tokens[index] if 0 <= index < len(self.tokens) else None

    def text(self, index: int) -> str:
        token = self.token(index)
        return token.text if token is not None and token.kind != "chars" else ""


def find_occurrences(jq: str) -> tuple[Occurrence, ...]:
    """List the uses in order of appearance. Raises `stigmer_dsl.expressions.LexicalError`."""
    tokens = tokenize(jq)
    walk = _Walk(tokens, _closers(tokens), [_Frame("program", root=True, base=True, bound=frozenset())])
    index = 0
    while index < len(walk.tokens):
        index = _step(walk, index)
    return tuple(walk.found)


def _step(walk: _Walk, index: int) -> int:
    """Consume one token, or several that belong together, and return the index of the next one."""
    token = walk.tokens[index]
    while walk.top.kind == "catch" and walk.top.started and not _continues_term(walk, index):
        walk.pop()
    walk.top.started = True
    at_key, walk.top.at_key = walk.top.at_key, False
    match token.kind:
        case "field":
            if not _ends_term(walk.token(index - 1)):
                _add(walk, index, "field", token.text[1:])
        case "variable":
            _variable(walk, index, at_key=at_key)
        case "identifier":
            return _identifier(walk, index, at_key=at_key)
        case "operator" | "interpolation":
            _operator(walk, index)
        case _:
            pass
    return index + 1


def _variable(walk: _Walk, index: int, *, at_key: bool) -> None:
    name = walk.tokens[index].text[1:].strip()
    if name not in walk.bound and walk.text(index - 1) != "break":
        _add(walk, index, "variable", name, short=at_key and walk.text(index + 1) != ":")


def _identifier(walk: _Walk, index: int, *, at_key: bool) -> int:
    name = walk.tokens[index].text
    if at_key:
        if walk.text(index + 1) != ":":
            _add(walk, index, "field", name, short=True)
        return index + 1
    match name:
        case "as":
            return _binding(walk, index + 1)
        case "label":
            return index + (3 if walk.text(index + 2) == "|" else 1)
        case "def":
            return _definition(walk, index + 1)
        case "if":
            walk.push("if", root=walk.top.root)
        case "then" | "elif" | "else":
            walk.top.root = walk.top.base
        case "end":
            if walk.top.kind == "if":
                walk.pop()
        case "catch":
            walk.push("catch", root=False)
        case _:
            pass
    return index + 1


def _operator(walk: _Walk, index: int) -> None:
    text = walk.tokens[index].text
    if text in _CLOSING:
        walk.pop()
        return
    match text:
        case "(":
            called = walk.token(index - 1)
            is_call = called is not None and called.kind == "identifier" and called.text not in _KEYWORDS
            same = not is_call or (walk.text(index - 1) in _SAME_INPUT - walk.defined)
            walk.push("(", root=walk.top.root and same)
        case "[" | "{" | "\\(":
            walk.push(text, root=walk.top.root)
        case "|" | "|=":
            walk.top.root = False
        case "," if walk.top.kind == "{":
            walk.top.root, walk.top.at_key = walk.top.base, True
        case ";":
            if walk.top.kind == "def":
                walk.pop()
            elif walk.top.kind == "fold":
                walk.top.root = False
            else:
                walk.top.root = walk.top.base
        case _:
            pass


def _binding(walk: _Walk, index: int) -> int:
    """Consume a destructuring pattern after `as`, and the `|` or `(` that follows it."""
    depth = 0
    names: set[str] = set()
    while (token := walk.token(index)) is not None:
        if token.kind == "variable":
            names.add(token.text[1:].strip())
        elif token.text in {"(", "[", "{"} and token.kind == "operator":
            if token.text == "(" and depth == 0:
                break
            depth += 1
        elif token.text in _CLOSING and token.kind == "operator":
            depth -= 1
        elif token.text == "|" and depth == 0:
            break
        index += 1
    opened = walk.text(index)
    if opened == "(":
        walk.push("fold", root=walk.top.root)
        walk.bound |= names
    else:
        walk.bound |= names
    return index + 1


def _definition(walk: _Walk, index: int) -> int:
    """Consume `name(params):` after `def`; the body's `.` is whatever it is called with."""
    walk.defined.add(walk.text(index))
    walk.push("def", root=False)
    names: set[str] = set()
    while (token := walk.token(index)) is not None and token.text != ":":
        if token.kind == "variable":
            names.add(token.text[1:].strip())
        index += 1
    walk.bound |= names
    return index + 1


def _continues_term(walk: _Walk, index: int) -> bool:
    """Tell whether a token belongs to the term that the one before it ends."""
    token, before = walk.tokens[index], walk.token(index - 1)
    if token.kind in {"field", "chars", "interpolation"} or token.text in {"[", "?", "."}:
        return True
    if token.kind == "quote":
        return (before is not None and before.kind in {"format", "chars", "interpolation", "quote"}) or (
            before is not None and before.text == "."
        )
    return token.text == "(" and before is not None and before.kind == "identifier"


def _ends_term(token: Token | None) -> bool:
    if token is None:
        return False
    match token.kind:
        case "field" | "variable" | "number" | "quote" | "format":
            return True
        case "identifier":
            return token.text not in _KEYWORDS
        case "operator":
            return token.text in {")", "]", "}", "?", ".", ".."}
        case _:
            return False


def _add(walk: _Walk, index: int, kind: Literal["field", "variable"], name: str, *, short: bool = False) -> None:
    token = walk.tokens[index]
    key, last = (None, index) if short else _key_after(walk, index)
    walk.found.append(
        Occurrence(
            kind=kind,
            name=name,
            start=token.start,
            end=token.end,
            root=walk.top.root,
            short=short,
            key=key,
            key_end=walk.tokens[last].end,
            dotted=key is not None and last == index + 1,
            assigned=not short and _is_assigned(walk, index + 1),
        )
    )


def _key_after(walk: _Walk, index: int) -> tuple[str | None, int]:
    following = walk.token(index + 1)
    if following is not None and following.kind == "field":
        return following.text[1:], index + 1
    opened, chars = walk.tokens[index + 1 : index + 3], walk.token(index + 3)
    if [token.text for token in opened] == ["[", '"'] and chars is not None and chars.kind == "chars":
        closing = [token.text for token in walk.tokens[index + 4 : index + 6]]
        if closing == ['"', "]"]:
            try:
                return str(json.loads(f'"{chars.text}"')), index + 5
            except json.JSONDecodeError:
                return None, index
    return None, index


def _is_assigned(walk: _Walk, index: int) -> bool:
    """Tell whether the path that goes on at `index` is the left side of an assignment."""
    while (token := walk.token(index)) is not None:
        if index in walk.closers:
            index = walk.closers[index]
        elif token.kind != "field" and token.text not in {"?", "."}:
            return token.kind == "operator" and token.text in _ASSIGNMENTS
        index += 1
    return False


def _closers(tokens: tuple[Token, ...]) -> dict[int, int]:
    """Pair the positions of opening brackets with those of the closing ones."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for index, token in enumerate(tokens):
        if token.kind in {"operator", "interpolation"} and token.text in {"[", "(", "{", "\\("}:
            opened.append(index)
        elif token.kind in {"operator", "interpolation"} and token.text in _CLOSING:
            pairs[opened.pop()] = index
    return pairs
