"""Our tokens of jq against the reference implementation."""

from itertools import pairwise

import jq
import pytest
from stigmer_dsl.expressions import forbidden, tokenize, variables

PROGRAMS = [
    ".", "..", ".a.b", '."a b"', '.["a"]', ".a?", ".[0]", ".[1:2]", ".[]", "$input", "$__loc__", ".a as $x | $x + 1",
    ". as [$a, {b: $c}] | $a", ". as {$a, b: [$c], (\"d\"): $e} | [$a, $c, $e]", ". as [$a] ?// {a: $a} | $a",
    "reduce .[]? as $i (0; . + $i)", "foreach .[]? as [$i, $j] (0; . + $i; [., $j])", "def f: 1; f",
    "def f($x; g): $x + g; f(1; 2)", "label $out | 1, break $out", "if . then 1 elif 2 then 3 else 4 end",
    "try error(\"x\") catch .", "{a: 1, \"b\": 2, (\"c\"): 3, @base64 \"d\": 4, if: 5}", "{$input}", "{env: 1}.env",
    '"a\\(1 + 2)b\\("c\\("d")")"', '@base64 "x\\(.)"', "1.5e-3", "1.e3", ".5", "1 // 2", ".a |= 1", ".a //= 1",
    ".a /= 2", "1 == 2 and 3 != 4 or not", "1 <= 2, 3 >= 4, 5 < 6, 7 > 8", ". # } comment \\\n still\n | .", "-(1)",
    "[.[]?]", "{}", "{a: if true then 1, 2 else 3 end}", "path(..)", "getpath([\"a\"])", "@text",
    "\"\\u00e9\\n\\\"\"", "1 % 2 * 3",
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_jq_compiles_has_tokens(program: str) -> None:
    jq.compile(program, args={"input": 1})
    tokens = tokenize(program)
    assert all(program[token.start : token.end] == token.text for token in tokens)
    between = [program[before.end : after.start] for before, after in pairwise(tokens)]
    assert all(not gap.strip() or "#" in gap for gap in between)
    assert forbidden(program) == ()
    assert variables(program) <= {"$input"}


@pytest.mark.parametrize(
    "program",
    ["{a: 1, env}", "{env: 1}", "{env, debug, input: 3}", '{a: 1, "b": 2, env}', ".env", "{a: 1 | 2, env}"],
)
def test_keys_named_like_a_builtin_read_no_environment(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STIGMER_PROBE", "leaked")
    assert forbidden(program) == ()
    assert "leaked" not in str(jq.compile(program).input_value({"env": 5}).all())


@pytest.mark.parametrize(
    "program",
    [
        "env", "$ENV", "[env]", "{a: env}", "{a: if true then 1, env, 2 else 3 end}", '"\\(env)"',
        "{(env|tojson): 1}",
        '{"a\\(env)": 1}', "try error(env) catch .", "reduce env as $x (0; $x)", "env as {$PATH} | env",
        "def f: env; f",
        '@json "\\(env)"', "{a: 1, b: try env}", "[1, env | tojson]", "path(..) as $p | env", "label $f | env",
    ],
)  # fmt: skip
def test_no_way_to_the_environment_is_overlooked(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STIGMER_PROBE", "leaked")
    assert "leaked" in str(jq.compile(program).input_value({}).all()) or "f |" in program
    assert forbidden(program)


@pytest.mark.parametrize(
    "end",
    [
        "\r",
        "\r\r",
        "\r\n",
        "\\\r",
        "\\\r\n",
        "\\\n",
        "\\\\\n",
        "\\\r\r\n",
        "x\r",
        "\\x\r",
        "\r\\\n",
        "\\\r\\\n",
        "\r\\\r\n",
    ],
)
def test_a_comment_ends_where_jq_ends_it(end: str) -> None:
    program = "1 #" + end + ", 2\n, 3"
    numbers = [int(token.text) for token in tokenize(program) if token.kind == "number"]
    assert numbers == jq.compile(program).input_value(None).all()
