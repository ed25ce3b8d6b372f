"""Runtime expressions: their places in text, their tokens and names."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stigmer_dsl.expressions import (
    FORBIDDEN,
    Expression,
    LexicalError,
    Text,
    UnclosedExpression,
    forbidden,
    is_strict,
    split_text,
    strip,
    tokenize,
    variables,
)


def source(text: str) -> str:
    (segment,) = split_text(text)
    assert isinstance(segment, Expression)
    return segment.source


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${ .a }", ".a"),
        ("${.a}", ".a"),
        ("  ${ .a }\n", ".a"),
        ('${ {a: "}"} }', '{a: "}"}'),
        ('${ "\\("}")" }', '"\\("}")"'),
        ("${ .a # } in a comment\n}", ".a # } in a comment"),
        ('${ "a ${ b }" }', '"a ${ b }"'),
        ("${ }", ""),
    ],
)
def test_text_that_is_one_expression(text: str, expected: str) -> None:
    assert source(text) == expected
    assert is_strict(text)
    assert strip(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("plain $x {y}", ["plain $x {y}"]),
        ("Bearer ${ .t }", ["Bearer ", (".t",)]),
        ("${ .a }-${ .b }", [(".a",), "-", (".b",)]),
        ("${.a}${.b}", [(".a",), (".b",)]),
        ("$${ .a }", ["${ .a }"]),
        ("x $${ y } ${ .z }", ["x ${ y } ", (".z",)]),
        ("$$${ .a }", ["$${ .a }"]),
        ("cost: 5$", ["cost: 5$"]),
    ],
)
def test_segments(text: str, expected: list[str | tuple[str]]) -> None:
    found = [part.value if isinstance(part, Text) else (part.source,) for part in split_text(text)]
    assert found == expected
    assert not is_strict(text)


def test_offsets_enclose_the_whole_segment() -> None:
    text = "a ${ .b } c"
    _, expression, _ = split_text(text)
    assert isinstance(expression, Expression)
    assert text[expression.start : expression.end] == "${ .b }"


@pytest.mark.parametrize("text", ["${", "${ .a", "a ${ {b: 1}", '${ "}', "${ (} )", "${ .a # }", "${ ] }"])
def test_an_unclosed_expression(text: str) -> None:
    with pytest.raises(UnclosedExpression) as raised:
        split_text(text)
    assert raised.value.offset == text.index("${")
    assert not is_strict(text)


def test_bare_text_is_stripped_only() -> None:
    assert strip("  .a\n") == ".a"
    assert strip('.a == "${ x }"') == '.a == "${ x }"'


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="$")))
def test_text_without_dollar_stays_as_it_is(text: str) -> None:
    assert split_text(text) == ((Text(text),) if text else ())


@settings(deadline=None)
@given(st.lists(st.sampled_from([". + 1", '"}"', "{a: {b: 1}}", '"\\(1)"', "[1]"]), min_size=2, max_size=5))
def test_expressions_between_text_are_found_again(programs: list[str]) -> None:
    text = "-".join(f"${{ {program} }}" for program in programs)
    assert [part.source for part in split_text(text) if isinstance(part, Expression)] == programs


@pytest.mark.parametrize("program", ['"a', "(", "[1}", ")", "}", "${ .a }", "a ^ b", "$", "\u00e9", '"\\("', "'a'"])
def test_what_has_no_tokens(program: str) -> None:
    with pytest.raises(LexicalError) as raised:
        tokenize(program)
    assert 0 <= raised.value.offset <= len(program)


def test_kinds_of_tokens() -> None:
    kinds = [(token.kind, token.text) for token in tokenize('{a: .b, $c} | f("x\\(1)y") // @json')]
    assert kinds == [
        ("operator", "{"), ("identifier", "a"), ("operator", ":"), ("field", ".b"), ("operator", ","),
        ("variable", "$c"), ("operator", "}"), ("operator", "|"), ("identifier", "f"), ("operator", "("),
        ("quote", '"'), ("chars", "x"), ("interpolation", "\\("), ("number", "1"), ("interpolation", ")"),
        ("chars", "y"), ("quote", '"'), ("operator", ")"), ("operator", "//"), ("format", "@json"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("program", "names"),
    [
        ("env", ["env"]),
        ("env.PATH", ["env"]),
        ("$ENV.PATH", ["$ENV"]),
        ("$ ENV", ["$ENV"]),
        ("[1, env]", ["env"]),
        ("{a: env}", ["env"]),
        ("{a: 1, b: (1, env)}", ["env"]),
        ("{a: if true then 1, env, 2 else 3 end}", ["env"]),
        ("{(env | tostring): 1}", ["env"]),
        ('"x\\(env)"', ["env"]),
        ('@sh "x\\(env)"', ["env"]),
        ('{"a\\(env)": 1}', ["env"]),
        (".[env]", ["env"]),
        ("def env: 1; env", ["env"]),
        ("input, inputs | debug(1) | halt_error", ["input", "inputs", "debug", "halt_error"]),
        ('import "a" as a; .', ["import"]),
        ('include "a"; .', ["include"]),
        ("a::env", ["env"]),
        ("{env: 1}", []),
        ("{env}", []),
        ("{a: 1, env: 2}", []),
        ("{env, debug, input: 3}", []),
        (".env", []),
        (".env.input", []),
        ('."env"', []),
        ('"env"', []),
        ("$env", []),
        (". as {env: $x} | $x", []),
        (". # env", []),
        ("environment", []),
    ],
)
def test_forbidden(program: str, names: list[str]) -> None:
    assert list(forbidden(program)) == names


@pytest.mark.parametrize("name", [name for name in FORBIDDEN if name not in {"import", "include"}])
def test_every_forbidden_name_is_seen_wherever_it_is_called(name: str) -> None:
    for program in (name, f"[{name}]", f"{{a: {name}}}", f"{{a: 1, b: [1, {name}]}}", f'"\\({name})"', f"1|{name}|2"):
        assert forbidden(program) == (name,)


@pytest.mark.parametrize(
    ("program", "names"),
    [
        ("$a + $b.c", {"$a", "$b"}),
        ("{$a, b: $c}", {"$a", "$c"}),
        ('"\\($a)"', {"$a"}),
        ("1 as $a | $a + $b", {"$b"}),
        (". as [$a, {$b, c: $d}] | $e", {"$e"}),
        (". as {($k): $v} | $v", {"$k"}),
        (". as [$a] ?// $a | $a", set()),
        ("reduce .[] as $x ($init; . + $x)", {"$init"}),
        ("def f($x): $x + $y; f(1)", {"$y"}),
        ("label $out | break $out", set()),
        ("$__loc__", set()),
        ('"$a"', set()),
    ],
)
def test_variables(program: str, names: set[str]) -> None:
    assert variables(program) == names
