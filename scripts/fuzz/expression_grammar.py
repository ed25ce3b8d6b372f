"""Random jq: programs that follow the grammar, and what becomes of them when characters and tokens are mixed up."""

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

_PATHS: Final = (
    ".", ".a", ".b.c", ".items", ".items[]", ".[0]", ".[-1]", ".[]?", ".[1:3]", ".a?", '."a b"', '.["a"]', "..",
    ".[2:]?", ".a[.b]", ".[:-1]", '."\\(.a)"', ".[\"é\"]", ".a.b.c.d", ". as $x | $x",
)  # fmt: skip
_VARIABLES: Final = (
    "$input", "$context", "$task", "$workflow", "$runtime", "$output", "$secrets", "$authorization", "$item",
    "$index", "$error", "$x", "$y", "$__loc__", "$ input", "$input.a", "$task.name", "$nobody",
)  # fmt: skip
_LITERALS: Final = (
    "1", "0", "-1", "1.5", "1e3", "1e1000", "100000000000000000000", ".5", "5.", "true", "false", "null", '""', '"a"',
    '"é🦄"', '"\\u00e9\\n"', '"\\ud83e"', '"a\\(1 + 1)b"', '@base64 "x\\(.)y"', "[]", "{}", "[1, 2, 3]",
    '{"a": 1, b: [2], "c": {d: null}}', "@json", "@text", "nan", "infinite", "-infinite", "@sh \"\\(.)\"", "'a'",
)  # fmt: skip
_ZERO: Final = (
    "length", "keys", "keys_unsorted", "values", "not", "add", "any", "all", "flatten", "floor", "sqrt", "tostring",
    "tonumber", "type", "infinite", "nan", "isnan", "isinfinite", "isnormal", "sort", "group_by(.)", "min", "max",
    "unique", "reverse", "tojson", "fromjson", "todate", "fromdate", "now", "first", "last", "to_entries",
    "from_entries", "paths", "leaf_paths", "tostream", "transpose", "ascii_downcase", "ascii_upcase", "implode",
    "explode", "ltrimstr(\"a\")", "arrays", "objects", "scalars", "numbers", "strings", "nulls", "booleans",
    "iterables", "recurse", "empty", "error", "halt", "env", "input", "inputs", "debug", "stderr",
    "input_line_number", "builtins", "splits(\"a\")", "ascii", "@base64d", "@uri", "@csv", "@html", "utf8bytelength",
    "gmtime", "mktime", "localtime", "getpath([\"a\"])", "combinations", "walk(.)", "env.PATH", "$ENV.PATH",
    "halt_error", "get_search_list", "input_filename", "abs", "toarray", "trim", "ltrim", "have_literal_numbers",
    "significand", "logb", "gamma", "significand", "getpath([])", "tojson | fromjson", "@base32", "@base32d",
    "limit(0; 1)", "ascii(65)", "splits(\"\")", "min_by(.a)", "modulemeta", "dateadd(\"seconds\"; 1)",
    "strftime(\"%Y\")", "strptime(\"%Y\")", "date", "frexp", "bsearch(1)", "error(null)", "getpath([0])",
)  # fmt: skip
_ONE: Final = (
    "map", "select", "has", "in", "any", "all", "flatten", "range", "sort_by", "group_by", "unique_by", "min_by",
    "max_by", "join", "split", "test", "match", "capture", "scan", "splits", "startswith", "endswith", "ltrimstr",
    "rtrimstr", "contains", "inside", "index", "indices", "rindex", "recurse", "path", "del", "to_entries | map",
    "with_entries", "map_values", "first", "last", "nth", "until(true; .) | map", "isvalid", "error", "paths",
    "getpath", "delpaths", "tojson | test", "walk", "env | has", "add", "pick", "have_decnum | select", "strftime",
    "strptime", "splits", "ascii", "implode | explode | map", "repeat", "limit(5; repeat", "fromstream",
    "truncate_stream", "tostream | select", "input_line_number | select", "halt_error", "debug", "@json | test",
    "combinations", "ascii_downcase | contains", "bsearch", "error | not", "abs | select", "trimstr",
    "getpath([]) | map",
)  # fmt: skip
_TWO: Final = (
    "sub", "gsub", "test", "match", "range", "limit", "first | limit", "until", "while", "recurse", "setpath", "any",
    "all", "nth", "pow", "atan2", "ldexp", "scalb", "fma(1; 2; 3) | limit", "split", "splits", "IN", "INDEX",
    "GROUP_BY", "ascii", "skip",
)  # fmt: skip
_BINARY: Final = (
    "|", ",", "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "and", "or", "//", "=", "|=", "+=", "-=",
    "*=", "/=", "%=", "//=", "|", "|", "|", ",", "+", "//", "?//",
)  # fmt: skip
_PATTERNS: Final = (
    "$x", "[$x, $y]", "{a: $x}", "{$x}", "{a: [$x, {b: $y}]}", "[$x] ?// $x", "{(.a): $x}", '{"a": $x}', "{$x: [$y]}",
    "[[$x]]", "{\"\\(1)\": $x}", "$__loc__", "[]", "{}",
)  # fmt: skip
_PIECES: Final = (
    "(", ")", "[", "]", "{", "}", '"', "\\(", "\\", "#", "\n", "# }", "#\\\n", "#\\\\\n", "#\r", "\r\n", ";", ":",
    "::", "|", ".", "..", "...", "?", "$", "$$", "${", "}", "@", "@a", "as", "def", "if", "end", "reduce", "//",
    "?//", "=", "!", "<", "é", "\u2028", "\x00", "\x7f", "\ufeff", "🦄", "'", "`", "~", "^", "&", "__loc__", "import",
    "include", "1", "1.", ".1", "1e", "1e+", "0x1", "a::b", "'", "\t", "\x0b", "\x0c", "\xa0", "env", "$ENV",
    "$__prog_args", "try", "catch", "label", "break", "*" * 20, "(" * 300, "[" * 300, "-" * 300, "not " * 50, "and",
    "else", "elif", "then", "foreach", "1 as", "$x", "\ud800", "\\u", "\\ud800", "%", "{" * 300, ".[" * 200,
    "\"\\(" * 60, "if . then " * 60, ". as [" * 60, "1 + " * 300, ".a" * 500,
)  # fmt: skip
_WRAPPINGS: Final = (
    "(@)", "[@]", "try @ catch .", "try (@)", "(@)?", "-(@)", "(@)[0]", "first(@)", "@ # comment }", "@ # \\\n still",
    "(@).a", "[limit(3; @)]", "path(@)", "@ | not", " @\n", "\t@ #", "[.[]? | @]", "isvalid(@)", "[(@)][1:]", "del(@)",
    "to_entries | @", "error(@)", "(@) as $x | [$x, $x]",
)  # fmt: skip
_SPLIT: Final = re.compile(r"\s+|[A-Za-z_][\w]*|\$\w+|[0-9.]+|.", re.DOTALL)


def random_expression(random: Random, pool: Sequence[str] = ()) -> str:
    """Any text that is jq, or nearly so.

    Args:
        pool: expressions of real documents, to be used and mixed.
    """
    draw = random.random()
    source = random.choice(pool) if pool and draw < 0.2 else program(random, random.randrange(1, 5))
    if random.random() < 0.5:
        return source
    for _ in range(1 + random.randrange(3)):
        source = _mutate(random, source, pool)
    return source[:20_000]


def program(random: Random, depth: int) -> str:
    """A program by the grammar, `depth` constructs deep at most."""
    if depth <= 0:
        return random.choice(random.choice((_PATHS, _PATHS, _VARIABLES, _LITERALS, _ZERO)))
    return random.choice(_PRODUCTIONS)(random, depth - 1)


def _binary(random: Random, depth: int) -> str:
    return f"{program(random, depth)} {random.choice(_BINARY)} {program(random, depth)}"


def _one(random: Random, depth: int) -> str:
    name = random.choice(_ONE)
    return f"{name}({program(random, depth)}){')' * name.count('(')}" if name.endswith("repeat") else (
        f"{name}({program(random, depth)})"
    )  # fmt: skip


def _two(random: Random, depth: int) -> str:
    return f"{random.choice(_TWO)}({program(random, depth)}; {program(random, depth)})"


def _object(random: Random, depth: int) -> str:
    entries = [_entry(random, depth) for _ in range(random.randrange(4))]
    return "{" + ", ".join(entries) + "}"


def _entry(random: Random, depth: int) -> str:
    key = random.choice(
        ("a", '"b"', "if", "env", "(.a)", '"\\(.a)"', "$x", '@base64 "c"', "and", "$__loc__", "a", "input", '"env"')
    )
    if random.random() < 0.2:
        return key
    value = program(random, depth)
    return f"{key}: {value}" if random.random() < 0.5 else f"{key}: ({value})"


def _if(random: Random, depth: int) -> str:
    test, then, other = (program(random, depth) for _ in range(3))
    tail = random.choice((f"else {other} ", "", f"elif {other} then 1 else 2 "))
    return f"if {test} then {then} {tail}end"


def _binding(random: Random, depth: int) -> str:
    return f"{program(random, 0)} as {random.choice(_PATTERNS)} | {program(random, depth)}"


def _loop(random: Random, depth: int) -> str:
    source, pattern = program(random, 0), random.choice(_PATTERNS)
    first, update, extract = program(random, 0), program(random, depth), program(random, 0)
    return random.choice(
        (
            f"reduce {source} as {pattern} ({first}; {update})",
            f"foreach {source} as {pattern} ({first}; {update})",
            f"foreach {source} as {pattern} ({first}; {update}; {extract})",
        )
    )


def _definition(random: Random, depth: int) -> str:
    body, rest = program(random, depth), program(random, depth)
    return random.choice(
        (
            f"def f: {body}; f | {rest}",
            f"def f($x; g): {body}; f({rest}; .)",
            f"def env: 1; {rest}",
            f"def f(g): def h: g; h | {body}; f({rest})",
            f"def f: if . == 3 then . else {body} end; f",
        )
    )


def _label(random: Random, depth: int) -> str:
    return f"label $out | {program(random, depth)}, break $out"


def _string(random: Random, depth: int) -> str:
    inside = program(random, depth)
    return random.choice(
        (f'"a\\({inside})b"', f'@base64 "\\({inside})"', f'@json "\\({inside})\\(.)"', f'"\\({inside})}}"')
    )


def _wrapped(random: Random, depth: int) -> str:
    return random.choice(_WRAPPINGS).replace("@", program(random, depth))


_PRODUCTIONS: Final[tuple[Callable[[Random, int], str], ...]] = (
    _binary, _binary, _binary, _one, _one, _two, _object, _if, _binding, _loop, _definition, _label, _string, _wrapped,
    _wrapped,
)  # fmt: skip


def _mutate(random: Random, source: str, pool: Sequence[str]) -> str:
    match random.randrange(7):
        case 0:
            at = random.randrange(len(source) + 1)
            return source[:at] + random.choice(_PIECES) + source[at:]
        case 1:
            first, last = sorted(random.randrange(len(source) + 1) for _ in range(2))
            return source[:first] + source[min(last, first + 6) :]
        case 2:
            parts = _SPLIT.findall(source) or [""]
            parts[random.randrange(len(parts))] = random.choice((*_PIECES, *_LITERALS, *_PATHS))
            return "".join(parts)
        case 3:
            parts = _SPLIT.findall(source) or [""]
            one, another = random.randrange(len(parts)), random.randrange(len(parts))
            parts[one], parts[another] = parts[another], parts[one]
            return "".join(parts)
        case 4:
            other = random.choice(pool) if pool and random.random() < 0.5 else program(random, 2)
            return source[: random.randrange(len(source) + 1)] + other[random.randrange(len(other) + 1) :]
        case 5:
            first, last = sorted(random.randrange(len(source) + 1) for _ in range(2))
            return source[:last] + source[first:last] * random.choice((1, 1, 2, 20)) + source[last:]
        case _:
            at = random.randrange(len(source) + 1)
            return (
                source[:at] + chr(random.choice((random.randrange(128), random.randrange(0x3000)))) + source[at + 1 :]
            )
