"""Expressions: every dialect becomes plain DSL, and what only looks like one is left alone."""

import pytest
from stigmer_converter.dialect.edits import on_one_line
from stigmer_converter.dialect.occurrences import find_occurrences
from stigmer_converter.dialect.text import without_markers
from stigmer_converter.dialect.to_dsl import to_dsl
from stigmer_converter.dialect.to_spec import NotExpressible, to_spec
from stigmer_converter.scope import Scope

OUTSIDE = Scope(environment={"REGION": "eu"}, secrets=frozenset({"PASSWORD"}))
INSIDE = OUTSIDE.in_loop("item").in_catch("error")

REWRITTEN = [
    (".item", "$item"),
    (".item.name[0]?", "$item.name[0]?"),
    (".orders[.item.index]", ".orders[$item.index]"),
    ("-.item", "-$item"),
    ("[.item, .a.item]", "[$item, .a.item]"),
    ("if .item then .item.a else .item end", "if $item then $item.a else $item end"),
    ("if .b | .item then .item elif .item then 1 end", "if .b | .item then $item elif $item then 1 end"),
    ("{item, name: .item.name, $error}", "{item: $item, name: $item.name, $error}"),
    ('{"item": .item, (.item): 1, item: 2}', '{"item": $item, ($item): 1, item: 2}'),
    ('"a \\(.item.a + "\\(.item)") .item"', '"a \\($item.a + "\\($item)") .item"'),
    (".a as $x | .item + $x", ".a as $x | $item + $x"),
    (".a as [$x, {b: $y}] | .item", ".a as [$x, {b: $y}] | $item"),
    ("label $out | .item, break $out", "label $out | $item, break $out"),
    ("reduce .item.l[] as $x (.item; .item)", "reduce $item.l[] as $x ($item; .item)"),
    ("try .item catch .item", "try $item catch .item"),
    ("(try error catch .a) + .item", "(try error catch .a) + $item"),
    ("try error catch .a + .item", "try error catch .a + $item"),
    (".a | test(.item)", ".a | test(.item)"),
    ("has(.item)", "has($item)"),
    (".item // .b and .item", "$item // .b and $item"),
    (".error", "$error"),
    (".error.message", "($error.detail // $error.title)"),
    ("$error.message | length", "($error.detail // $error.title) | length"),
    ('$error["message"]', '$error["message"]'),
    ("$data.item.id", "$item.id"),
    ("$data.error", "$error"),
    (".secrets.API_KEY", "$secrets.API_KEY"),
    ('.secrets["API_KEY"]', '$secrets["API_KEY"]'),
    (".env_vars.OTHER", "$runtime.metadata.env.OTHER"),
    (".env_vars.REGION", '($runtime.metadata.env.REGION // "eu")'),
    ('$env["REGION"]', '($runtime.metadata.env.REGION // "eu")'),
    (".env_vars.PASSWORD", "$secrets.PASSWORD"),
    ("$env | keys", "$runtime.metadata.env | keys"),
    ("$input.a", "$workflow.input.a"),
    ("$output.a", "$input.a"),
    ("{$output}", "{output: $input}"),
    ("$data.x.y", '$context["$data"].x.y'),
    ("$data", '($context["$data"] // {})'),
    ('$context["a"].b', '$context["a"].b'),
]  # fmt: skip

UNTOUCHED = [
    ".a | .item",
    "map(.item)",
    "[.l[] | select(.item)]",
    "with_entries(.value = .item)",
    ".a.item",
    '.["item"]',
    '".item and $data and .secrets.API_KEY"',
    "{item: 1}",
    "5 as $input | $input",
    ". as {$output, env: $env} | [$output, $env]",
    "def f($data): $data; def item: 1; f(1)",
    "def f: .item; f",
    "reduce .l[] as $output (0; . + $output)",
    "foreach .l[] as $env (0; . + $env; $env)",
    ".item = 1",
    ".item.done |= not",
    ".a |= .item",
    ".secrets.lower",
    ".order.secrets.API_KEY",
    "$__loc__",
    "# .item\n.a",
]


@pytest.mark.parametrize(("jq", "expected"), REWRITTEN)
def test_rewritten(jq: str, expected: str) -> None:
    assert to_dsl(jq, INSIDE, "body").jq == expected


@pytest.mark.parametrize("jq", UNTOUCHED)
def test_untouched(jq: str) -> None:
    assert to_dsl(jq, INSIDE, "body").jq == on_one_line(jq)


@pytest.mark.parametrize("jq", [".item", ".error.message", ".items"])
def test_fields_stay_fields_where_nothing_is_bound(jq: str) -> None:
    assert to_dsl(jq, OUTSIDE, "body").jq == jq


@pytest.mark.parametrize(
    ("jq", "expected"),
    [(".item", ".item"), ("$output.a", "$output.a"), ("$input", "$workflow.input"), ("$item", "$item")],
)
def test_an_export_sees_the_output(jq: str, expected: str) -> None:
    assert to_dsl(jq, INSIDE, "export").jq == expected


def test_what_a_program_takes_is_told() -> None:
    taken = to_dsl('.secrets.A + $secrets.b + $data.x + $data["y z"] + $oops', OUTSIDE, "body")
    assert taken.secrets == {"A", "b"}
    assert taken.data_keys == {"x", "y z"}
    assert taken.unknown == ("$oops",)
    assert to_dsl("$data | keys", OUTSIDE, "body").data_keys == {None}


@pytest.mark.parametrize("jq", [jq for _, jq in REWRITTEN if "$env" not in jq] + UNTOUCHED)
def test_plain_dsl_settles_after_one_way_there_and_back(jq: str) -> None:
    once = to_dsl(to_spec(jq, INSIDE, "body"), INSIDE, "body").jq
    assert to_dsl(to_spec(once, INSIDE, "body"), INSIDE, "body").jq == once
    if ".item" not in jq and ".secrets" not in jq:
        assert once == on_one_line(jq)


@pytest.mark.parametrize(
    ("jq", "expected"),
    [
        (".item.a", '.["item"].a'),
        ("{item}", '{item: .["item"]}'),
        ("$item.a", "$item.a"),
        (".secrets.API_KEY", '.["secrets"].API_KEY'),
        ("$input.a", "$output.a"),
        ("$error.message", '$error["message"]'),
        ("$workflow.input", "$workflow.input"),
    ],
)
def test_the_way_back_writes_around_the_dialects(jq: str, expected: str) -> None:
    assert to_spec(jq, INSIDE, "body") == expected


@pytest.mark.parametrize(("jq", "position"), [("$env.A", "body"), ("$data", "body"), ("$input", "export")])
def test_the_way_back_refuses_what_a_specification_reads_otherwise(jq: str, position: str) -> None:
    with pytest.raises(NotExpressible):
        to_spec(jq, OUTSIDE, "export" if position == "export" else "body")


def test_one_line() -> None:
    assert on_one_line(' .a  # why }\n  | "x\ny\\(.b\n+ 1)"\r\n ') == '.a | "x\\ny\\(.b + 1)"'


def test_occurrences_tell_where_a_name_stands() -> None:
    (found,) = find_occurrences('. + $x["a b"].c')
    assert (found.kind, found.name, found.key, found.dotted) == ("variable", "x", "a b", False)
    assert (found.start, found.end, found.key_end) == (4, 6, 13)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${ .a } == ${.b}", "(.a) == (.b)"),
        ('.a == "${x}"', '.a == "${x}"'),
        ('${ .a } == "${x}" and ({b: ${ {c: 1} }} | .b)', '(.a) == "${x}" and ({b: ({c: 1})} | .b)'),
        ("$a + {b: $c}", "$a + {b: $c}"),
        ('"\\(${ .a })"', '"\\((.a))"'),
    ],
)
def test_markers_around_operands_become_parentheses(text: str, expected: str) -> None:
    assert without_markers(text) == expected
