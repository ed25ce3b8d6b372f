"""Names in a jq program: free variables, and built-ins that a workflow must not use."""

from collections.abc import Iterator, Mapping

from stigmer_dsl.expressions.tokens import Token, tokenize

_HOST = "it reads the environment of the process"
_STREAM = "there is no stream of further inputs"
_STOP = "it would stop the evaluator"
_MODULES = "modules are files, and expressions read no files"
_SIDE = "it writes to the evaluator's own output"

FORBIDDEN: Mapping[str, str] = {
    "env": _HOST,
    "$ENV": _HOST,
    "$__prog_args": _HOST,
    "input": _STREAM,
    "inputs": _STREAM,
    "input_filename": _STREAM,
    "input_line_number": _STREAM,
    "debug": _SIDE,
    "stderr": _SIDE,
    "halt": _STOP,
    "halt_error": _STOP,
    "import": _MODULES,
    "include": _MODULES,
    "modulemeta": _MODULES,
    "get_search_list": _MODULES,
    "get_prog_origin": _MODULES,
    "get_jq_origin": _MODULES,
}
"""Each refused name with the reason, as the end of a sentence."""

_BUILTIN_VARIABLES = frozenset({"$__loc__", "$ENV", "$__prog_args"})


def forbidden(jq: str) -> tuple[str, ...]:
    """Name what the program uses of `FORBIDDEN`, each once, in order of appearance.

    Field accesses (`.env`), object keys (`{env: 1}`, `{env}`) and string contents do not count; a local definition
    of the same name does not excuse. Raises LexicalError.
    """
    return forbidden_in(tokenize(jq))


def forbidden_in(tokens: tuple[Token, ...]) -> tuple[str, ...]:
    """Do the work of `forbidden` on a program that is already in tokens."""
    keys = _object_keys(tokens)
    found: dict[str, None] = {}
    for index, token in enumerate(tokens):
        if token.kind == "variable":
            name = _variable(token)
        elif token.kind == "identifier" and index not in keys:
            name = token.text.rpartition("::")[2]
        else:
            continue
        if name in FORBIDDEN:
            found[name] = None
    return tuple(found)


def variables(jq: str) -> frozenset[str]:
    """Name the variables (with `$`) that the program uses and nowhere binds; built-in ones are left out.

    A name bound anywhere (`as`, destructuring, `reduce`, `foreach`, `def f($x)`, `label`) counts as bound in the
    whole program: what this lets through is left to the evaluator's compiler. Raises LexicalError.
    """
    return variables_in(tokenize(jq))


def variables_in(tokens: tuple[Token, ...]) -> frozenset[str]:
    """Do the work of `variables` on a program that is already in tokens."""
    keys = _object_keys(tokens)
    used: set[str] = set()
    bound: set[str] = set()
    for index, token in enumerate(tokens):
        if token.kind == "variable":
            used.add(_variable(token))
        elif token.kind == "identifier" and index not in keys:
            bound |= _bound_after(tokens, index)
    return frozenset(used - bound - _BUILTIN_VARIABLES)


def identifiers_in(tokens: tuple[Token, ...]) -> Iterator[Token]:
    """Yield what may be functions or keywords: the identifiers that are no keys of objects."""
    keys = _object_keys(tokens)
    for index, token in enumerate(tokens):
        if token.kind == "identifier" and index not in keys:
            yield token


def _variable(token: Token) -> str:
    return "$" + token.text[1:].strip()


def _object_keys(tokens: tuple[Token, ...]) -> frozenset[int]:
    """Find the identifiers that are keys of object constructions: after `{` or an entry's `,`, never elsewhere.

    `if ... end` counts as a bracket, because its commas do not separate entries.
    """
    keys: set[int] = set()
    open_brackets: list[str] = []
    for index, token in enumerate(tokens):
        before = tokens[index - 1].text if index else ""
        after = tokens[index + 1].text if index + 1 < len(tokens) else ""
        in_object = bool(open_brackets) and open_brackets[-1] == "{"
        at_key = in_object and before in {"{", ","} and after in {":", ",", "}"}
        if token.kind == "identifier":
            if at_key:
                keys.add(index)
            elif token.text == "if":
                open_brackets.append("if")
            elif token.text == "end" and open_brackets and open_brackets[-1] == "if":
                open_brackets.pop()
        elif token.kind in {"operator", "interpolation"}:
            if token.text in {"(", "[", "{", "\\("}:
                open_brackets.append(token.text)
            elif token.text in {")", "]", "}"} and open_brackets:
                open_brackets.pop()
    return frozenset(keys)


def _bound_after(tokens: tuple[Token, ...], index: int) -> set[str]:
    keyword = tokens[index].text
    if keyword == "label" and index + 1 < len(tokens):
        following = tokens[index + 1]
        return {_variable(following)} if following.kind == "variable" else set()
    if keyword == "def":
        return _parameters(tokens, index + 2)
    return _pattern(tokens, index + 1) if keyword == "as" else set()


def _parameters(tokens: tuple[Token, ...], start: int) -> set[str]:
    names: set[str] = set()
    if start >= len(tokens) or tokens[start].text != "(":
        return names
    for token in tokens[start:]:
        if token.text == ")":
            break
        if token.kind == "variable":
            names.add(_variable(token))
    return names


def _pattern(tokens: tuple[Token, ...], start: int) -> set[str]:
    """Collect the variables of a destructuring pattern and its `?//` alternatives; keys in `( )` bind nothing."""
    names: set[str] = set()
    open_brackets: list[str] = []
    for index in range(start, len(tokens)):
        token = tokens[index]
        if token.kind == "variable" and "(" not in open_brackets and "\\(" not in open_brackets:
            names.add(_variable(token))
        elif token.text in {"(", "[", "{", "\\("} and token.kind in {"operator", "interpolation"}:
            open_brackets.append(token.text)
        elif token.text in {")", "]", "}"} and open_brackets:
            open_brackets.pop()
        following = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if not open_brackets and token.text != "?//" and following != "?//":
            break
    return names
